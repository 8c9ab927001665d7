"""`rio hsisr`: the command `run` as a plug-in of rasterio's own command line."""

from .main import SETTINGS, Guarded
from .options.help_groups import GroupedCommand
from .run.run import run


class _Command(Guarded, GroupedCommand):
    """Guarded itself: rasterio's group knows nothing of our exit codes and signals."""


hsisr = _Command(
    name="hsisr",
    callback=run.callback,
    params=run.params,
    help=run.help,
    short_help="Super-resolve a hyperspectral raster.",
    context_settings=SETTINGS,
)
