"""Numbers that no training ends in tell a damaged model file: of its weights, or made by them.

Weights are looked at when they are read; such as pass may lead beyond float32 all the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.errors import ModelError
from hsisr_geo.resolver.catalogue import find_model

_LARGEST = 1e6  # of a weight; those of trained networks are below 10
_ROOM = 1e30  # larger values may lead beyond float32 with any weights


@contextmanager
def finite(resolver: Any, largest: float) -> Iterator[None]:
    """Tell numbers that are not finite, made of values up to the largest, by the model's file.

    NumPy's own warnings are not shown meanwhile: they would say the same, many times.

    Raises
    ------
    ModelError
    """
    try:
        with np.errstate(all="ignore"):
            yield
    except (FloatingPointError, np.linalg.LinAlgError) as e:
        recipe = resolver.recipe
        file = f"model {resolver.name}" if recipe is None else find_model(recipe.model)
        if largest > _ROOM:
            raise ModelError(
                f"{file}: values of up to {largest:.3g} lead beyond float32: if they stand for no "
                "data, say so with --nodata (nodata=), else divide the raster by a number"
            ) from e
        raise ModelError(
            f"{file}: its weights lead to numbers that are not finite: the file is damaged, get "
            "it again"
        ) from e


def check_finite(arrays: Iterable[Cube]) -> None:
    """Raise within `finite` unless every number of these arrays is; little by little."""
    for array in arrays:
        for part in array:
            if not np.isfinite(part).all():
                raise FloatingPointError("not finite")


def check_weights(path: Path, weights: Mapping[str, NDArray[np.float32]]) -> None:
    """Refuse the weights of a file, by their names, if some are damaged.

    Raises
    ------
    ModelError
        One is not finite, or larger than training makes any: a flipped bit is enough.
    """
    for name, values in weights.items():
        check_numbers(path, name, values)
        if (largest := float(np.abs(values).max(initial=0))) > _LARGEST:
            raise ModelError(
                f"{path}: {name} has a value of {largest:.3g}, which no training leads to: the "
                "file is damaged, get it again"
            )


def check_numbers(path: Path, name: str, values: NDArray[Any]) -> None:
    """Refuse numbers that come with a file if some are not finite.

    Raises
    ------
    ModelError : naming them
    """
    if not np.isfinite(values).all():
        raise ModelError(f"{path}: {name} has values that are not finite; get the file again")
