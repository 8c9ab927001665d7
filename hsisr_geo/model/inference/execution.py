"""`Execution`: in what precision a network is run, and how much of a tile at a time.

Every number of a tile is made image by image, spectrum by spectrum or band by band, so the amounts
matter for speed and memory only. A CPU is fastest while what it works on stays in its cache, a GPU
when there is much to do at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hsisr_geo.cube.windows import Window
from hsisr_geo.errors import ModelError
from hsisr_geo.model.autoencoder import GroupAutoencoder
from hsisr_geo.model.denoiser import LocalUNet
from hsisr_geo.model.groups import group_starts
from hsisr_geo.model.inference.kernels import UnderWay, chunks

PRECISIONS = ("float32", "bfloat16")

_ALL = 1 << 30


@dataclass(frozen=True)
class Execution(UnderWay):
    """How a network is run.

    Attributes
    ----------
    precision
        `float32`; or `bfloat16` for the products of the denoiser's residual blocks, where most of
        the arithmetic is. All else, the sums over blocks too, is float32.
    images
        Components that go through the denoiser together.
    layer_bytes
        What one layer of the autoencoder may take: sets the spectra that go through it together.
    bands
        Bands that are back-projected together.
    strip_bytes
        What interpolated rows of all bands may take before they are encoded.
    keeps_latents
        Of the encoder, until they are decoded: a GPU's memory is for images.
    memory_format
        Of the network's weights: which layout of images the convolutions take.
    """

    precision: str = "float32"
    images: int = 1
    layer_bytes: int = 1 << 20
    bands: int = 8
    strip_bytes: int = 1 << 25
    keeps_latents: bool = False
    memory_format: torch.memory_format = torch.channels_last

    def __post_init__(self) -> None:
        """Refuse an unknown precision."""
        if self.precision not in PRECISIONS:
            raise ModelError(f"unknown precision {self.precision!r}: use {' or '.join(PRECISIONS)}")

    @classmethod
    def on(cls, device: torch.device, precision: str = "float32") -> "Execution":
        """Return what suits a device."""
        if device.type == "cpu":
            return cls(precision)
        return cls(
            precision,
            images=_ALL,
            layer_bytes=1 << 28,
            bands=64,
            strip_bytes=1 << 28,
        )

    def prepare(self, network: nn.Module) -> None:
        """Lay out the weights of a network, and have float32 mean float32.

        On CUDA torch rounds a convolution's inputs to 11 bits (TF32) unless told not to.
        """
        network.to(memory_format=self.memory_format)  # type: ignore[call-overload]
        torch.backends.cudnn.allow_tf32 = False

    def denoise(
        self,
        denoiser: LocalUNet,
        y: Tensor,
        condition: Tensor,
        level: Tensor,
        upscale: int,
        part: Window,
    ) -> Tensor:
        """Evaluate the denoiser over a part of its input; float32 (image, 1, row, col)."""
        made = []
        for batch in chunks(len(y), self.images):
            self.check()
            made.append(
                denoiser(y[batch], condition[batch], level[batch], upscale, part, self._dtype)
            )
            self.tell(len(made[-1]) / len(y))
        return torch.cat(made)

    @property
    def _dtype(self) -> torch.dtype:
        return torch.bfloat16 if self.precision == "bfloat16" else torch.float32

    def spectra(self, autoencoder: GroupAutoencoder, bands: int) -> int:
        """Spectra that go through the autoencoder together."""
        size, overlap = autoencoder.group_size, autoencoder.group_overlap
        groups = len(group_starts(max(bands, size), size, overlap))
        return max(64, self.layer_bytes // (4 * groups * autoencoder.width))

    def strips(self, pixels: slice, row_floats: int) -> Iterator[slice]:
        """Cut output rows into strips of bounded memory; `row_floats` are those of one row."""
        height = max(1, self.strip_bytes // (4 * max(row_floats, 1)))
        for rows in chunks(pixels.stop - pixels.start, height):
            yield slice(pixels.start + rows.start, pixels.start + rows.stop)
