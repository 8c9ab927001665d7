"""No words of libraries on stderr: what a user must know is said by us, in one line."""

import os
import warnings

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
