"""The SPEC of `--psf`: a named degradation, or a kernel file read into one.

A kernel file holds the point spread function at *output* pixels: rows of numbers apart by commas,
semicolons or blanks (`#` begins a comment), or a NumPy array in a `.npy` file. One row or one
column stands for both directions.
"""

import hashlib
import io
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.degradation import BICUBIC, GAUSSIAN, Degradation, named, of_kernel
from hsisr_geo.errors import OptionError
from hsisr_geo.paths import oddity

_MOST_BYTES = 10_000_000
_MOST_SAMPLES = 1024  # along a side, empty margin included


def parse_psf(spec: str, upscale: int) -> Degradation:
    """Return the degradation that a SPEC stands for: bicubic, gaussian:MTF, or a kernel file.

    Raises
    ------
    OptionError
        Unknown name, MTF out of range, missing or unreadable file, or a kernel that is empty, not
        finite, too wide or sums to nothing; the message names it.
    """
    if spec == BICUBIC or spec.startswith(f"{GAUSSIAN}:"):
        return named(spec, upscale)
    if not os.path.exists(spec):
        raise OptionError(
            f"unknown PSF {spec!r}: use bicubic, gaussian:MTF (e.g. gaussian:0.3), or a kernel "
            "file; there is no file of that name. auto and fwhm:45m need a scene, and a model that "
            "is not interpolation"
        )
    path = Path(spec)
    if what := oddity(path):  # which would keep us waiting, or be read once only
        raise OptionError(f"{path} is {what}: a kernel is read from a plain file")
    content = _content(path)
    kernel = _numbers(path, content)
    if kernel.size == 0:
        raise OptionError(f"{path}: the kernel file holds no numbers")
    if max(kernel.shape) > _MOST_SAMPLES:
        raise OptionError(
            f"{path}: {kernel.shape[0]} x {kernel.shape[1]} numbers are too many for a kernel"
        )
    if not np.isfinite(kernel).all():
        raise OptionError(f"{path}: the kernel has values that are not finite")
    if not kernel.any():
        raise OptionError(f"{path}: the kernel's weights sum to nothing; all of them are zero")
    if 1 in kernel.shape:
        kernel = np.outer(kernel, kernel / np.abs(kernel).max())
    name = f"{path.name} (sha256 {hashlib.sha256(content).hexdigest()[:12]})"
    return replace(of_kernel(kernel, name, upscale), file=os.path.abspath(path))


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise OptionError(f"{path}: too large for a kernel file (over {_MOST_BYTES} bytes)")
        return path.read_bytes()
    except OSError as e:
        raise OptionError(f"cannot read kernel file {path}: {e.strerror or e}") from e


def _numbers(path: Path, content: bytes) -> NDArray[np.float64]:
    """Return the numbers of a kernel file (row, col)."""
    return _array(path, content) if path.suffix.lower() == ".npy" else _text(path, content)


def _array(path: Path, content: bytes) -> NDArray[np.float64]:
    try:
        array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, MemoryError, SyntaxError) as e:
        raise OptionError(f"{path}: no NumPy array, or one of objects") from e
    if array.dtype.kind not in "iuf" or array.ndim not in (1, 2):
        raise OptionError(
            f"{path}: the kernel must be one or two dimensions of real numbers, not "
            f"{array.dtype} of shape {array.shape}"
        )
    return np.atleast_2d(array).astype(np.float64)


def _text(path: Path, content: bytes) -> NDArray[np.float64]:
    rows = []
    for number, line in enumerate(content.decode("utf-8-sig", "replace").splitlines(), start=1):
        if values := line.partition("#")[0].strip(" \t,;"):
            rows.append(_row(values, f"{path}, line {number}"))
            if len(rows[-1]) != len(rows[0]):
                raise OptionError(
                    f"{path}, line {number}: {len(rows[-1])} numbers where the first row has "
                    f"{len(rows[0])}"
                )
    return np.array(rows, np.float64).reshape(len(rows), -1 if rows else 0)


def _row(text: str, where: str) -> list[float]:
    try:
        return [float(value) for value in re.split(r"\s*[,;]\s*|\s+", text)]
    except ValueError as e:
        raise OptionError(f"{where}: not a row of numbers apart by commas or blanks") from e
