"""Options that several commands have, so that they look and mean the same everywhere."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from ..terminal.progress import MODES
from ..terminal.verbosity import verbosity

F = TypeVar("F", bound=Callable[..., Any])

UPSCALES = (2, 3, 4)
FORMATS = ("gtiff", "cog", "envi", "zarr", "vrt", "netcdf")
UNCERTAINTY_BANDS = ("all", "mean")
AUTO = "auto"
PRECISIONS = ("float32", "bfloat16")
_LEAST = 1e6  # bytes; nobody means fewer
_UNITS = ("", "k", "M", "G", "T")


def _tile(ctx: click.Context, param: click.Parameter, value: str) -> int | None:
    """Read `auto`, which becomes None, or the side of a tile in pixels."""
    if value == AUTO:
        return None
    side: int = click.IntRange(min=1)(value, param, ctx)
    return side


def _memory(ctx: click.Context, param: click.Parameter, value: str) -> int | None:
    """Read `auto`, which becomes None, or bytes with a unit: 256M, 2 GB, 1.5GiB."""
    if value == AUTO:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d*)?) ?([kMGT]?)(i?)B?", value.strip())
    size = float(found[1]) * (1024 if found[3] else 1000) ** _UNITS.index(found[2]) if found else 0
    if size < 1:
        raise click.BadParameter(f"{value!r} is neither auto nor a size like 500M", ctx, param)
    if size < _LEAST:
        raise click.BadParameter(
            f"{value!r} is {size:g} bytes: give it a unit, e.g. {value}G", ctx, param
        )
    return int(size)


def _device(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Refuse what is no device's name; whether it is there only torch knows."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", value):
        raise click.BadParameter(f"{value!r} is not one of auto, cpu, cuda, cuda:N", ctx, param)
    return value


def _device_option(said: str) -> Callable[[F], F]:
    return click.option(
        "--device",
        metavar="auto|cpu|cuda|cuda:N",
        callback=_device,
        default=AUTO,
        show_default=True,
        help=said,
    )


class _Number(click.ParamType):  # type: ignore[type-arg,unused-ignore] # generic in some versions
    """A number; an integer stays one, as 64 bits do not fit in a float."""

    name = "float"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read what is given on the command line."""
        if isinstance(value, str) and re.fullmatch(r"\s*[-+]?\d+\s*", value):
            return int(value)
        number: float = click.FLOAT.convert(value, param, ctx)
        return number


upscale = click.option(
    "--upscale", required=True, type=click.Choice(UPSCALES), help="Spatial factor."
)


def known_models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the name of a model, and file names."""
    from click.shell_completion import CompletionItem

    from hsisr_geo.resolver.catalogue import models

    known = models(told=lambda text: None)  # a completion has no place for words
    names = [info.name for info in known if info.name.startswith(incomplete)]
    return [*map(CompletionItem, names), CompletionItem(incomplete, type="file")]


model = click.option(
    "--model",
    shell_complete=known_models,
    default="default",
    show_default=True,
    metavar="NAME|PATH",
    help="A name that `hsisr-geo models` lists, or a model file. `bicubic` needs no torch.",
)
detail = click.option(
    "--detail",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="0: best estimate. 1: a sample with texture. In between: a blend of both.",
)
seed = click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=0,
    show_default=True,
    help="Picks the sample, and those of --uncertainty; else without effect at --detail 0.",
)
psf = click.option(
    "--psf",
    metavar="SPEC",
    default=AUTO,
    show_default=True,
    help="What made SRC's pixels of finer ones. `auto`: what SRC says, its sensor is known for, or "
    "its pixels tell (`hsisr-geo psf`). Else `bicubic`; `gaussian:MTF` (at SRC's Nyquist "
    "frequency, e.g. gaussian:0.3; gaussian:0.2,0.3 for rows and columns); `fwhm:45m`; or a kernel "
    "file (text or .npy) of the PSF at the output's pixels.",
)


def blur(what: str) -> Callable[[F], F]:
    """Return --psf of a command that does more with a blur than `run` does; `what` says what."""
    return click.option(
        "--psf",
        metavar="SPEC",
        default=AUTO,
        show_default=True,
        help=f"{what}, as in `hsisr-geo run`: `auto`, `bicubic`, `gaussian:MTF`, `fwhm:45m`, or a "
        "kernel file.",
    )


no_consistency = click.option(
    "--no-consistency",
    is_flag=True,
    help="Leave the output as the network made it; only measure it against the PSF.",
)
samples = click.option(
    "--samples",
    type=click.IntRange(2, 2**24),
    help="Take the standard deviation over so many samples instead; time grows with them.  "
    "[default: predicted, without samples]",
)
uncertainty_bands = click.option(
    "--uncertainty-bands",
    type=click.Choice(UNCERTAINTY_BANDS),
    help="All bands of SRC, or one with their mean.  [default: all]",
)
bounds = click.option(
    "--bounds",
    type=float,
    nargs=4,
    metavar="XMIN YMIN XMAX YMAX",
    help="Only this extent, in the raster's CRS; grown to whole pixels.",
)
bands = click.option(
    "--bands",
    metavar="SPEC",
    help="Only these bands of SRC, by number or wavelength: `1-50,60`, `450-900nm`.",
)
exclude = click.option(
    "--exclude",
    metavar="SPEC",
    help="Take these for bad, as if SRC marked them: never shown to the network, but interpolated. "
    "As in --bands, and `water-vapour` (1340-1445 and 1790-1955 nm).",
)
overlap = click.option(
    "--overlap",
    type=click.Choice(("keep", "vnir", "swir")),
    default="keep",
    show_default=True,
    help="Of EnMAP and PRISMA at 900-1000 nm, where two detectors measure: the bands of which.",
)
drop_bad = click.option(
    "--drop-bad", is_flag=True, help="Leave bad bands out, those of --exclude included."
)
orthorectify = click.option(
    "--orthorectify",
    is_flag=True,
    help="Put a product in the geometry of its sensor (EMIT, PRISMA, Tanager, PACE, HYPSO, "
    "AVIRIS, any netCDF or Zarr with the place of every pixel) on a map grid, by the lookup "
    "table or the coordinates that come with it.",
)
mask_clouds = click.option(
    "--mask-clouds",
    is_flag=True,
    help="Take pixels for holes where the maker's own mask says cloud: EnMAP, DESIS L2A, PRISMA "
    "L1, Tanager; EMIT and Wyvern beside their mask file.",
)
nodata = click.option(
    "--nodata",
    type=_Number(),
    metavar="VALUE",
    help="The number in the file that stands for no data in every band, whatever the file says; "
    "`nan` for none.",
)
tile = click.option(
    "--tile",
    metavar="auto|PIXELS",
    callback=_tile,
    default=AUTO,
    show_default=True,
    help="Side of a tile in input pixels: larger is faster and takes more memory, with the same "
    "result. auto: what there is memory for.",
)
memory = click.option(
    "--memory",
    metavar="auto|SIZE",
    callback=_memory,
    default=AUTO,
    show_default=True,
    help="What the run may take, e.g. 500M or 4GiB: tiles are made small enough. auto: a quarter "
    "of the machine's.",
)
threads = click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Tiles in flight; memory grows with them.",
)
device = _device_option(
    "Where to run. cuda: all GPUs that are visible, a tile each, with as many --threads."
)
training_device = _device_option("Where to run. cuda: the first GPU.")
precision = click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    default="float32",
    show_default=True,
    help="Of the network's convolutions. bfloat16 is faster where the hardware has it, and not "
    "quite the same.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
overwrite = click.option("--overwrite", is_flag=True, help="Replace outputs that exist.")
format = click.option(
    "--format",
    type=click.Choice(FORMATS, case_sensitive=False),
    help="Of the output, where its ending does not tell: .tif is gtiff unless cog is asked for.",
)
creation = click.option(
    "--co",
    "creation",
    multiple=True,
    metavar="NAME=VALUE",
    help="A creation option of the format, as GDAL names them, e.g. COMPRESS=LZW; repeatable.",
)
style = click.option(
    "--style/--no-style",
    default=True,
    show_default=True,
    help="Write a QGIS style (.qml) beside DST that shows true colour.",
)
header = click.option(
    "--header",
    is_flag=True,
    help="Write an ENVI header (.hdr) with the bands beside a GeoTIFF, for GDAL 3.12 and others.",
)
stac = click.option(
    "--stac", is_flag=True, help="Write a STAC item (.stac.json) beside DST: where, what, and how."
)
workers = click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes on this machine, with --threads tiles in flight in each.",
)
scheduler = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Use the workers of this dask scheduler, e.g. tcp://node1:8786; they have to see SRC and "
    "the folder of DST.",
)
resume = click.option(
    "--resume",
    is_flag=True,
    help="Keep finished tiles if the run is interrupted, and go on with those that are kept.",
)
strict = click.option(
    "--strict",
    is_flag=True,
    help="Read all of SRC twice more, to be sure that it holds still and, resumed, is the same. "
    "Up to 256 MiB that is done anyway; else times, sizes and ends of files tell.",
)
valid_range = click.option(
    "--valid-range",
    type=float,
    nargs=2,
    metavar="MIN MAX",
    help="Cut the output to these values, in physical units; `-inf inf` cuts nothing.  "
    "[default: not negative where SRC is not, and no spikes]",
)
again = click.option(
    "--again", is_flag=True, help="Take SRC though it is a result of hsisr-geo already."
)
dry_run = click.option("--dry-run", is_flag=True, help="Say what would be written; write nothing.")


def progress(command: F) -> F:
    """Add --progress, and how much is said besides."""
    return _progress(verbosity(command))


_progress = click.option(
    "--progress",
    type=click.Choice(MODES),
    default="auto",
    show_default=True,
    help="auto: a bar on a terminal. json: one JSON object per line on stdout.",
)
