"""The spectra of pixels, before and after: read, drawn, kept, exported."""
