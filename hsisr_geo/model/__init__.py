"""The group autoencoder and the latent diffusion: everything that needs torch, and nothing else."""
