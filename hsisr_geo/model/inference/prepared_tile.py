"""`PreparedTile`: a window made ready once, for all answers that are asked of it.

Best estimate and samples share interpolation, components and the sampler's first step. Each answer
is then decoded, and made consistent with the input. Each stage makes what the later ones read
(`Extents`), in the amounts that suit the device (`Execution`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.windows import Window, inside, scaled
from hsisr_geo.errors import ModelError
from hsisr_geo.model import back_projection, diffusion
from hsisr_geo.model.diffusion import add_texture
from hsisr_geo.model.inference.decode import add_detail, components_of
from hsisr_geo.model.inference.execution import Execution, chunks
from hsisr_geo.model.inference.extents import Extents
from hsisr_geo.model.network import Network
from hsisr_geo.model.normalise import Normaliser
from hsisr_geo.model.scene import Scene
from hsisr_geo.resolver.config import ModelConfig

__all__ = ["PreparedTile", "first_estimate", "super_resolve_tile"]


def super_resolve_tile(
    network: Network,
    config: ModelConfig,
    scene: Scene,
    x_lr: Tensor,
    upscale: int,
    detail: float = 0.0,
    noise: Tensor | None = None,
    *,
    part: Window | None = None,
    degradation: Degradation | None = None,
    execution: Execution | None = None,
) -> Tensor:
    """Super-resolve one window: (band, row, col) -> (band, upscale·row, upscale·col) of a part.

    Physical units in and out. At detail 0 it is the best estimate. Above, it is moved towards the
    sample of `noise`, (1, row, col) at output size: `detail` times the sample's shading and colour,
    each by the model's own gain (`diffusion.add_texture`); detail 1 is the sample itself only
    where both gains are one.
    The result is made consistent with `degradation`; None for the model's own. `part` None is all.
    """
    tile = PreparedTile.of(
        network,
        config,
        scene,
        x_lr,
        upscale,
        part,
        evaluations=1 if detail == 0 else config.diffusion_steps,
        degradation=degradation,
        execution=execution,
    )
    return tile.physical(tile.answer(detail, noise))


@dataclass(frozen=True, eq=False)
class PreparedTile:
    """A window, and what all its answers have in common, whatever their detail and noise.

    Attributes
    ----------
    extents
        Of the stages, in pixels of `x_lr`.
    noise_window
        What a noise field must cover, in output pixels of the window that was given.
    x_lr
        Input (band, row, col), standardised and normalised, as far as it is read.
    given
        What the answers are made consistent with, over the extents' piece: the standardised input,
        or its axes where it was normalised.
    c_u, first
        Components of the interpolation, and the network's best estimate of their change, both
        (component, upscale·row, upscale·col), over what the first evaluation and the second read.
    best
        The best estimate before back-projection, standardised; covers the extents' piece.
    degradation
        What the answers are made consistent with.
    """

    network: Network
    config: ModelConfig
    scene: Scene
    upscale: int
    execution: Execution
    degradation: Degradation
    extents: Extents
    noise_window: Window
    x_lr: Tensor
    given: Tensor
    c_u: Tensor
    first: Tensor
    best: Tensor

    @classmethod
    def of(
        cls,
        network: Network,
        config: ModelConfig,
        scene: Scene,
        x_lr: Tensor,
        upscale: int,
        part: Window | None = None,
        *,
        evaluations: int = 1,
        degradation: Degradation | None = None,
        execution: Execution | None = None,
    ) -> "PreparedTile":
        """Prepare a window (band, row, col) in physical units.

        `part` None is all of it; `degradation` None the model's own; `evaluations` of the network
        are what an answer takes, one for the best estimate, `config.diffusion_steps` for a sample.
        """
        execution = execution or Execution.on(x_lr.device)
        assumed = degradation or config.declared(upscale)
        rows, cols = x_lr.shape[1:]
        given = Extents.of((rows, cols), part, config, assumed, evaluations=evaluations)
        x_lr = (_cut(x_lr, given.read) - scene.mean) / scene.std
        extents = given.of_what_is_read()
        x_lr, given_axes = _normalised(scene.normaliser, x_lr)
        seen, after = extents.seen(evaluations), extents.seen(evaluations - 1)
        c_u = _components(network, scene, x_lr, upscale, seen, execution)
        first = first_estimate(network, c_u, upscale, inside(after, seen), execution)
        change = config.factor("shrinkage", upscale) * _over(extents.piece, first, after, upscale)
        sigma = config.factor("sigma_y", upscale)
        decoded = _decoded(network, scene, x_lr, upscale, extents.piece, sigma * change, execution)
        return cls(
            network,
            config,
            scene,
            upscale,
            execution,
            assumed,
            extents,
            scaled(given.seen(evaluations - 1), upscale),
            x_lr,
            _cut(given_axes, extents.piece),
            c_u,
            first,
            _gathered(decoded, len(x_lr), scaled(extents.piece, upscale), x_lr),
        )

    def answer(self, detail: float, noise: Tensor | None) -> Tensor:
        """Return the super-resolution of the part, standardised.

        Raises
        ------
        ModelError
            A sample (detail > 0) without a noise field (1, row, col) over all output pixels of the
            window that was given.
        """
        x = self.best
        if detail > 0 and len(self.c_u):
            if noise is None:
                raise ModelError("a sample (detail > 0) needs a noise field")
            x = self._textured(detail, noise)
        return self._consistent(x)

    def physical(self, x: Tensor) -> Tensor:
        """Return standardised bands in physical units; changes `x`."""
        return x.mul_(self.scene.std).add_(self.scene.mean)

    def _consistent(self, x: Tensor) -> Tensor:
        """Back-project a cube over the piece, some bands at a time; what is left is the part.

        A scene that was normalised is made consistent inside its axes, where it rises above noise.
        """
        extents, iterations = self.extents, self.config.back_projections
        rows, cols = scaled(inside(extents.part, extents.piece), self.upscale)
        if (normaliser := self.scene.normaliser) is not None:
            return normaliser.consistent(x, self.given, iterations, (rows, cols))
        x_lr = self.given
        out = x.new_empty(len(x), rows.stop - rows.start, cols.stop - cols.start)
        for bands in chunks(len(x), self.execution.bands):
            near = back_projection.back_project(x[bands], x_lr[bands], self.degradation, iterations)
            out[bands] = near[:, rows, cols]
        return out

    def _textured(self, detail: float, noise: Tensor) -> Tensor:
        """Move the best estimate towards the sample of a noise field; standardised."""
        y = self._sample(_cut(noise, self.noise_window))
        change = self.config.factor("sigma_y", self.upscale) * y
        mean, std = self.scene.mean, self.scene.std
        textured = torch.empty_like(self.best)
        for rows, strip in _decoded(
            self.network,
            self.scene,
            self.x_lr,
            self.upscale,
            self.extents.piece,
            change,
            self.execution,
        ):
            moved = add_texture(
                self.best[:, rows] * std + mean,
                strip * std + mean,
                detail,
                shading=self.config.factor("shading", self.upscale),
                colour=self.config.factor("colour", self.upscale),
            )
            textured[:, rows] = (moved - mean) / std
        return textured

    def _sample(self, noise: Tensor) -> Tensor:
        """Draw y_0 (component, row, col) over the piece; each evaluation covers less."""
        to_come = self.extents.evaluations - 1
        condition = self.c_u[:, None]
        everywhere = self.extents.seen(self.extents.evaluations)

        def denoise(y_t: Tensor, level: Tensor) -> Tensor:
            nonlocal to_come
            seen, to_come = self.extents.seen(to_come), to_come - 1
            here = _over(seen, condition, everywhere, self.upscale)
            left = inside(self.extents.seen(to_come), seen)
            return self.execution.denoise(
                self.network.denoiser, y_t, here, level, self.upscale, left
            )

        def narrow(y_t: Tensor) -> Tensor:
            return _over(
                self.extents.seen(to_come), y_t, self.extents.seen(to_come + 1), self.upscale
            )

        shared = noise.to(condition)[None].expand(len(condition), -1, -1, -1)
        # ^ the same for all components: independent noise makes spectra that no material has
        first, steps = self.first[:, None], self.config.diffusion_steps
        return diffusion.sample(denoise, shared, steps, first, narrow)[:, 0]


def _normalised(normaliser: Normaliser | None, x_lr: Tensor) -> tuple[Tensor, Tensor]:
    """Return the input as the network knows it, and what answers are to be consistent with."""
    if normaliser is None:
        return x_lr, x_lr
    axes = normaliser.along(x_lr)
    return x_lr + normaliser.across(normaliser.change(axes)), axes


def _components(
    network: Network,
    scene: Scene,
    x_lr: Tensor,
    upscale: int,
    window: Window,
    execution: Execution,
) -> Tensor:
    """Components (component, row, col) of the interpolation over a window of the input."""
    components = scene.basis.components
    strips = (
        (rows, components_of(network, scene, u, execution))
        for rows, u in _interpolated(x_lr, upscale, window, execution)
        if components
    )
    return _gathered(strips, components, scaled(window, upscale), x_lr)


def _decoded(
    network: Network,
    scene: Scene,
    x_lr: Tensor,
    upscale: int,
    window: Window,
    change: Tensor,
    execution: Execution,
) -> Iterator[tuple[slice, Tensor]]:
    """Yield strips of the interpolation over a window with a change of its components added."""
    for rows, u in _interpolated(x_lr, upscale, window, execution):
        if len(change):
            u = add_detail(network, scene, u, change[:, rows], execution)
        yield rows, u


def _interpolated(
    x_lr: Tensor, upscale: int, window: Window, execution: Execution
) -> Iterator[tuple[slice, Tensor]]:
    """Yield strips of the interpolation over a window of the input: rows in the window, pixels."""
    rows, cols = scaled(window, upscale)
    for strip in execution.strips(rows, upscale * x_lr.shape[2] * len(x_lr)):
        u = back_projection.interpolate(x_lr, upscale, only=strip)[:, :, cols]
        yield slice(strip.start - rows.start, strip.stop - rows.start), u.contiguous()


def _gathered(
    strips: Iterator[tuple[slice, Tensor]], channels: int, window: Window, like: Tensor
) -> Tensor:
    """Put strips of rows together, without a second copy of them all."""
    rows, cols = window
    out = like.new_empty(channels, rows.stop - rows.start, cols.stop - cols.start)
    for at, strip in strips:
        out[:, at] = strip
    return out


def first_estimate(
    network: Network,
    c_u: Tensor,
    upscale: int,
    part: Window | None = None,
    execution: Execution | None = None,
) -> Tensor:
    """Best estimate of the components' change (component, row, col), in units of `sigma_y`.

    `part` is what is wanted, in input pixels; None for all that `c_u` covers.
    """
    execution = execution or Execution.on(c_u.device)
    whole = slice(0, c_u.shape[1] // upscale), slice(0, c_u.shape[2] // upscale)
    here = whole if part is None else part
    if not len(c_u):
        return _cut(c_u, scaled(here, upscale))

    def denoise(y_t: Tensor, level: Tensor) -> Tensor:
        return execution.denoise(network.denoiser, y_t, c_u[:, None], level, upscale, here)

    return diffusion.best_estimate(denoise, c_u[:, None])[:, 0]


def _over(wanted: Window, images: Tensor, covered: Window, upscale: int) -> Tensor:
    """Cut images of output pixels that cover a window of the input to what covers another."""
    return _cut(images, scaled(inside(wanted, covered), upscale))


def _cut(cube: Tensor, window: Window) -> Tensor:
    """Cut a window out of a cube or of images; a view."""
    rows, cols = window
    return cube[..., rows, cols]
