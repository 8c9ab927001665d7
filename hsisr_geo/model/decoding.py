"""Detail decoding: components out of a cube, and what their change stands for added to it.

x = u + V V^T (Dec(E(u) + Δz) - Dec(E(u))): the detail is decoded as a difference, and kept within
the subspace V that the scene itself spans. Pixel by pixel, hence in strips of bounded memory.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from hsisr_geo.model.network import Network
from hsisr_geo.model.scene import Scene

__all__ = ["add_detail", "components_of"]

_PIXELS_AT_ONCE = 65536
# ^ spectra encoded or decoded together: 19 groups of 32 channels make 160 MB of one layer


def components_of(network: Network, scene: Scene, u: Tensor) -> Tensor:
    """Whitened components (component, row, col) of a standardised cube."""
    parts = [scene.basis.analyse(network.autoencoder.encode(u[:, rows])) for rows in _strips(u)]
    return torch.cat(parts, dim=1)


def add_detail(network: Network, scene: Scene, u: Tensor, change: Tensor) -> Tensor:
    """Add the detail that a change of the components stands for.

    `u` (band, row, col) standardised, `change` (component, row, col) -> shape of `u`.
    """
    out = torch.empty_like(u)
    for rows in _strips(u):
        z_u = network.autoencoder.encode(u[:, rows])
        z_sr = z_u + scene.basis.synthesise(change[:, rows], len(z_u))
        detail = network.autoencoder.detail(z_sr, z_u, len(u))
        if scene.subspace is not None:
            flat = detail.flatten(1)
            detail = (scene.subspace @ (scene.subspace.T @ flat)).reshape(detail.shape)
        out[:, rows] = u[:, rows] + detail
    return out


def _strips(cube: Tensor) -> Iterator[slice]:
    height = max(1, _PIXELS_AT_ONCE // cube.shape[2])
    for start in range(0, cube.shape[1], height):
        yield slice(start, min(start + height, cube.shape[1]))
