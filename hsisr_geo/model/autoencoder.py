"""Group autoencoder: spectra <-> a few latent channels per group of neighbouring bands.

After the group autoencoder of DMGASR (Wang et al., 2024, section III-B), with three changes
that `docs/method.md` measures: encoder and decoder see one pixel at a time (1x1 convolutions),
so they have no reach and one pass over a scene's sampled spectra tells their statistics; the
global stage convolves along the band axis, so one set of weights serves any number of bands;
and the decoder is only ever used as a *difference* (`detail`), so that what the latents cannot
carry is never taken out of a spectrum.

Inputs are standardised per band by the scene's own mean and deviation (`raster/statistics.py`).
"""

import torch
from torch import Tensor, nn

from hsisr_geo.model.groups import GLOBAL_TAPS, group_starts


class SpectralBlock(nn.Module):
    """Residual pair of 1x1 convolutions: the spectral half of the paper's SSB block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.expand = nn.Conv2d(width, width, 1)
        self.project = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map to the same shape: (group, width, row, col)."""
        out: Tensor = x + 0.1 * self.project(nn.functional.leaky_relu(self.expand(x), 0.01))
        return out


class SpectralNet(nn.Module):
    """A linear map plus a small residual network beside it.

    The linear path makes the first guess a projection, as PCA would; the network bends it.
    """

    def __init__(self, channels_in: int, channels_out: int, width: int, depth: int) -> None:
        super().__init__()
        self.linear = nn.Conv2d(channels_in, channels_out, 1, bias=False)
        self.head = nn.Conv2d(channels_in, width, 1)
        self.blocks = nn.Sequential(*(SpectralBlock(width) for _ in range(depth)))
        self.tail = nn.Conv2d(width, channels_out, 1)
        for parameter in self.tail.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """Map (group, channels_in, row, col) to (group, channels_out, row, col)."""
        out: Tensor = self.linear(x) + self.tail(
            nn.functional.leaky_relu(self.blocks(self.head(x)), 0.01)
        )
        return out


class GroupAutoencoder(nn.Module):
    """Encode groups of neighbouring bands and decode them together.

    Parameters
    ----------
    group_size, group_overlap
        Bands per group and bands shared by neighbouring groups; the last group is end-aligned.
    latent_channels
        Channels per group, at full resolution.
    width, depth
        Channels and residual blocks of the group encoder and decoder, shared by all groups.
    global_width
        Channels of the global stage along the band axis; 0 leaves it out.
    """

    def __init__(
        self,
        *,
        group_size: int = 16,
        group_overlap: int = 4,
        latent_channels: int = 5,
        width: int = 32,
        depth: int = 2,
        global_width: int = 4,
    ) -> None:
        super().__init__()
        self.group_size = group_size
        self.group_overlap = group_overlap
        self.width = width
        self.encoder = SpectralNet(group_size, latent_channels, width, depth)
        self.decoder = SpectralNet(latent_channels, group_size, width, depth)
        self.global_stage = _global_stage(global_width) if global_width else None

    def encode(self, x: Tensor) -> Tensor:
        """Latents of a standardised cube: (band, row, col) -> (group, latent, row, col)."""
        z: Tensor = self.encoder(self._groups(x))
        return z

    def decode(self, z: Tensor, band_count: int) -> Tensor:
        """Cube of latents: (group, latent, row, col) -> (band, row, col).

        Bands covered by several groups are averaged, then the global stage corrects all of them.
        """
        y = self._merge(self.decoder(z), band_count)
        if self.global_stage is None:
            return y
        rows, cols = y.shape[1:]
        bands_last = y.reshape(1, 1, band_count, rows * cols)
        correction: Tensor = self.global_stage(bands_last)
        return y + correction.reshape(band_count, rows, cols)

    def detail(self, z_sr: Tensor, z_u: Tensor, band_count: int) -> Tensor:
        """Return what moving the latents from `z_u` to `z_sr` adds: Dec(z_sr) - Dec(z_u)."""
        return self.decode(z_sr, band_count) - self.decode(z_u, band_count)

    def forward(self, x: Tensor) -> Tensor:
        """Plain reconstruction, Dec(E(x)), of a standardised cube (band, row, col)."""
        return self.decode(self.encode(x), x.shape[0])

    def _groups(self, x: Tensor) -> Tensor:
        missing = self.group_size - x.shape[0]
        if missing > 0:  # fewer bands than a group: the last band stands in for the missing ones
            x = torch.cat([x, x[-1:].expand(missing, -1, -1)])
        starts = group_starts(x.shape[0], self.group_size, self.group_overlap)
        return torch.stack([x[s : s + self.group_size] for s in starts])

    def _merge(self, groups: Tensor, band_count: int) -> Tensor:
        padded = max(band_count, self.group_size)
        starts = group_starts(padded, self.group_size, self.group_overlap)
        total = groups.new_zeros(padded, *groups.shape[2:])
        cover = groups.new_zeros(padded, 1, 1)
        for group, start in zip(groups, starts, strict=True):
            total[start : start + self.group_size] += group
            cover[start : start + self.group_size] += 1
        return (total / cover)[:band_count]


def _global_stage(width: int) -> nn.Sequential:
    stage = nn.Sequential(
        nn.Conv2d(1, width, (GLOBAL_TAPS, 1), padding=(GLOBAL_TAPS // 2, 0)),
        nn.LeakyReLU(0.01),
        nn.Conv2d(width, 1, (GLOBAL_TAPS, 1), padding=(GLOBAL_TAPS // 2, 0)),
    )
    for parameter in stage[2].parameters():
        nn.init.zeros_(parameter)
    return stage
