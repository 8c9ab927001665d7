"""Protocols as data: how scenes are scaled, cut, degraded, clipped and scored in each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.benchmark.data.copies import check_no_copies
from hsisr_geo.benchmark.data.crops import (
    between_zero_and_one,
    crops,
    named_apart,
    picked,
)
from hsisr_geo.benchmark.data.known_sets import Split, known_set, windows
from hsisr_geo.benchmark.data.sources import SourceScene, find_sources
from hsisr_geo.benchmark.systems.training_run import NamedCube
from hsisr_geo.cube.windows import Window
from hsisr_geo.errors import OptionError
from hsisr_geo.raster.statistics import scene_scale
from hsisr_geo.raster.survey import statistics_of

WHOLE: Window = (slice(None), slice(None))


@dataclass(frozen=True)
class Protocol:
    """What a comparison is made by.

    Attributes
    ----------
    source
        Where it is from.
    scaling
        What values are divided by. "scene": the scene's 99.9 % quantile, in training; in a test
        the model does it, with values in physical units. "min-max": minimum and maximum of each
        block in training and of each crop in a test become 0 and 1. "maximum": the data set's
        fixed number, else the maximum of the file.
    crop
        Side of the squares that a test area is cut into, as many as fit; where it is smaller than
        one, it stays whole. None: never cut.
    most_crops
        Of one file of an unknown set.
    resampling
        "files": the product's D, through files in the scene's own data type. "imresize": MATLAB's,
        in memory.
    clip
        Whether degraded input and output are clipped to 0 ... 1.
    multiple
        Test images are cropped to multiples of so many upscales, from their upper left corner.
    ergas_ratio
        At every upscale; None for the upscale itself.
    data_range
        Peak value of PSNR and SSIM; None for the 99.9 % quantile of each reference.
    """

    name: str
    source: str
    scaling: Literal["scene", "min-max", "maximum"]
    resampling: Literal["files", "imresize"]
    clip: bool
    crop: int | None = None
    most_crops: int | None = None
    multiple: int = 1
    ergas_ratio: int | None = None
    data_range: float | None = None


DMGASR = Protocol(
    name="dmgasr",
    source="Wang et al. 2025, A Diffusion Model Approach for Hyperspectral Super-Resolution",
    scaling="min-max",
    resampling="imresize",
    clip=True,
    crop=128,
    ergas_ratio=4,
    data_range=1.0,
)
"""128² crops of 42 pixels at x3 became 128 again there; here they are cropped to 126 first."""

SSPSR = Protocol(
    name="sspsr",
    source="Jiang et al. 2020, Learning Spatial-Spectral Prior for Super-Resolution of HSI",
    scaling="maximum",
    resampling="imresize",
    clip=False,
    crop=512,
    most_crops=4,
    data_range=1.0,  # its ERGAS at x8 has ratio 8: the upscale, not 4 throughout
)

PRODUCT = Protocol(
    name="product",
    source="georeferenced scenes through the product's own pipeline, as docs/quality.md",
    scaling="scene",
    resampling="files",
    clip=False,
    multiple=4,
)

PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(
    {protocol.name: protocol for protocol in (PRODUCT, DMGASR, SSPSR)}
)


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
    """Read what systems train on: of a known set the parts for that, scaled as the protocol says.

    Parameters
    ----------
    path
        A file, or a folder of them, as for `load_scenes`.
    bands
        So many of each scene's usable bands, picked evenly; None for all.

    Raises
    ------
    RasterError
        Not to be read, or a scene that has fewer bands.
    """
    cubes = []
    for scene, split, maximum in _divided(protocol, path, testing=False):
        parts = [scene.cut(window) for window in windows(split.train)] or [scene]
        for part in named_apart(parts, "block"):
            chosen = picked(part, bands)
            cubes.append(NamedCube(chosen.name, _scaled(chosen, protocol, maximum)))
    return cubes


def scenes_to_test(protocol: Protocol, path: Path) -> list[SourceScene]:
    """Read what systems are tested on: of a known set the parts for that, cut into crops.

    Values are in physical units by scaling "scene", divided already by "maximum", and to be scaled
    when bands are chosen by "min-max" (`scaled_crop`).

    Raises
    ------
    RasterError
        Not to be read.
    """
    tests = []
    for scene, split, maximum in _divided(protocol, path, testing=True):
        areas = list(windows(split.test)) or [WHOLE]
        most = None if split.test else protocol.most_crops
        squares = [crop for area in areas for crop in crops(scene.cut(area), protocol.crop)][:most]
        divisor = np.float32(maximum if protocol.scaling == "maximum" else 1)
        tests += [replace(c, cube=c.cube / divisor) for c in named_apart(squares, "crop")]
    return tests


def check_apart(protocol: Protocol, train: Path, test: Path) -> None:
    """Refuse to test on what was trained on.

    Raises
    ------
    OptionError
        Both are one place, or one lies in the other, and the protocol does not divide it; or a
        scene to test on is a copy of one that is trained on, or a link to it.
    """
    a, b = train.resolve(), test.resolve()
    if a != b and a not in b.parents and b not in a.parents:
        check_no_copies(train, test)
        return
    if a == b and _is_divided(train):
        return
    raise OptionError(
        f"train and test are the same scenes ({train} and {test}): give files of their own, as "
        f"only whole sets that protocol {protocol.name} knows are divided"
    )


def scaled_crop(scene: SourceScene, protocol: Protocol) -> SourceScene:
    """Scale a test crop, its bands chosen, where the protocol does that crop by crop."""
    cube = between_zero_and_one(scene.cube) if protocol.scaling == "min-max" else scene.cube
    return replace(scene, cube=cube)


def _is_divided(path: Path) -> bool:
    """Tell whether a place holds a whole known set."""
    sources = find_sources(path)
    known = known_set(next(sources[0].scenes()).shape)
    return known is not None and len(sources) == known.files


def _divided(
    protocol: Protocol, path: Path, *, testing: bool
) -> Iterator[tuple[SourceScene, Split, float]]:
    """Give the scenes for training or testing, how each is cut, and what it may be divided by.

    One at a time: fifty images of a set may be more than memory holds.
    """
    sources = find_sources(path)
    held: tuple[int, ...] | None = None
    for place, source in enumerate(sources):
        if place and held is not None and (place in held) != testing:
            continue
        for scene in source.scenes():
            known = known_set(scene.shape)
            split = Split() if known is None else known.splits[protocol.name]
            if place == 0 and known is not None and known.files == len(sources) > 1:
                held = split.held
            if place == 0 and held is not None and (0 in held) != testing:
                continue
            maximum = None if known is None else known.maximum
            yield scene, split, maximum or float(scene.cube.max()) or 1.0


def _scaled(scene: SourceScene, protocol: Protocol, maximum: float) -> NDArray[np.float32]:
    """Scale what is trained on.

    By scaling "scene" the scale is that of the scene itself. A model in use takes that of its
    input, which has been degraded; D is a weighted mean, so nearly the same values come up.
    """
    if protocol.scaling == "min-max":
        return between_zero_and_one(scene.cube)
    scale = maximum
    if protocol.scaling == "scene":
        scale = scene_scale(statistics_of(scene.cube))
    return scene.cube / np.float32(scale)
