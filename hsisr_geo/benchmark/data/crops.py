"""Cuts and choices that make a scene what a protocol asks for: bands, squares, values 0 to 1."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.benchmark.data.sources import SourceScene
from hsisr_geo.errors import RasterError


def picked(scene: SourceScene, bands: int | None) -> SourceScene:
    """Pick so many of a scene's bands evenly; None for all."""
    if bands is None:
        return scene
    usable = len(scene.cube)
    if usable < bands:
        raise RasterError(
            f"{scene.raster.path}: {usable} usable bands, where {bands} are asked for: "
            "leave the scene out, or ask for fewer bands"
        )
    return scene.select(pick_evenly(range(usable), bands))


def pick_evenly(good: Sequence[int], count: int) -> tuple[int, ...]:
    """Pick `count` of the good bands, first and last among them, as evenly as whole numbers allow.

    >>> pick_evenly(range(5), 3)
    (0, 2, 4)

    Raises
    ------
    RasterError
        There are fewer.
    """
    if not 1 <= count <= len(good):
        raise RasterError(f"{count} bands cannot be picked of {len(good)}")
    return tuple(good[int(i)] for i in np.rint(np.linspace(0, len(good) - 1, count)))


def picking_rule(count: int | None) -> str:
    """Say in words which bands `pick_evenly` picks of a scene's usable ones; None for all."""
    if count is None:
        return "all good bands of each scene, by wavelength"
    if count == 1:
        return "the first good band of each scene, by wavelength"
    return (
        f"{count} bands picked evenly of each scene's m good ones, by wavelength: of these the "
        f"numbers 1 + round(i (m - 1) / {count - 1}), i = 0 ... {count - 1}"
    )


def named_apart(scenes: Sequence[SourceScene], kind: str) -> list[SourceScene]:
    """Give each of several scenes that were cut from one its number."""
    if len(scenes) == 1:
        return list(scenes)
    return [replace(s, name=f"{s.name}, {kind} {i}") for i, s in enumerate(scenes, start=1)]


def crops(scene: SourceScene, side: int | None) -> Iterator[SourceScene]:
    """Cut a scene into squares, row by row; along an axis shorter than a square it stays whole."""
    rows, cols = scene.raster.shape
    for row in _along(rows, side):
        for col in _along(cols, side):
            yield scene.cut((row, col))


def _along(length: int, side: int | None) -> list[slice]:
    if side is None or length < side:
        return [slice(0, length)]
    return [slice(start, start + side) for start in range(0, length - side + 1, side)]


def between_zero_and_one(
    cube: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Make the least value 0 and the largest 1; zeros of a constant cube."""
    low, high = cube.min(), cube.max()
    scaled: NDArray[np.float32] = (cube - low) / (high - low if high > low else np.float32(1))
    return scaled
