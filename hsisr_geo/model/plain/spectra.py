"""`Spectra`: components out of spectra, and what their change stands for added, in NumPy.

What `inference/decode.py` does with torch, reordered:

    c = A (E(u) - m)                          (components)
    x = u + V (p(E(u) + S dc) - p(E(u)))      (detail)
    p(z) = V^T Dec(z)

The decoder's last stages are linear but for one bend, so V^T is multiplied into them, and no cube
of all bands is made on the way. Latents are kept (latent, group, pixel), so that what the products
make of all groups at once needs no reordering; a spectrum is encoded once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.model import images
from hsisr_geo.model.groups import GLOBAL_TAPS, group_starts
from hsisr_geo.model.plain.spectral_net import BENT, STRAIGHT, PlainSpectralNet, Weights
from hsisr_geo.model.scene import Scene

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_CHUNK = 1 << 20  # floats of a buffer: of fewer, threads wait for each other's Python
_BLOCK = 32  # bands whose hidden values one product makes


@dataclass(frozen=True, eq=False)
class PlainAutoencoder:
    """Weights of the group autoencoder, whatever the scene."""

    group_size: int
    group_overlap: int
    encoder: PlainSpectralNet
    decoder: PlainSpectralNet
    weights: Weights

    @classmethod
    def of(cls, weights: Weights, group_size: int, group_overlap: int) -> "PlainAutoencoder":
        """Take the weights of a network."""
        encoder, decoder = (
            PlainSpectralNet.of(weights, f"autoencoder.{net}.") for net in ("encoder", "decoder")
        )
        return cls(group_size, group_overlap, encoder, decoder, weights)

    def starts(self, bands: int) -> list[int]:
        """First band of each group."""
        return group_starts(max(bands, self.group_size), self.group_size, self.group_overlap)

    def chunk(self, bands: int) -> int:
        """Spectra that go through together."""
        rows = max(self.encoder.rows, self.decoder.rows)
        return max(32, _CHUNK // (rows * len(self.starts(bands))))

    def encode(self, spectra: Floats) -> Floats:
        """Latents of standardised spectra: (band, pixel) -> (latent, group · pixel)."""
        bands, pixels = spectra.shape
        starts = self.starts(bands)
        buffer = self.encoder.buffer(len(starts) * pixels)
        groups = self.encoder.input(buffer).reshape(self.group_size, len(starts), pixels)
        present = min(bands, self.group_size)
        for number, start in enumerate(starts):
            groups[:present, number] = spectra[start : start + present]
        groups[present:] = spectra[-1]  # the last band stands in for those that miss
        return self.encoder.run(buffer)

    def latents(self, spectra: NDArray[np.float32]) -> Doubles:
        """Latents of spectra (pixel, band) -> (pixel, group · latent)."""
        bands = spectra.shape[1]
        made = []
        for start in range(0, len(spectra), step := self.chunk(bands)):
            some = np.ascontiguousarray(spectra[start : start + step].T)
            z = self.encode(some).reshape(-1, len(self.starts(bands)), some.shape[1])
            made.append(z.transpose(2, 1, 0).reshape(some.shape[1], -1))
        return np.concatenate(made).astype(np.float64)


class Bend(NamedTuple):
    """Hidden values of a few bands, by their rows among bands and hidden values."""

    bands: slice
    hidden: slice
    matrix: Floats
    bias: Floats


@dataclass(frozen=True, eq=False)
class Spectra:
    """The autoencoder bound to a scene.

    Attributes
    ----------
    analysis, offset
        (component, latent · group), (component, 1).
    synthesis
        (latent · group, component).
    bends
        Of the global stage, a few bands each.
    inner
        (rank, band + hidden value): V^T of what follows the groups.
    subspace
        V (band, rank).
    """

    net: PlainAutoencoder
    bands: int
    analysis: Floats
    offset: Floats
    synthesis: Floats
    bends: tuple["Bend", ...]
    inner: Floats
    subspace: Floats

    @classmethod
    def of(cls, net: PlainAutoencoder, scene: Scene) -> "Spectra":
        """Bind to a scene."""
        bands, groups = len(scene.mean), len(net.starts(len(scene.mean)))
        basis = scene.basis
        analysis = np.asarray(basis.analysis, np.float64)
        offset = -analysis @ np.asarray(basis.mean, np.float64)
        subspace = np.eye(bands) if scene.subspace is None else np.asarray(scene.subspace)
        bends, inner = _after_groups(net, bands, subspace.astype(np.float64))
        return cls(
            net,
            bands,
            images.single(_by_latent(analysis, groups)),
            images.single(offset[:, None]),
            images.single(_by_latent(np.asarray(basis.synthesis).T, groups).T),
            bends,
            inner,
            images.single(subspace),
        )

    @property
    def components(self) -> int:
        """Number of components."""
        return len(self.analysis)

    def chunk(self) -> int:
        """Spectra that go through together."""
        return self.net.chunk(self.bands)

    def components_of(self, u: Floats) -> tuple[Floats, Floats]:
        """Components (component, pixel) of standardised spectra (band, pixel), and latents E(u).

        Latents are (latent · group, pixel).
        """
        z = self.net.encode(u).reshape(-1, u.shape[1])
        made: Floats = self.analysis @ z
        made += self.offset
        return made, z

    def add_detail(self, u: Floats, z_u: Floats, change: Floats) -> Floats:
        """Add to spectra (band, pixel) what a change (component, pixel) stands for; in place.

        `z_u` are the spectra's latents. Returns the decoded p(z), for `move_detail`.
        """
        decoded = self._moved(z_u, change)
        u += self.subspace @ (decoded - self._inner(z_u))
        return decoded

    def move_detail(self, x: Floats, z_u: Floats, decoded: Floats, change: Floats) -> None:
        """Exchange in spectra the detail that was `decoded` for that of another change."""
        x += self.subspace @ (self._moved(z_u, change) - decoded)

    def _moved(self, z_u: Floats, change: Floats) -> Floats:
        return self._inner(z_u + self.synthesis @ change)

    def _inner(self, z: Floats) -> Floats:
        """V^T Dec of latents (latent · group, pixel) -> (rank, pixel), but for a constant."""
        net, pixels = self.net, z.shape[1]
        starts = net.starts(self.bands)
        buffer = net.decoder.buffer(len(starts) * pixels)
        net.decoder.input(buffer).reshape(z.shape)[:] = z
        groups = net.decoder.run(buffer).reshape(net.group_size, len(starts), pixels)
        after = np.empty((self.inner.shape[1], pixels), np.float32)
        bands = after[: self.bands]
        bands[:] = 0
        for number, start in enumerate(starts):
            some = bands[start : start + net.group_size]
            some += groups[: len(some), number]
        for bend in self.bends:
            hidden = np.matmul(bend.matrix, after[bend.bands], out=after[bend.hidden])
            hidden += bend.bias
            np.abs(hidden, out=hidden)
        made: Floats = self.inner @ after
        return made


def _after_groups(
    net: PlainAutoencoder, bands: int, subspace: Doubles
) -> tuple[tuple[Bend, ...], Floats]:
    """Multiply averaging of groups, global stage and V^T together; as `Spectra` holds them."""
    share = 1 / _cover(net, bands)
    direct = subspace.T * share
    if "autoencoder.global_stage.0.weight" not in net.weights:
        return (), images.single(direct)
    first = net.weights["autoencoder.global_stage.0.weight"][:, 0, :, 0].astype(np.float64)
    bias = net.weights["autoencoder.global_stage.0.bias"]
    second = net.weights["autoencoder.global_stage.2.weight"][0, :, :, 0].astype(np.float64)
    into = np.stack([_banded(taps, bands) for taps in first], axis=1)  # (band, width, band)
    into = into.reshape(bands * len(first), bands) * share
    out = np.stack([_banded(taps, bands) for taps in second], axis=2)  # (band, band, width)
    out = subspace.T @ out.reshape(bands, bands * len(first))
    bends = tuple(_bends(into, bias, bands))
    return bends, images.single(np.hstack([direct + STRAIGHT * out @ into, BENT * out]))


def _bends(into: Doubles, bias: Floats, bands: int) -> Iterator[Bend]:
    """Cut the banded matrix of the hidden values (hidden, band) into products of a few bands."""
    reach, width = GLOBAL_TAPS // 2, len(bias)
    for start in range(0, bands, _BLOCK):
        stop = min(start + _BLOCK, bands)
        used = slice(max(0, start - reach), min(bands, stop + reach))
        rows = slice(start * width, stop * width)
        yield Bend(
            used,
            slice(bands + rows.start, bands + rows.stop),
            images.single(into[rows, used]),
            np.tile(bias, stop - start)[:, None],
        )


def _cover(net: PlainAutoencoder, bands: int) -> Doubles:
    """Count the groups that each band is in."""
    cover = np.zeros(max(bands, net.group_size))
    for start in net.starts(bands):
        cover[start : start + net.group_size] += 1
    return cover[:bands]


def _banded(taps: Doubles, bands: int) -> Doubles:
    """Matrix (band, band) of a correlation with so many taps; nothing lies beyond the ends."""
    reach = len(taps) // 2
    offsets = range(-reach, reach + 1)
    return sum(
        (taps[k + reach] * np.eye(bands, k=k) for k in offsets if abs(k) < bands),
        np.zeros((bands, bands)),
    )


def _by_latent(matrix: NDArray[np.floating], groups: int) -> NDArray[np.floating]:
    """Reorder columns (group, latent) as (latent, group)."""
    rows, both = matrix.shape
    return matrix.reshape(rows, groups, both // groups).transpose(0, 2, 1).reshape(rows, both)
