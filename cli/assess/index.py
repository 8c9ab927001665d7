"""`hsisr-geo index`: a spectral index of a result, with its standard deviation."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..options import options

if TYPE_CHECKING:
    from hsisr_geo.index.make import IndexReport

INDICES = ("ndvi", "pri", "rep", "depth:2200", "depth:900")


@click.command()
@click.argument("result", type=click.Path())
@click.option(
    "--sigma",
    required=True,
    type=click.Path(),
    metavar="PATH",
    help="The standard deviations of RESULT, as `run --uncertainty` wrote them.",
)
@click.option("--index", "name", required=True, type=click.Choice(INDICES), help="Its name.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="PATH", help="The raster made."
)
@options.overwrite
@options.format
@options.as_json
def index(
    result: str,
    sigma: str,
    name: str,
    out: Path,
    overwrite: bool,
    format: str | None,
    as_json: bool,
) -> None:
    """Make an index of RESULT, with its standard deviation.

    The raster at --out has two bands: the index, and its standard deviation to first order, with
    the correlation of bands that RESULT's own detail has. `ndvi`, `pri`; `rep`, the red edge's
    position in nm; `depth:2200` and `depth:900`, depths of absorption bands. Each takes the good
    bands nearest to its wavelengths, at most 10 nm away.
    """
    from hsisr_geo.cube.indices import find_index
    from hsisr_geo.index.make import write_index
    from hsisr_geo.output.formats.choice import WriteOptions

    from ..terminal.progress import to_json

    write = WriteOptions(format)
    found = write_index(result, sigma, find_index(name), out, overwrite=overwrite, write=write)
    click.echo(to_json(asdict(found)) if as_json else _text(found))


def _text(found: "IndexReport") -> str:
    of = ", ".join(f"{nm:g}" for nm in found.wavelengths_nm)
    if found.mean is None:
        return f"wrote {found.path}: no pixel has a value of {found.index} (bands at {of} nm)"
    deviation = "unknown" if found.deviation is None else f"{found.deviation:.3g}"
    return (
        f"wrote {found.path}: {found.index} of the bands at {of} nm, {found.mean:.4g} in the mean, "
        f"standard deviation {deviation}"
    )
