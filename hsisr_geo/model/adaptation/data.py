"""`SceneLesson`: components of a scene's windows to learn from; and what it is judged by.

Judged twice: on a block of the scene that is kept out of what is learned, and on the degraded scene
degraded once more, as weights are learned at one scale to be used at another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from hsisr_geo.cube.holes import fill_holes
from hsisr_geo.cube.windows import Window
from hsisr_geo.errors import RasterError
from hsisr_geo.model import back_projection
from hsisr_geo.model.adaptation.block_placement import LEAST_SCENE, Detail, Placement, place_block
from hsisr_geo.model.adaptation.coarser_scene import CoarserScene, CoarserWindow, Mask, times
from hsisr_geo.model.adaptation.trial import HeldOut
from hsisr_geo.model.denoiser import LocalUNet
from hsisr_geo.model.inference.decode import components_of
from hsisr_geo.model.inference.resolver import DiffusionResolver
from hsisr_geo.model.network import Network
from hsisr_geo.model.scene import Scene
from hsisr_geo.model.training.training_data import random_mix, turn
from hsisr_geo.raster.survey import statistics_of
from hsisr_geo.resolver.config import ModelConfig

_PATCH = 24  # coarse pixels a side, as far as windows are that large
_LEAST_SHARE = 0.25  # of a patch that must be learnable
_LEAST_COARSER = 8  # pixels a side of the scene degraded twice; fewer tell nothing


@dataclass(frozen=True, eq=False)
class ComponentWindow:
    """Whitened components of a window and of its interpolated coarse self (component, row, col).

    `learnable` (row, col) tells the coarse pixels that may be learned from.
    """

    area: Window
    x: Tensor
    u: Tensor
    learnable: Mask

    def detail(self, weight: np.ndarray, upscale: int) -> Detail:
        """Mean square of what super-resolution adds, in standardised bands, per coarse pixel."""
        weighted = (self.x - self.u) * torch.from_numpy(weight)[:, None, None]
        rows, cols = self.learnable.shape
        energy = weighted.square().sum(dim=0).reshape(rows, upscale, cols, upscale)
        return Detail(self.area, self.learnable, energy.mean(dim=(1, 3)).numpy())


@dataclass(frozen=True, eq=False)
class SceneLesson:
    """A scene prepared to adapt to.

    Attributes
    ----------
    windows
        Of the scene; the block and its gap are not learnable.
    weight
        (component,): spectral deviation that each component stands for.
    places
        Per window, upper left corners (place, 2) of the patches to draw.
    side
        Of a patch, in coarse pixels.
    block, coarser
        The held-out block; the scene once more degraded, None where it has too few pixels.
    """

    windows: tuple[ComponentWindow, ...]
    weight: np.ndarray
    upscale: int
    places: tuple[np.ndarray, ...]
    side: int
    placement: Placement
    block: HeldOut
    coarser: HeldOut | None

    @classmethod
    def of(cls, source: CoarserScene, network: Network, config: ModelConfig) -> "SceneLesson":
        """Read a scene, at most about 2**18 pixels of it, and hold a block out.

        Raises
        ------
        RasterError : the scene is too small or has too many holes
        """
        read = source.windows() if min(source.shape) > 0 else []
        if not read:
            raise _too_small(source)
        scene = _fit(network, config, [window.usable_spectra() for window in read])
        whole = [_component_window(network, scene, window, source.upscale) for window in read]
        weight = scene.basis.weight.cpu().numpy()
        parts = [window.detail(weight, source.upscale) for window in whole]
        placement = place_block(parts, source.shape, LocalUNet.reach(config.denoiser_blocks))
        if placement is None:
            raise _too_small(source)
        windows = tuple(
            replace(window, learnable=part.outside(placement.cleared))
            for window, part in zip(whole, parts, strict=True)
        )
        side = min(_PATCH, *(n for window in windows for n in window.learnable.shape))
        return cls(
            windows=windows,
            weight=weight,
            upscale=source.upscale,
            places=_places([window.learnable for window in windows], side),
            side=side,
            placement=placement,
            block=_held_out(source, network, config, scene, placement.block),
            coarser=_coarser(source, network, config, max(read, key=lambda w: w.usable.sum())),
        )

    def description(self) -> str:
        """Tell what is learned from and what is held out, for a log."""
        pixels = sum(int(window.learnable.sum()) for window in self.windows)
        rows, cols = times(self.placement.block, self.upscale)
        text = (
            f"{pixels} pixels of the degraded scene to learn from; held out: rows {rows.start}-"
            f"{rows.stop - 1}, columns {cols.start}-{cols.stop - 1} of the scene"
        )
        if self.coarser is None:
            text += "; too small to see whether what is learned holds one scale coarser"
        return text

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Draw patches: true and interpolated mixes of components, and weights of mean 1.

        All (image, 1, row, col); weight is 0 where nothing may be learned from.
        """
        sizes = np.array([len(places) for places in self.places], float)
        chosen = rng.choice(len(sizes), count, p=sizes / sizes.sum())
        patches = [self._patch(int(index), rng) for index in chosen]
        x, u, weight = torch.from_numpy(np.stack(patches)).unbind(1)
        return x[:, None], u[:, None], weight[:, None]

    def _patch(self, index: int, rng: np.random.Generator) -> np.ndarray:
        """Cut a random mix of a window's components: (3, row, col), true, interpolated, weight."""
        window, s = self.windows[index], self.upscale
        row, col = self.places[index][int(rng.integers(len(self.places[index])))].tolist()
        coarse = slice(row, row + self.side), slice(col, col + self.side)
        fine = (slice(None), *times(coarse, s))
        mix = random_mix(self.weight, rng)
        x, u = (np.tensordot(mix, c[fine].numpy(), axes=1) for c in (window.x, window.u))
        learnable = window.learnable[coarse].astype(np.float32)
        weight = (learnable / learnable.mean()).repeat(s, axis=0).repeat(s, axis=1)
        return turn(np.stack([x, u, weight]), rng)


def _fit(network: Network, config: ModelConfig, spectra: Sequence[np.ndarray]) -> Scene:
    """Fit a model to spectra (pixel, band) of a degraded scene, as `run` fits it to an input."""
    pixels = np.concatenate(spectra)
    return Scene.fit(network, config, statistics_of(pixels.T[:, :, None]))


def _component_window(
    network: Network, scene: Scene, window: CoarserWindow, upscale: int
) -> ComponentWindow:
    mean = scene.mean.cpu().numpy()
    lr = torch.from_numpy(fill_holes(window.lr, mean[:, 0, 0]))
    pixels = times(window.inside, upscale)
    u = back_projection.interpolate(lr, upscale)[(slice(None), *pixels)]
    hr = torch.from_numpy(np.where(np.isnan(window.hr), mean, window.hr))
    with torch.no_grad():
        x, u = (
            components_of(network, scene, (c.to(scene.mean.device) - scene.mean) / scene.std).cpu()
            for c in (hr, u)
        )
    return ComponentWindow(window.area, x, u, window.usable)


def _held_out(
    source: CoarserScene, network: Network, config: ModelConfig, scene: Scene, area: Window
) -> HeldOut:
    """Read a block with all the context that an estimate of it depends on."""
    context = DiffusionResolver(
        network, config, "", source.upscale, 0.0, 0, config.declared(source.upscale)
    ).context
    window = source.read(area, margin=context)
    return HeldOut.of(window.hr, window.lr, window.inside, window.usable, scene, source.upscale)


def _coarser(
    source: CoarserScene, network: Network, config: ModelConfig, window: CoarserWindow
) -> HeldOut | None:
    """Degrade the fullest window once more; what was the input is the truth now."""
    rows, cols = (n // source.upscale for n in window.lr.shape[1:])
    if min(rows, cols) < _LEAST_COARSER:
        return None
    area = slice(0, rows), slice(0, cols)
    hr = window.lr[(slice(None), *times(area, source.upscale))]
    lr, usable = source.degrade(hr)
    if usable.sum() < _LEAST_COARSER**2:
        return None
    scene = _fit(network, config, [lr[:, usable].T])
    return HeldOut.of(hr, lr, area, usable, scene, source.upscale)


def _places(learnable: Sequence[Mask], side: int) -> tuple[np.ndarray, ...]:
    """Upper left corners (place, 2), per window, of patches that are learnable to a quarter.

    Where none is, as between many holes, of those that come nearest.
    """
    counts = [_window_sums(mask, side) for mask in learnable]
    least = min(_LEAST_SHARE * side**2, max(count.max() for count in counts))
    return tuple(np.argwhere(count >= least) for count in counts)


def _window_sums(mask: Mask, side: int) -> np.ndarray:
    """Count the pixels of a mask in each square of a side, by its upper left corner."""
    sums = np.pad(mask.astype(np.int64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    count: np.ndarray = (
        sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    )
    return count


def _too_small(source: CoarserScene) -> RasterError:
    rows, cols = source.raster.shape
    least = LEAST_SCENE * source.upscale
    return RasterError(
        f"{source.raster.path}: {rows} x {cols} pixels are too few to adapt to at upscale "
        f"{source.upscale}: they are degraded by {source.upscale} and a block is held out, which "
        f"needs {least} x {least} pixels without holes; use the model as it is"
    )
