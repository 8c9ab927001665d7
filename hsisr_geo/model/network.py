"""A model as a whole: autoencoder and denoiser, built from one `ModelConfig`."""

from torch import nn

from hsisr_geo.model.autoencoder import GroupAutoencoder
from hsisr_geo.model.denoiser import LocalUNet
from hsisr_geo.resolver.config import ModelConfig


class Network(nn.Module):
    """Container of both stages; its state dict is what a model file holds."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.autoencoder = GroupAutoencoder(
            group_size=config.group_size,
            group_overlap=config.group_overlap,
            latent_channels=config.latent_channels,
            width=config.autoencoder_width,
            depth=config.autoencoder_depth,
            global_width=config.global_width,
        )
        self.denoiser = LocalUNet(
            config.upscales,
            width=config.denoiser_width,
            blocks=config.denoiser_blocks,
            fine_width=config.denoiser_fine_width,
        )
