"""How our network learns: autoencoder first, then the denoiser."""
