"""SRC and DST that are pipes: a temporary file stands in for each."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from hsisr_geo.files import temporary_folder


@contextmanager
def source(src: str) -> Iterator[str]:
    """Yield the name to open; for `-` and `/vsistdin/` that of a file with what came through."""
    from hsisr_geo.raster.pipes import is_stdin, receive

    if not is_stdin(src):
        yield src
        return
    if sys.stdin.isatty():
        raise click.UsageError("a raster cannot be typed: redirect stdin, or name a file")
    with temporary_folder() as folder:
        yield str(receive(sys.stdin.buffer, folder))


@contextmanager
def destination(dst: str, *, as_it_is: bool = False) -> Iterator[Path]:
    """Yield the file to write; for `-` and `/vsistdout/` one that is sent when it is complete.

    `as_it_is` keeps its layout, which GDAL cannot read from a pipe as it comes.
    """
    from hsisr_geo.raster.pipes import is_stdout, send

    if not is_stdout(dst):
        yield Path(dst)
        return
    with temporary_folder() as folder:
        path = folder / "stdout.tif"
        yield path
        send(path, sys.stdout.buffer, as_it_is=as_it_is)
