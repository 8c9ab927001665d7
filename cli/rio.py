"""`rio hsisr`: the command `run` as a plug-in of rasterio's own command line."""

from .main import SETTINGS, Guarded
from .run import run

hsisr = Guarded(
    name="hsisr",
    callback=run.callback,
    params=run.params,
    help=run.help,
    short_help="Super-resolve a hyperspectral raster.",
    context_settings=SETTINGS,
)
"""Not in our group: rasterio's knows nothing of our exit codes and signals."""
