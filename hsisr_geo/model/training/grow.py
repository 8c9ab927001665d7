"""A larger denoiser that starts where a smaller one stopped.

Residual blocks added at the end of the body answer zero until they are trained, so the grown
network computes what the small one did (Chen et al. 2016, Net2Net: deeper by identity).
"""

from dataclasses import replace

import torch

from hsisr_geo.errors import ModelError
from hsisr_geo.model.network import Network
from hsisr_geo.resolver.config import ModelConfig


def grown(
    network: Network, config: ModelConfig, *, blocks: int | None, components: int | None
) -> tuple[Network, ModelConfig]:
    """Return the same function with `blocks` residual blocks, for `components` components.

    None keeps what the network has.

    Raises
    ------
    ModelError
        Fewer blocks than the network has: those it has learned would be lost.
    """
    present = config.denoiser_blocks
    if blocks is not None and blocks < present and config.sigma_y:
        # (a file with the first stage only has learned nothing that fewer blocks could lose)
        raise ModelError(
            f"model {config.name} has {present} blocks: it cannot start one of {blocks}; "
            f"give {present} blocks or more"
        )
    larger = replace(
        config,
        denoiser_blocks=blocks or present,
        components=components or config.components,
    )
    result = Network(larger)
    result.load_state_dict(network.state_dict(), strict=False)
    with torch.no_grad():
        for name, parameter in result.denoiser.blocks[present:].named_parameters():
            if ".second." in name:  # zero answers, but not zero gradients: it can learn
                parameter.zero_()
    return result, larger
