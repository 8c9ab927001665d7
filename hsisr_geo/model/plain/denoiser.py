"""`PlainDenoiser`: the local U-Net on a CPU, its convolutions by Winograd's products, through ncnn.

A 3x3 convolution needs 36 multiplications for 16 pixels that way instead of 144 (Winograd 1980;
Lavin & Gray 2016), in float32 throughout. Noise levels are few, so scale and shift of a level are
multiplied into the weights of the layers that they follow: a net of these for each, made when it is
first needed; all else is one. Each layer makes what the next one reads (`reach.Layers`), in strips
(`image`).
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.windows import Window, phases, scaled, widened
from hsisr_geo.errors import ModelError
from hsisr_geo.files import temporary_folder
from hsisr_geo.heap import give_back
from hsisr_geo.model.plain.image import Image, Layer, pixels_of, pools, repacked, strips
from hsisr_geo.model.reach import layers_of, level_waves

Floats = NDArray[np.float32]
_KEPT = 1  # of `extract`: leave an image in ncnn's own layout
_RESIDUAL = 0.2  # of a block
_EXACT = ("use_fp16_storage", "use_fp16_packed", "use_fp16_arithmetic", "use_bf16_storage")


@dataclass(eq=False)
class PlainDenoiser:
    """The denoiser of a network; weights by the names of `LocalUNet`, `denoiser.` first."""

    weights: Mapping[str, Floats]
    blocks: int
    _layers: dict[int, Any] = field(default_factory=dict)
    _of_level: dict[float, Any] = field(default_factory=dict)
    _making: Lock = field(default_factory=Lock)

    def __call__(
        self,
        y: Floats | None,
        condition: Floats,
        level: float,
        upscale: int,
        part: Window,
        check: Callable[[], None] = lambda: None,
    ) -> Floats:
        """Predict the clean residual of one component; as `LocalUNet.forward`.

        `y` and `condition` (row, col) at output resolution, `y` None for zeros -> (row, col) over
        the part. `check` is called between blocks, and may raise.
        """
        net, of_level = self._nets(upscale, level)
        whole = slice(0, condition.shape[0] // upscale), slice(0, condition.shape[1] // upscale)
        layers = layers_of(whole, part, self.blocks)
        fine, body = self._begun(net, y, condition, whole, upscale)
        first = body.at(layers.up)
        for block, (at, left) in enumerate(pairwise(layers.blocks)):
            check()
            hidden = _convolved(_layer(of_level, f"hidden{block}"), body, widened(left, 1, at))
            body = _convolved(_layer(net, f"made{block}"), hidden, left, more=body)
            del hidden
        inner = body.at(layers.up)
        np.add(inner, first, out=inner)
        joint = _joint(_layer(net, "up"), body, fine, layers.fine, upscale)
        del body, first, inner, fine
        wanted = scaled(layers.part, upscale)
        joined = _convolved(
            _layer(net, "joined"), joint, widened(wanted, 1, scaled(whole, upscale))
        )
        return _convolved(_layer(net, "out"), joined, wanted).at(wanted)[0, :, :, 0].copy()

    @staticmethod
    def release() -> None:
        """Give back the memory of images that are not in use; any thread may go on computing."""
        for pool in pools():
            pool.clear()
        give_back()

    def _nets(self, upscale: int, level: float) -> tuple[Any, Any]:
        """Return the net of the layers that know no level, and that of the others."""
        with self._making:
            if upscale not in self._layers:
                self._layers[upscale] = _load(self._text(upscale))
            if level not in self._of_level:
                self._of_level[level] = _load(self._text_of_level(level))
            return self._layers[upscale], self._of_level[level]

    def _begun(
        self, net: Any, y: Floats | None, condition: Floats, whole: Window, upscale: int
    ) -> tuple[Image, Image]:
        """Return what the first layer makes, at output resolution, and the next one of it."""
        import ncnn

        both = np.zeros((2, *(side + 2 for side in condition.shape)), np.float32)  # framed
        if y is not None:
            both[0, 1:-1, 1:-1] = y
        both[1, 1:-1, 1:-1] = condition
        channels = len(self._conv("head")[1])
        made: list[Image] = []
        for strip in strips(whole, channels * upscale * condition[0].nbytes):
            windows = scaled(strip, upscale), strip
            rows = windows[0][0]
            given = np.ascontiguousarray(both[:, rows.start : rows.stop + 2])  # ncnn borrows it
            extractor = _extractor(net)
            extractor.input("in", ncnn.Mat(given))
            pixels = [pixels_of(_made(extractor, name)) for name in ("fine", "begun")]
            del extractor
            made = made or [
                Image.like(pixels[0], scaled(whole, upscale)),
                Image.like(pixels[1], whole),
            ]
            for image, window, part in zip(made, windows, pixels, strict=True):
                image.at(window)[...] = part
        return made[0], made[1]

    def _text_of_level(self, level: float) -> "_Text":
        """First convolutions of the blocks."""
        text, embedding = _Text(), self._embedding(level)
        for block in range(self.blocks):
            weight, bias = self._conv(f"blocks.{block}.first")
            scale, shift = np.split(self._linear(f"blocks.{block}.level", embedding), 2)
            weight, bias = weight * (1 + scale)[:, None, None, None], bias * (1 + scale) + shift
            text.alone(f"hidden{block}", weight, bias, bent=True)
        return text

    def _text(self, upscale: int) -> "_Text":
        """All other layers."""
        text = _Text()
        text.add("Input", "in", [], ["in"])
        text.convolve("in", "fine", *self._conv("head"))
        text.add("ReLU", "bent", ["fine"], ["bent"])
        text.convolve("bent", "begun", *self._conv(f"down.{upscale}"), stride=upscale)
        for block in range(self.blocks):
            weight, bias = (_RESIDUAL * w for w in self._conv(f"blocks.{block}.second"))
            text.alone(f"made{block}", weight, bias)
        by_phase = (_by_phase(w, upscale) for w in self._conv(f"up.{upscale}.0"))
        text.alone("up", *by_phase)
        text.alone("joined", *self._conv("join"), bent=True)
        text.alone("out", *self._conv("tail"))
        return text

    def _conv(self, name: str) -> tuple[Floats, Floats]:
        return self.weights[f"denoiser.{name}.weight"], self.weights[f"denoiser.{name}.bias"]

    def _linear(self, name: str, x: Floats) -> Floats:
        weight, bias = self._conv(name)
        made: Floats = weight @ x + bias
        return made

    def _embedding(self, level: float) -> Floats:
        hidden = self._linear("level.0", level_waves(level))
        return self._linear("level.2", hidden / (1 + np.exp(-hidden)))


@dataclass
class _Text:
    """A net in ncnn's own language, and the weights that it reads, in that order."""

    lines: list[str] = field(default_factory=list)
    blobs: set[str] = field(default_factory=set)
    weights: list[bytes] = field(default_factory=list)

    def add(self, kind: str, name: str, reads: list[str], makes: list[str], how: str = "") -> None:
        """Add a layer; nobody else may read what it reads."""
        self.blobs |= {*reads, *makes}
        counts = f"{len(reads)} {len(makes)}"
        self.lines.append(" ".join([kind, name, counts, *reads, *makes, how]))

    def convolve(
        self,
        reads: str,
        makes: str,
        weight: Floats,
        bias: Floats,
        *,
        stride: int = 1,
        bent: bool = False,
    ) -> None:
        """Add a convolution; what it makes ends where it would read beyond its images."""
        how = {0: len(weight), 1: weight.shape[2], 3: stride, 5: 1, 6: weight.size, 9: int(bent)}
        text = " ".join(f"{key}={value}" for key, value in how.items())
        self.add("Convolution", makes, [reads], [makes], text)
        self.weights.append(struct.pack("<I", 0))  # float32 follows
        self.weights += [np.ascontiguousarray(w, "<f4").tobytes() for w in (weight, bias)]

    def alone(self, makes: str, weight: Floats, bias: Floats, *, bent: bool = False) -> None:
        """Add a convolution that is given its images."""
        reads = f"of_{makes}"
        self.add("Input", reads, [], [reads])
        self.convolve(reads, makes, weight, bias, bent=bent)

    def __str__(self) -> str:
        return "\n".join(["7767517", f"{len(self.lines)} {len(self.blobs)}", *self.lines, ""])


def _load(text: _Text) -> Any:
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = 1  # they are ours: a component each
    for option in _EXACT:
        setattr(net.opt, option, False)
    # ncnn would only borrow weights in memory, and Python frees them: hence a file
    with temporary_folder() as folder:
        file = folder / "weights"
        file.write_bytes(b"".join(text.weights))
        if net.load_param_mem(str(text)) or net.load_model(str(file)):
            raise ModelError("ncnn does not take the denoiser: set HSISR_GEO_BACKEND=torch")
    return net


def _by_phase(weight: Floats, upscale: int) -> Floats:
    """Order what is shuffled by output pixels of an input pixel first: (row, col, channel)."""
    channels = weight.reshape(-1, upscale, upscale, *weight.shape[1:])
    return np.moveaxis(channels, 0, 2).reshape(weight.shape)


def _layer(net: Any, name: str) -> Layer:
    """Return what makes an image of the one that a net has for it."""

    def make(image: Any) -> Any:
        extractor = _extractor(net)
        extractor.input(f"of_{name}", image)
        return _made(extractor, name)

    return make


def _extractor(net: Any) -> Any:
    extractor = net.create_extractor()
    images, within_layers = pools()
    extractor.set_blob_allocator(images)
    extractor.set_workspace_allocator(within_layers)
    return extractor


def _made(extractor: Any, name: str) -> Any:
    failed, made = extractor.extract(name, _KEPT)
    if failed:
        raise MemoryError  # the only reason there is
    return made


def _convolved(layer: Layer, image: Image, window: Window, more: Image | None = None) -> Image:
    """Make a window of what a layer makes of an image, and add another."""
    made = None
    for strip, pixels in image.through(layer, window):
        made = made or Image.like(pixels, window)
        if more is None:
            made.at(strip)[...] = pixels
        else:
            np.add(pixels, more.at(strip), out=made.at(strip))
    assert made is not None
    return made


def _joint(layer: Layer, body: Image, fine: Image, window: Window, upscale: int) -> Image:
    """Add what a layer makes for the output pixels of each of a body's to `fine`, and bend it."""
    made = Image.like(fine.pixels, scaled(window, upscale))
    for strip, pixels in body.through(layer, window):
        at = scaled(strip, upscale)
        out, more = made.at(at), fine.at(at)
        shape = upscale**2, len(out), *pixels.shape[1:3], -1
        shuffled = repacked(pixels, out.shape[-1]).reshape(shape)
        kept, sums = (phases(np.moveaxis(image, 0, 2), upscale) for image in (more, out))
        for one, other, both in zip(np.moveaxis(shuffled, 1, 3), kept, sums, strict=True):
            np.add(one, other, out=both)
        np.maximum(out, 0, out=out)
    return made
