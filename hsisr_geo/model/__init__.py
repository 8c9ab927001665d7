"""The group autoencoder and the latent diffusion: the network, by torch, or by NumPy and ncnn."""

import os

# Threads of OpenMP wait for work by counting, and take the time of whatever else runs here. Its
# libraries come with torch and ncnn, and read this once, when they are loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
