"""The network without torch: NumPy for spectra, ncnn for images."""
