"""Which part of a scene is taken, and how its file is read: the options as one value.

A new one is a decorator in `SCENE` and a field of `SceneOptions`, named as the parameter of
`open_raster` that it is.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any

from . import options

if TYPE_CHECKING:
    from hsisr_geo.raster.raster import Raster

SCENE = (  # in the order of --help
    options.bands,
    options.exclude,
    options.drop_bad,
    options.overlap,
    options.orthorectify,
    options.nodata,
    options.mask_clouds,
)


@dataclass(frozen=True)
class SceneOptions:
    """What is taken of a scene; each field is the value of the option of that name."""

    bands: str | None
    exclude: str | None
    drop_bad: bool
    overlap: str
    orthorectify: bool
    nodata: float | None
    mask_clouds: bool

    @classmethod
    def of(cls, values: dict[str, Any]) -> "SceneOptions":
        """Take the options out of the values of a command, by name."""
        return cls(**{field.name: values.pop(field.name) for field in fields(cls)})

    def open(self, src: str) -> "Raster":
        """Open a scene; errors as `open_raster`."""
        from hsisr_geo.raster.open import open_raster

        return open_raster(src, **asdict(self))


def scene_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command, which takes them as one argument, `take`."""

    @wraps(command)
    def collected(*args: Any, **values: Any) -> None:
        command(*args, take=SceneOptions.of(values), **values)

    for option in reversed(SCENE):
        collected = option(collected)
    return collected
