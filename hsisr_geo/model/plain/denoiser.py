"""`PlainDenoiser`: the local U-Net on a CPU, its convolutions by Winograd's products, through ncnn.

A 3x3 convolution needs 36 multiplications for 16 pixels that way instead of 144 (Winograd 1980;
Lavin & Gray 2016), in float32 throughout. Noise levels are few, so scale and shift of a level are
multiplied into the weights of the layers that they follow: a net of these for each, made when it is
first needed; all else is one. Images stay in ncnn's own layout from one layer to the next, cut
there to what the next one reads (`reach.Layers`).
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.windows import Window, inside, scaled
from hsisr_geo.errors import ModelError
from hsisr_geo.files import temporary_folder
from hsisr_geo.heap import give_back
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
        import ncnn

        net, of_level = self._nets(upscale, level)
        whole = slice(0, condition.shape[0] // upscale), slice(0, condition.shape[1] // upscale)
        layers = layers_of(whole, part, self.blocks)
        noisy = np.zeros_like(condition) if y is None else y
        both = np.stack([noisy, condition])  # which ncnn borrows
        entering = _extractor(net)
        entering.input("in", ncnn.Mat(both))
        fine, first = _made(entering, "fine"), _made(entering, "begun")
        del entering, both
        body = first
        for block, (at, left) in enumerate(pairwise(layers.blocks)):
            check()
            given = {f"body{block}": body}
            hidden = {f"hidden{block}": _run(of_level, f"hidden{block}", **given)}
            body = _cut(_run(net, f"made{block}", **given, **hidden), left, at)
            del given, hidden
        last = layers.blocks[-1]
        body = _cut(body, layers.up, last)
        shuffled = _run(net, "shuffled", deep=body, first=_cut(first, layers.up, whole))
        near = scaled(layers.fine, upscale)
        made = _run(
            net,
            "out",
            kept=_cut(fine, near, scaled(whole, upscale)),
            shuffled=_cut(shuffled, near, scaled(layers.up, upscale)),
            packed=False,
        )
        rows, cols = scaled(inside(layers.part, layers.fine), upscale)
        return np.array(made)[0, rows, cols]

    @staticmethod
    def release() -> None:
        """Give back the memory of images that are not in use; any thread may go on computing."""
        for pool in _pools():
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

    def _text_of_level(self, level: float) -> "_Text":
        """First convolutions of the blocks."""
        text, embedding = _Text(), self._embedding(level)
        for block in range(self.blocks):
            weight, bias = self._conv(f"blocks.{block}.first")
            scale, shift = np.split(self._linear(f"blocks.{block}.level", embedding), 2)
            weight, bias = weight * (1 + scale)[:, None, None, None], bias * (1 + scale) + shift
            text.add("Input", f"body{block}", [], [f"body{block}"])
            text.convolve(f"body{block}", f"hidden{block}", weight, bias, bent=True)
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
            text.add("Input", f"body{block}", [], [f"body{block}"])
            text.add("Input", f"hidden{block}", [], [f"hidden{block}"])
            text.convolve(f"hidden{block}", f"more{block}", weight, bias)
            text.sum(f"body{block}", f"more{block}", f"made{block}")
        text.add("Input", "deep", [], ["deep"])
        text.add("Input", "first", [], ["first"])
        text.sum("deep", "first", "up")
        text.convolve("up", "channels", *self._conv(f"up.{upscale}.0"))
        text.add("PixelShuffle", "shuffled", ["channels"], ["shuffled"], f"0={upscale}")
        text.add("Input", "kept", [], ["kept"])
        text.sum("kept", "shuffled", "both")
        text.add("ReLU", "joint", ["both"], ["joint"])
        text.convolve("joint", "joined", *self._conv("join"), bent=True)
        text.convolve("joined", "out", *self._conv("tail"))
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
        """Add a convolution; one without stride keeps the size of its images."""
        kernel = weight.shape[2]
        pad = kernel // 2 if stride == 1 else 0
        how = {0: len(weight), 1: kernel, 3: stride, 4: pad, 5: 1, 6: weight.size, 9: int(bent)}
        text = " ".join(f"{key}={value}" for key, value in how.items())
        self.add("Convolution", makes, [reads], [makes], text)
        self.weights.append(struct.pack("<I", 0))  # float32 follows
        self.weights += [np.ascontiguousarray(w, "<f4").tobytes() for w in (weight, bias)]

    def sum(self, one: str, other: str, makes: str) -> None:
        """Add two images."""
        self.add("BinaryOp", makes, [one, other], [makes], "0=0")

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


def _run(net: Any, name: str, *, packed: bool = True, **images: Any) -> Any:
    """Feed images into a net, and return another."""
    extractor = _extractor(net)
    for blob, image in images.items():
        extractor.input(blob, image)
    return _made(extractor, name, packed=packed)


def _extractor(net: Any) -> Any:
    extractor = net.create_extractor()
    images, within_layers = _pools()
    extractor.set_blob_allocator(images)
    extractor.set_workspace_allocator(within_layers)
    return extractor


@cache
def _pools() -> tuple[Any, Any]:
    """Return where all nets and threads have memory from, as long as the program runs.

    Each net would have pools of its own otherwise, and keep all of it. A block is used again for
    no less than half of it: without that large ones are taken for little things.
    """
    import ncnn

    pools = ncnn.PoolAllocator(), ncnn.PoolAllocator()
    for pool in pools:
        pool.set_size_compare_ratio(0.5)
    return pools


def _made(extractor: Any, name: str, *, packed: bool = True) -> Any:
    failed, made = extractor.extract(name, _KEPT if packed else 0)
    if failed:
        raise MemoryError  # the only reason there is
    return made


def _cut(image: Any, window: Window, whole: Window) -> Any:
    """Cut a window out of an image that covers another."""
    import ncnn

    (top, left), (bottom, right) = (
        (ours.start - all_.start for ours, all_ in zip(window, whole, strict=True)),
        (all_.stop - ours.stop for ours, all_ in zip(window, whole, strict=True)),
    )
    if not any((top, bottom, left, right)):
        return image
    made = ncnn.Mat()
    ncnn.copy_cut_border(image, made, top, bottom, left, right, _alone())
    return made


@cache
def _alone() -> Any:
    """Return options with one thread: ncnn's own would wait for work by counting."""
    import ncnn

    options = ncnn.Option()
    options.num_threads = 1
    options.blob_allocator, _ = _pools()
    return options
