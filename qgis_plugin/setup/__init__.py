"""Makes the engine an environment of its own. Plain Python, no QGIS."""
