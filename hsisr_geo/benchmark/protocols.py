"""Protocols as data: how scenes are scaled, cut, degraded, clipped and scored in each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np

from hsisr_geo.benchmark.sources import SourceScene, load_scenes
from hsisr_geo.errors import OptionError, RasterError
from hsisr_geo.scaling import scene_scale
from hsisr_geo.survey import survey_block
from hsisr_geo.training_run import NamedCube

__all__ = ["PROTOCOLS", "NamedCube", "Protocol", "find_protocol", "pick_evenly", "training_cubes"]


@dataclass(frozen=True)
class Protocol:
    """What a comparison is made by."""

    name: str
    scaling: Literal["scene", "min-max", "maximum"]


PRODUCT = Protocol("product", "scene")

PROTOCOLS: Mapping[str, Protocol] = MappingProxyType({p.name: p for p in (PRODUCT,)})


def find_protocol(name: str) -> Protocol:
    """Return the protocol of a name.

    Raises
    ------
    OptionError
        There is none, listing those that are.
    """
    if name not in PROTOCOLS:
        raise OptionError(f"protocol {name!r} is unknown: choose one of {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]


def training_cubes(protocol: Protocol, path: Path, bands: int | None) -> list[NamedCube]:
    """Read what systems train on, scaled as the protocol says.

    Parameters
    ----------
    path
        A file, or a folder of them.
    bands
        So many of each scene's usable bands, picked evenly; None for all.

    Raises
    ------
    RasterError
        Not to be read, or a scene that has fewer bands.
    """
    return [_scaled(picked(scene, bands)) for scene in load_scenes(path)]


def picked(scene: SourceScene, bands: int | None) -> SourceScene:
    """Pick so many of a scene's bands evenly; None for all."""
    if bands is None:
        return scene
    usable = len(scene.cube)
    if usable < bands:
        raise RasterError(
            f"{scene.name}: {usable} usable bands, where {bands} are asked for: "
            "leave the scene out, or ask for fewer bands"
        )
    return scene.select(pick_evenly(range(usable), bands))


def pick_evenly(good: Sequence[int], count: int) -> tuple[int, ...]:
    """Pick `count` of the good bands, first and last among them, at the most even spacing.

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


def _scaled(scene: SourceScene) -> NamedCube:
    """Divide by the scene's own scale.

    That of the whole scene at its own resolution; a model in use takes that of its input, which is
    the degraded scene in training. They differ by less than the scale itself is uncertain.
    """
    rows, cols = scene.cube.shape[1:]
    survey = survey_block(scene.cube, (slice(0, rows), slice(0, cols)), (rows, cols))
    scale = np.float32(scene_scale(survey.statistics()))
    return NamedCube(scene.name, scene.cube / scale)
