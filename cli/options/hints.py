"""Hints: what somebody meant who typed what is no command or option of ours.

Names of options are those that GDAL, rasterio and other programs of the field have for the same.
"""

import difflib
import os
import shlex
from collections.abc import Iterable, Mapping, Sequence

import click

_MEANT: Mapping[str, Sequence[str]] = {
    "--upscale": ("scale", "factor", "ratio", "zoom", "resolution", "res", "tr", "gsd"),
    "--bounds": ("aoi", "bbox", "extent", "te", "projwin", "window", "srcwin", "subset", "roi"),
    "--bands": ("b", "band", "wavelengths", "wavelength"),
    "--exclude": ("bad-bands", "bbl"),
    "--uncertainty": ("sigma", "std", "stddev"),
    "--nodata": ("srcnodata", "dstnodata", "fill-value"),
    "--psf": ("mtf", "fwhm", "blur", "kernel"),
    "--model": ("weights", "checkpoint"),
    "--format": ("of", "driver"),
    "--overwrite": ("f", "force", "clobber"),
    "--device": ("gpu", "cuda", "cpu"),
    "--threads": ("j", "jobs", "cores", "num-threads"),
    "--memory": ("ram", "mem", "max-memory"),
    "--out-dir": ("o", "out", "output", "output-dir"),
    "--out": ("o", "output", "dst"),
    "--report": ("o", "out", "output", "out-dir"),
}
_ASKED = {"help": "--help", "version": "--version"}
_CRS = ("crs", "t-srs", "s-srs", "epsg", "srs")
_OUTPUT = ("o", "out", "output", "dst")


def add_option(error: click.NoSuchOption) -> None:
    """Let an error say which option of the command is meant, or that the output is an argument."""
    if error.ctx is None:
        return
    word = error.option_name.lstrip("-").replace("_", "-").lower()
    params = error.ctx.command.get_params(error.ctx)
    known = {name for param in params for name in param.opts}
    if meant := [name for name, words in _MEANT.items() if word in words and name in known]:
        vars(error)["possibilities"] = meant[:1]
    elif "dst" in known and (told := _of_output(word, error.ctx.command_path)):
        vars(error).update(message=f"{error.message} {told}", possibilities=None)


def _of_output(word: str, command: str) -> str:
    if word in _OUTPUT:
        return f"The output stands behind the input: {command} SRC DST"
    kept = "The output has the CRS of SRC: gdalwarp it afterwards for another"
    return kept if word in _CRS else ""


def of_command(word: str, commands: Iterable[str]) -> str:
    """Say what to type instead of a word that is no command; "" for one that is like none."""
    if os.path.exists(word):
        name = shlex.quote(word)
        run, info = f"hsisr-geo run {name} DST --upscale 2", f"hsisr-geo info {name}"
        return f"To super-resolve it: {run}; to look at it: {info}"
    if word in _ASKED:
        return f"Did you mean hsisr-geo {_ASKED[word]}?"
    near = difflib.get_close_matches(word, commands)
    return f"Did you mean {near[0]!r}?" if near else ""
