"""The engine as a program: how it is found, asked and heard. Plain Python, no QGIS."""
