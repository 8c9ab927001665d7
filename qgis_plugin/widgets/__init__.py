"""Fields of the dialogs that QGIS has none for."""
