"""All figures of a comparison, written into its folder."""

from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

from hsisr_geo.benchmark.figures.curves import chosen_pixels, curves_figure
from hsisr_geo.benchmark.figures.found import Log, group_sizes, scene_results, standings
from hsisr_geo.benchmark.figures.groups import groups_figure
from hsisr_geo.benchmark.figures.overview import overview_figure, times_figure
from hsisr_geo.benchmark.figures.pictures import pictures_figure
from hsisr_geo.benchmark.figures.style import save
from hsisr_geo.benchmark.figures.values import FigureSettings, SceneResults
from hsisr_geo.errors import OutputError

FOLDER = "figures"


def write_figures(folder: Path, settings: FigureSettings, log: Log = print) -> list[Path]:
    """Draw what there is to draw in a comparison's folder, and return the files.

    Parameters
    ----------
    folder
        Of the comparison, with `cubes`, `scores`, `times` and `reconstructions`.
    log
        Is told what is missing and left out.

    Returns
    -------
    Files in `figures`: `overview`, `times`, `groups-x{upscale}`,
    `pictures-{scene}-x{upscale}` and `spectra-{scene}-x{upscale}-{pixel}`;
    a scene's part, "scene, crop 2", is `scene-crop-2`.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    written: list[Path] = []
    try:
        for name, figure in figures(folder, settings, log):
            written += save(figure, folder / FOLDER / name, svg=settings.svg)
    except OSError as e:
        raise OutputError(f"{folder / FOLDER}: cannot be written: {e.strerror or e}") from e
    return written


def figures(folder: Path, settings: FigureSettings, log: Log) -> Iterator[tuple[str, Figure]]:
    """Yield every figure with its name, one at a time: cubes of one scene are in memory."""
    found = standings(folder, settings, log)
    if found:
        yield "overview", overview_figure(found, settings)
        if (times := times_figure(found, settings)) is not None:
            yield "times", times
    for upscale, sizes in group_sizes(folder, settings, log).items():
        yield f"groups-x{upscale}", groups_figure(sizes, upscale, settings)
    for scene in scene_results(folder, settings, log):
        if scene.results:
            yield from _of_scene(scene, settings)


def _of_scene(found: SceneResults, settings: FigureSettings) -> Iterator[tuple[str, Figure]]:
    name = f"{found.scene.replace(', ', '-').replace(' ', '-')}-x{found.upscale}"
    # ^ of a part, "scene, crop 2": names of files in a document have neither commas nor blanks
    yield f"pictures-{name}", pictures_figure(found, settings)
    for number, pixel in enumerate(chosen_pixels(found, settings.pixels), start=1):
        yield f"spectra-{name}-{number}", curves_figure(found, pixel, settings)
