"""What QGIS keeps of the engine: which one is used, and the models that it told."""
