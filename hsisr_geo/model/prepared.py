"""`PreparedTile`: a window made ready once, for all answers that are asked of it.

Best estimate and samples share interpolation, components and the sampler's first step. Each answer
is then decoded, and made consistent with the input.
"""

from dataclasses import dataclass

from torch import Tensor

from hsisr_geo.config import ModelConfig
from hsisr_geo.degradation import Degradation
from hsisr_geo.errors import ModelError
from hsisr_geo.model import back_projection, diffusion
from hsisr_geo.model.decoding import add_detail, components_of
from hsisr_geo.model.network import Network
from hsisr_geo.model.scene import Scene
from hsisr_geo.model.texture import add_texture
from hsisr_geo.tiling import Window, inside, scaled

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
    degradation: Degradation | None = None,
) -> Tensor:
    """Super-resolve one window: (band, row, col) -> (band, upscale·row, upscale·col).

    Physical units in and out. At detail 0 it is the best estimate. Above, it is moved towards the
    sample of `noise`, (1, row, col) at output size: `detail` times the sample's shading and colour,
    each by the model's own gain (`texture.add_texture`), so that detail 1 is the sample itself only
    where both gains are one.
    The result is made consistent with `degradation`; None for the model's own.
    """
    tile = PreparedTile.of(network, config, scene, x_lr, upscale, degradation=degradation)
    x = tile.answer(detail, noise)
    return x * scene.std + scene.mean


@dataclass(frozen=True, eq=False)
class PreparedTile:
    """A window, and what all its answers have in common, whatever their detail and noise.

    Attributes
    ----------
    part
        What the answers cover, in pixels of `x_lr`.
    piece
        What `x_lr` and `u` cover, in input pixels of the window: the part, and what back-projection
        reaches around it. The components cover the window.
    x_lr, u
        Input (band, row, col) and its interpolation, standardised.
    c_u, first
        Components of the interpolation, and the network's best estimate of their change, both
        (component, upscale·row, upscale·col).
    best
        The best estimate before back-projection, standardised; covers the piece.
    degradation
        What the answers are made consistent with.
    """

    network: Network
    config: ModelConfig
    scene: Scene
    upscale: int
    part: Window
    piece: Window
    x_lr: Tensor
    u: Tensor
    c_u: Tensor
    first: Tensor
    best: Tensor
    degradation: Degradation

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
        degradation: Degradation | None = None,
    ) -> "PreparedTile":
        """Prepare a window (band, row, col) in physical units.

        `part` None is all of it; `degradation` None the model's own.
        """
        whole = slice(0, x_lr.shape[1]), slice(0, x_lr.shape[2])
        part = whole if part is None else part
        assumed = degradation or config.declared(upscale)
        piece = _widened(part, config.back_projections * back_projection.reach(assumed), whole)
        x_lr = (x_lr - scene.mean) / scene.std
        u = back_projection.interpolate(x_lr, upscale)
        c_u = components_of(network, scene, u) if scene.basis.components else u[:0]
        first = first_estimate(network, c_u, upscale)
        x_lr, u = _cut(x_lr, piece), _cut(u, scaled(piece, upscale))
        change = config.factor("shrinkage", upscale) * first
        best = _decoded(network, config, scene, u, _cut(change, scaled(piece, upscale)), upscale)
        part = inside(part, piece)
        return cls(network, config, scene, upscale, part, piece, x_lr, u, c_u, first, best, assumed)

    def answer(self, detail: float, noise: Tensor | None) -> Tensor:
        """Return the super-resolution of the part, standardised.

        Raises
        ------
        ModelError
            A sample (detail > 0) without a noise field (1, upscale·row, upscale·col).
        """
        x = self.best
        if detail > 0 and len(self.c_u):
            if noise is None:
                raise ModelError("a sample (detail > 0) needs a noise field")
            x = self._textured(detail, noise)
        iterations = self.config.back_projections
        x = back_projection.back_project(x, self.x_lr, self.degradation, iterations)
        return _cut(x, scaled(self.part, self.upscale))

    def _textured(self, detail: float, noise: Tensor) -> Tensor:
        """Move the best estimate towards the sample of a noise field; standardised."""
        condition = self.c_u[:, None]
        shared = noise.to(condition)[None].expand_as(condition)
        # ^ the same for all components: independent noise makes spectra that no material has
        denoise = _denoiser(self.network, condition, self.upscale)
        steps = self.config.diffusion_steps
        y = diffusion.sample(denoise, shared, steps, self.first[:, None])[:, 0]
        here = _cut(y, scaled(self.piece, self.upscale))
        sample = _decoded(self.network, self.config, self.scene, self.u, here, self.upscale)
        mean, std = self.scene.mean, self.scene.std
        textured = add_texture(
            self.best * std + mean,
            sample * std + mean,
            detail,
            shading=self.config.factor("shading", self.upscale),
            colour=self.config.factor("colour", self.upscale),
        )
        return (textured - mean) / std


def _decoded(
    network: Network, config: ModelConfig, scene: Scene, u: Tensor, y: Tensor, upscale: int
) -> Tensor:
    """Add to the interpolation what a change of the components, in units of sigma_y, stands for."""
    if not scene.basis.components:
        return u
    return add_detail(network, scene, u, config.factor("sigma_y", upscale) * y)


def first_estimate(network: Network, c_u: Tensor, upscale: int) -> Tensor:
    """Best estimate of the components' change (component, row, col), in units of `sigma_y`."""
    if not len(c_u):
        return c_u
    condition = c_u[:, None]
    return diffusion.best_estimate(_denoiser(network, condition, upscale), condition)[:, 0]


def _denoiser(network: Network, condition: Tensor, upscale: int) -> diffusion.Denoise:
    def denoise(y_t: Tensor, level: Tensor) -> Tensor:
        y0: Tensor = network.denoiser(y_t, condition, level, upscale)
        return y0

    return denoise


def _widened(part: Window, by: int, whole: Window) -> Window:
    """Grow a window on all sides, as far as the whole goes."""
    rows, cols = (
        slice(max(p.start - by, w.start), min(p.stop + by, w.stop))
        for p, w in zip(part, whole, strict=True)
    )
    return rows, cols


def _cut(cube: Tensor, window: Window) -> Tensor:
    """Cut a window out of a cube; a copy, unless it is all of it."""
    rows, cols = window
    return cube[:, rows, cols].contiguous()
