"""Creation options: NAME=VALUE pairs for the driver, checked before there is anything to write."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rasterio.errors import RasterioError
from rasterio.io import MemoryFile

from hsisr_geo.errors import OptionError, OutputError
from hsisr_geo.raster.datasets import opening_quietly, reason

Options = Mapping[str, str]  # names in upper case


def parse_options(texts: Sequence[str]) -> dict[str, str]:
    """Read options as they are given on a command line.

    Raises
    ------
    OptionError : one of them is not NAME=VALUE, or is given twice
    """
    options: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip().upper()
        if not (name and equals):
            raise OptionError(f"creation option {text!r} must be NAME=VALUE, e.g. COMPRESS=LZW")
        if name in options:
            raise OptionError(f"creation option {name} is given twice")
        options[name] = value.strip()
    return options


def refuse(path: Path, name: str, value: str, why: str) -> OutputError:
    """Return the error that says why an option cannot be had."""
    return OutputError(f"{path}: creation option {name}={value} {why}")


def try_options(path: Path, profile: Mapping[str, Any], dtype: str) -> None:
    """Ask GDAL itself what it thinks of the options of a profile: it makes a raster of a pixel.

    Raises
    ------
    OutputError : it does not know one of them, or not the value, or not for this data type
    """
    size = {"width": 1, "height": 1, "count": 1, "dtype": dtype}
    complaints: list[str] = []
    try:
        with _listening(complaints), opening_quietly(), MemoryFile() as memory:
            memory.open(**size, **profile).close()
    except (RasterioError, ValueError) as error:
        complaints.append(reason(error))
    if complaints:
        told = complaints[0].replace(memory.name, str(path)).removesuffix(".")
        raise OutputError(f"{path}: GDAL refuses the creation options: {told}")


@contextmanager
def _listening(complaints: list[str]) -> Iterator[None]:
    """Collect GDAL's warnings: to it, an option that does not exist is no error."""
    logger, listener = logging.getLogger("rasterio._env"), _Listener(complaints)
    level, propagates = logger.level, logger.propagate
    logger.addHandler(listener)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(listener)
        logger.setLevel(level)
        logger.propagate = propagates


class _Listener(logging.Handler):
    def __init__(self, complaints: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._complaints = complaints

    def emit(self, record: logging.LogRecord) -> None:
        kind, _, message = record.getMessage().partition(" in ")
        self._complaints.append(message or kind)
