"""Detail decoding: components out of a cube, and what their change stands for added to it.

x = u + V V^T (Dec(E(u) + Δz) - Dec(E(u))): the detail is decoded as a difference, and kept within
the subspace V that the scene itself spans. Pixel by pixel, hence some spectra at a time.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from hsisr_geo.model.inference.execution import Execution
from hsisr_geo.model.inference.kernels import chunks
from hsisr_geo.model.network import Network
from hsisr_geo.model.scene import Scene


def components_of(
    network: Network, scene: Scene, u: Tensor, execution: Execution | None = None
) -> Tensor:
    """Whitened components (component, row, col) of a standardised cube."""
    spectra = u.flatten(1)
    out = u.new_empty(scene.basis.components, spectra.shape[1])
    for some in _some(network, spectra, execution):
        z = network.autoencoder.encode(spectra[:, None, some])
        out[:, some] = scene.basis.analyse(z)[:, 0]
    return out.reshape(len(out), *u.shape[1:])


def add_detail(
    network: Network,
    scene: Scene,
    u: Tensor,
    change: Tensor,
    execution: Execution | None = None,
) -> Tensor:
    """Add the detail that a change of the components stands for.

    `u` (band, row, col) standardised, `change` (component, row, col) -> shape of `u`.
    """
    spectra, change = u.flatten(1), change.flatten(1)
    out = torch.empty_like(spectra)
    for some in _some(network, spectra, execution):
        z_u = network.autoencoder.encode(spectra[:, None, some])
        z_sr = z_u + scene.basis.synthesise(change[:, None, some], len(z_u))
        detail = network.autoencoder.detail(z_sr, z_u, len(u))[:, 0]
        if scene.subspace is not None:
            detail = scene.subspace @ (scene.subspace.T @ detail)
        torch.add(spectra[:, some], detail, out=out[:, some])
    return out.reshape(u.shape)


def _some(network: Network, spectra: Tensor, execution: Execution | None) -> Iterator[slice]:
    execution = execution or Execution.on(spectra.device)
    return chunks(spectra.shape[1], execution.spectra(network.autoencoder, len(spectra)))
