"""What a band is; wavelengths and scaling out of a file's tags, and back."""
