"""`hsisr-geo handshake`: what a program that starts the engine asks before it does.

PROTOCOL counts changes of commands, options and JSON lines that such a program would stumble over.
"""

from pathlib import Path
from typing import Any

import click

PROTOCOL = 1
_SIZE, _BANDS = 16, 4


@click.command(hidden=True)
@click.option("--self-test", is_flag=True, help="Super-resolve a tiny raster, and tell where.")
def handshake(self_test: bool) -> None:
    """Print version and protocol as JSON, for programs that start hsisr-geo."""
    from hsisr_geo import __version__

    from ..run.run import run
    from ..terminal.progress import to_json

    answer: dict[str, Any] = {"version": __version__, "protocol": PROTOCOL}
    (psf,) = (option.default for option in run.params if option.name == "psf")
    answer["psf"] = psf if isinstance(psf, str) else ""  # empty: what its model was trained for
    if self_test:
        answer |= _tested()
    click.echo(to_json(answer))


def _tested() -> dict[str, str]:
    """Use PyTorch, GDAL and the shipped model once, so that a broken one shows now."""
    import platform

    from hsisr_geo.api import super_resolve
    from hsisr_geo.files import temporary_folder
    from hsisr_geo.model.inference.devices import choose_device
    from hsisr_geo.resolver.load import load_resolver

    with temporary_folder() as folder:
        scene = _scene(folder)
        super_resolve(scene, folder / "fine.tif", resolver=load_resolver(upscale=2))
    return {"python": platform.python_version(), "device": str(choose_device("auto"))}


def _scene(folder: Path) -> Path:
    """Write a small ENVI raster: a ramp and a bright field in every band."""
    import numpy as np

    ramp = np.arange(_SIZE, dtype=np.float32) / _SIZE
    cube = np.stack([ramp[:, None] + ramp + band for band in range(_BANDS)])
    cube[:, 4:9, 5:11] += 1
    scene = folder / "scene.img"
    cube.astype("<f4").tofile(scene)
    header = f"ENVI\nsamples = {_SIZE}\nlines = {_SIZE}\nbands = {_BANDS}\n"
    scene.with_suffix(".hdr").write_text(
        header + "data type = 4\ninterleave = bsq\nbyte order = 0\nwavelength units = Nanometers\n"
        "wavelength = {450, 550, 650, 850}\n",
        encoding="utf-8",
    )
    return scene
