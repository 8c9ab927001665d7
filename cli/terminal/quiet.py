"""No words of libraries on stderr or stdout: what a user must know is said by us, in one line."""

import os
import sys
import warnings
from contextlib import suppress

LIBRARIES = ("rasterio", "py.warnings", "hsisr_geo", "h5py", "zarr", "fiona")
"""Loggers that Python would print for, as nobody else listens; ours, too, whose lines commands take
from it (`run_options.logging_to`)."""


def be_quiet() -> None:
    """Keep warnings and log lines of libraries for those who listen to their loggers."""
    import logging  # milliseconds of --help

    for name in LIBRARIES:
        logger = logging.getLogger(name)
        if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            logger.addHandler(logging.NullHandler())
    if "PYTHONWARNINGS" not in os.environ:
        warnings.simplefilter("ignore")


def keep_stdout() -> None:
    """Let nobody but Python print on stdout: JSON or a raster goes there.

    Libraries in C print, too: GDAL's GRIB driver does so for each message of an ensemble. Where
    stdout is closed, it stays so; on Windows the console is no file, and all stays as it is.
    """
    if os.name != "posix" or sys.stdout is None:
        return
    with suppress(OSError, ValueError):
        ours, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
        sys.stdout.flush()
        old = sys.stdout
        sys.stdout = open(  # noqa: SIM115 - until the end
            ours, "w", encoding=old.encoding, errors=old.errors, buffering=1 if old.isatty() else -1
        )
        vars(sys)["__stdout__"] = sys.stdout  # whose terminal tells how wide lines may be
        os.dup2(nowhere, 1)
        os.close(nowhere)
