"""`PreparedTile`: a window made ready once, for all answers that are asked of it.

Best estimate and samples share interpolation, components and the sampler's first step. Each answer
is then decoded, and made consistent with the input. Each stage makes what the later ones read
(`Extents`), by the arithmetic of a backend (`Kernels`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.windows import Window, inside, scaled
from hsisr_geo.errors import ModelError
from hsisr_geo.model import chain, images
from hsisr_geo.model.axes.normalise import Normaliser
from hsisr_geo.model.axes.signal import SignalAxes, summed
from hsisr_geo.model.chain import Array
from hsisr_geo.model.extents import Extents
from hsisr_geo.model.inference.kernels import Kept, Kernels, chunks
from hsisr_geo.model.inference.strips import Strip, components, decoded, interpolated
from hsisr_geo.resolver.config import ModelConfig

_PIXELS = 4096  # of all bands, brought to the axes at a time


@dataclass(frozen=True, eq=False)
class PreparedTile:
    """A window, and what all its answers have in common, whatever their detail and noise.

    A tile of one evaluation gives one answer, which is made in place of `best` and `given`.

    Attributes
    ----------
    degradation
        What the answers are made consistent with.
    extents
        Of the stages, in pixels of `x_lr`.
    noise_window
        What a noise field must cover, in output pixels of the window that was given.
    x_lr
        Input (band, row, col), standardised and normalised, as far as it is read; None where no
        answer needs it any more.
    given
        What the answers are made consistent with: the standardised input over the extents' piece.
    c_u, first
        Components of the interpolation, and the network's best estimate of their change, both
        (component, upscale·row, upscale·col), over what the first evaluation and the second read;
        None where no answer needs them any more.
    best
        The best estimate before back-projection, standardised; covers the extents' piece.
    kept
        Of the decoder, for each strip of the piece that it was made in.
    """

    kernels: Kernels
    config: ModelConfig
    degradation: Degradation
    extents: Extents
    noise_window: Window
    x_lr: Array | None
    given: Array
    c_u: Array | None
    first: Array | None
    best: Array
    kept: dict[int, Kept]

    @classmethod
    def of(
        cls,
        kernels: Kernels,
        config: ModelConfig,
        x_lr: Array,
        part: Window | None = None,
        *,
        evaluations: int = 1,
        degradation: Degradation | None = None,
    ) -> "PreparedTile":
        """Prepare a window (band, row, col) in physical units.

        `part` None is all of it; `degradation` None the model's own; `evaluations` of the network
        are what an answer takes, one for the best estimate, `config.diffusion_steps` for a sample.
        """
        upscale = kernels.upscale
        assumed = degradation or config.declared(upscale)
        rows, cols = x_lr.shape[1:]
        given = Extents.of((rows, cols), part, config, assumed, evaluations=evaluations)
        x_lr = _cut(x_lr, given.read) - kernels.mean
        x_lr /= kernels.std
        extents = given.of_what_is_read()
        original = _cut(x_lr, extents.piece)
        x_lr = _normalised(kernels.normaliser, x_lr)
        seen, after = extents.seen(evaluations), extents.seen(evaluations - 1)
        c_u, latents = components(kernels, x_lr, seen, extents.piece)
        first = kernels.denoise(None, c_u, 0.0, inside(after, seen))
        change = config.factor("shrinkage", upscale) * _over(extents.piece, first, after, upscale)
        change = config.factor("sigma_y", upscale) * change
        again = evaluations > 1 and kernels.components > 0
        if not again:
            c_u = first = None
        best, kept = decoded(kernels, x_lr, extents.piece, latents, change, keep=again)
        return cls(
            kernels,
            config,
            assumed,
            extents,
            scaled(given.seen(evaluations - 1), upscale),
            x_lr if again else None,
            original,
            c_u,
            first,
            best,
            kept,
        )

    def answer(self, detail: float, noise: Array | None) -> Array:
        """Return the super-resolution of the part, standardised.

        Raises
        ------
        ModelError
            A sample (detail > 0) without a noise field (1, row, col) over all output pixels of the
            window that was given.
        """
        if detail == 0 or not self.kernels.components:
            return self._consistent(self.best, keep=self.extents.evaluations > 1)
        if noise is None:
            raise ModelError("a sample (detail > 0) needs a noise field")
        return self._consistent(self._textured(detail, noise), keep=False)

    def physical(self, x: Array) -> Array:
        """Return standardised bands in physical units; changes `x`."""
        x *= self.kernels.std
        x += self.kernels.mean
        return x

    def _consistent(self, x: Array, *, keep: bool) -> Array:
        """Bring a cube over the piece back to the input; what is left is the part.

        In place, unless `keep`: a second cube is most of a tile's memory.
        """
        rows, cols = scaled(inside(self.extents.part, self.extents.piece), self.kernels.upscale)
        out = x[:, rows, cols]
        if not self.config.back_projections:
            return out + 0 if keep else out  # + 0: a copy, of either library
        missing = self._missing(x)
        if keep:
            out = self.kernels.empty(*out.shape)

        def add(some: slice) -> None:
            fine = images.interpolate(missing(some), self.kernels.upscale)
            out[some] = (x[some] + fine)[:, rows, cols]

        self.kernels.each(add, self._bands())
        return out

    def _missing(self, x: Array) -> Callable[[slice], Array]:
        """Return, for some bands, the coarse images whose interpolation an answer lacks.

        They take the place of what is given where no other answer needs it.
        """
        last = self.extents.evaluations == 1
        residual = self.given if last else self.kernels.empty(*self.given.shape)
        signal, iterations = self.kernels.signal, self.config.back_projections

        def compare(some: slice) -> None:
            self.kernels.check()
            missing = self.given[some] - images.degrade(x[some], self.degradation)
            if signal is None:
                missing = summed(missing, 1.0, self.degradation, iterations)
            residual[some] = missing

        self.kernels.each(compare, self._bands())
        if signal is None:
            return lambda some: residual[some]
        axes = self._along(signal, residual)

        def add_up(some: slice) -> None:
            share = signal.share[some]
            axes[some] = summed(axes[some], share, self.degradation, iterations)

        self.kernels.each(add_up, chunks(len(axes), self.kernels.bands))
        return partial(signal.across, axes)

    def _along(self, signal: SignalAxes, residual: Array) -> Array:
        """Bands (band, row, col) -> axes (axis, row, col), in the same memory."""
        cols, count = residual.shape[2], signal.axes.shape[1]

        def turn(rows: slice) -> None:
            height = rows.stop - rows.start
            flat = residual[:, rows].reshape(len(residual), height * cols)
            residual[:count, rows] = signal.along(flat).reshape(count, height, cols)

        self.kernels.each(turn, chunks(residual.shape[1], max(1, _PIXELS // cols)))
        return residual[:count]

    def _bands(self) -> Iterator[slice]:
        """Cut the bands into as many as are brought back together."""
        return chunks(len(self.best), self.kernels.bands)

    def _textured(self, detail: float, noise: Array) -> Array:
        """Move the best estimate towards the sample of a noise field; standardised."""
        kernels, config, upscale = self.kernels, self.config, self.kernels.upscale
        y = self._sample(_cut(kernels.take(noise), self.noise_window))
        change = config.factor("sigma_y", upscale) * y
        mean, std = kernels.mean, kernels.std
        textured = kernels.empty(*self.best.shape)

        def move(strip: Strip) -> None:
            number, rows, u = strip
            best = self.best[:, rows]
            made = kernels.other_detail(best, self.kept.get(number), change[:, rows], u)
            moved = chain.add_texture(
                best * std + mean,
                made * std + mean,
                detail,
                shading=config.factor("shading", upscale),
                colour=config.factor("colour", upscale),
            )
            textured[:, rows] = (moved - mean) / std

        assert self.x_lr is not None
        kernels.each(move, interpolated(kernels, self.x_lr, self.extents.piece))
        return textured

    def _sample(self, noise: Array) -> Array:
        """Draw y_0 (component, row, col) over the piece; each evaluation covers less."""
        assert self.first is not None
        to_come, upscale = self.extents.evaluations - 1, self.kernels.upscale
        everywhere = self.extents.seen(self.extents.evaluations)

        def denoise(y_t: Array, level: float) -> Array:
            nonlocal to_come
            seen, to_come = self.extents.seen(to_come), to_come - 1
            here = _over(seen, self.c_u, everywhere, upscale)
            left = inside(self.extents.seen(to_come), seen)
            return self.kernels.denoise(y_t, here, level, left)

        def narrow(y_t: Array) -> Array:
            return _over(self.extents.seen(to_come), y_t, self.extents.seen(to_come + 1), upscale)

        # The noise, (1, row, col), is the same for all components: independent noise makes spectra
        # that no material has.
        return chain.sample(denoise, noise, self.config.diffusion_steps, self.first, narrow)


def _normalised(normaliser: Normaliser | None, x_lr: Array) -> Array:
    """Return the input as the network knows it."""
    if normaliser is None:
        return x_lr
    return x_lr + normaliser.across(normaliser.change(normaliser.along(x_lr)))


def _over(wanted: Window, made: Array, covered: Window, upscale: int) -> Array:
    """Cut images of output pixels that cover a window of the input to what covers another."""
    return _cut(made, scaled(inside(wanted, covered), upscale))


def _cut(cube: Array, window: Window) -> Array:
    """Cut a window out of a cube or of images; a view."""
    rows, cols = window
    return cube[..., rows, cols]
