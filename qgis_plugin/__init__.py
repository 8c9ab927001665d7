"""QGIS plugin: hyperspectral super-resolution in the Processing toolbox.

Nothing of `hsisr_geo` is imported here: QGIS and the engine live in two Pythons, and the plugin
starts the `hsisr-geo` executable for every run.
"""


def classFactory(iface):
    """Make the plugin; QGIS calls this once, with None as `iface` in qgis_process."""
    from .plugin import HsisrPlugin

    return HsisrPlugin(iface)
