"""The steps of a new user, run inside QGIS by `qgis --code`; what to do is in the environment.

A step is a generator: it yields what it waits for, as a function, while QGIS goes on living.
"""

import os
import sys
import time
import traceback
from pathlib import Path

import processing
from qgis.core import QgsApplication, QgsProject, QgsSettings
from qgis.gui import QgsFilterLineEdit
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QApplication, QDockWidget, QTextBrowser, QTreeView
from qgis.utils import iface, plugins

ZIP, SCENE = os.environ["NEW_USER_ZIP"], os.environ["NEW_USER_SCENE"]
PICTURES = Path(os.environ["NEW_USER_PICTURES"])
HOME = Path(SCENE).parent
ENGINE = os.environ["NEW_USER_ENGINE"]
PATIENCE_S = 600
SIZE = 1400, 860


def install_from_zip():
    """Step 1: Plugins › Manage and Install Plugins › Install from ZIP."""
    import pyplugin_installer

    pyplugin_installer.instance().installFromZipFile(ZIP)
    yield lambda: "hsisr_geo_qgis" in plugins
    assert QgsApplication.processingRegistry().providerById("hsisr") is not None
    iface.messageBar().clearWidgets()


def set_up():
    """Step 2: the engine."""
    registry = QgsApplication.processingRegistry()
    able, message = registry.createAlgorithmById("hsisr:superresolve").canExecute()
    assert not able, "an engine was found although nothing is set up"
    assert message
    if ENGINE:
        QgsSettings().setValue("hsisr/executable", ENGINE)
    else:
        sys.path.insert(0, os.environ["NEW_USER_STEPS"])  # what --code runs is not a file
        import set_up_step

        yield from set_up_step.steps()
    able, message = registry.createAlgorithmById("hsisr:superresolve").canExecute()
    assert able, message


def open_scene():
    """Step 3: a layer."""
    layer = iface.addRasterLayer(SCENE, Path(SCENE).stem)
    assert layer.isValid()
    _true_colour(layer)
    yield from _settled()
    for name in ("Browser", "undo/redo dock", "Undo"):
        _hide(name)
    toolbox = _dock("ProcessingToolbox")
    toolbox.show()
    toolbox.raise_()
    docks = [_dock("Layers"), toolbox]  # wide enough for the names in them
    iface.mainWindow().resizeDocks(docks, [380, 340], Qt.Orientation.Horizontal)
    for field in toolbox.findChildren(QgsFilterLineEdit):
        field.setValue("hyperspectral")
    yield from _settled()
    for tree in toolbox.findChildren(QTreeView):
        tree.expandAll()
        _choose(tree, "Super-resolve raster")
    yield from _settled()
    _screen("qgis-toolbox.png")


def super_resolve():
    """Step 4: the dialog, Run, and the layer on the map."""
    dialog = processing.createAlgorithmDialog(
        "hsisr:superresolve",
        {"INPUT": SCENE, "UPSCALE": "2", "OUTPUT": str(HOME / "finer.tif")},
    )
    ended = _opened(dialog)
    yield from _settled()
    _grab(dialog, "qgis-dialog.png")
    dialog.runButton().click()
    yield lambda: ended
    assert ended == [True], dialog.feedback.textLog()
    dialog.close()
    names = [layer.name() for layer in QgsProject.instance().mapLayers().values()]
    assert f"{Path(SCENE).stem} ×2 (hsisr-base)" in names, names
    iface.zoomFull()
    iface.mapCanvas().zoomByFactor(0.55)
    yield from _settled()
    _screen("qgis-map.png")


def assess():
    """Step 5: how good it is here."""
    dialog = processing.createAlgorithmDialog(
        "hsisr:assess",
        {"INPUT": SCENE, "UPSCALE": "2", "REPORT": str(HOME / "report"), "EXTENT": _middle()},
    )
    ended = _opened(dialog)
    dialog.runButton().click()
    yield lambda: ended
    assert ended == [True], dialog.feedback.textLog()
    yield from _settled()
    links = [view for view in dialog.findChildren(QTextBrowser) if "index.html" in view.toHtml()]
    assert links, "no link to the report in the log"
    dialog.close()
    docks = iface.mainWindow().findChildren(QDockWidget)
    (results,) = (dock for dock in docks if type(dock).__name__ == "ResultsDock")
    assert results.isVisible()
    assert "index.html" in results.txtDescription.toHtml()
    yield from _settled()
    _screen("qgis-report.png")


STEPS = (install_from_zip, set_up, open_scene, super_resolve, assess)


def _everything():
    iface.mainWindow().showNormal()
    iface.mainWindow().setGeometry(2, 22, SIZE[0] - 4, SIZE[1] - 24)  # within a frame
    yield from _settled()
    for step in STEPS:
        started = time.monotonic()
        yield from step() or ()
        print(f"{step.__name__}: {time.monotonic() - started:.1f} s", flush=True)


def _opened(dialog):
    """Show the dialog; return a list that gets whether its run went well."""
    ended = []
    dialog.algorithmFinished.connect(lambda ok, results: ended.append(bool(ok)))
    dialog.resize(980, 720)
    dialog.show()
    dialog.move(200, 80)
    return ended


def _middle():
    """Return the extent of 64 x 64 pixels in the middle of the scene: a report of a minute."""
    layer = QgsProject.instance().mapLayersByName(Path(SCENE).stem)[0]
    middle, half = layer.extent().center(), 32 * layer.rasterUnitsPerPixelX()
    west, east = middle.x() - half, middle.x() + half
    return f"{west},{east},{middle.y() - half},{middle.y() + half} [{layer.crs().authid()}]"


def _true_colour(layer):
    from hsisr_geo_qgis.truecolor import show_in_true_color

    show_in_true_color(layer)
    layer.triggerRepaint()


def _choose(tree, text):
    flags = Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive
    top = tree.model().index(0, 0)
    found = tree.model().match(top, Qt.ItemDataRole.DisplayRole, text, -1, flags)
    tree.setCurrentIndex(found[0])


def _dock(name):
    return iface.mainWindow().findChild(QDockWidget, name)


def _hide(name):
    dock = _dock(name)
    if dock is not None:
        dock.hide()


def _settled(seconds=1.5):
    """Wait until the map is drawn and events have been served."""
    until = time.monotonic() + seconds
    yield lambda: time.monotonic() > until
    yield lambda: not iface.mapCanvas().isDrawing()


def _screen(name):
    _grab(iface.mainWindow(), name)


def _grab(widget, name):
    QApplication.processEvents()
    widget.grab().save(str(PICTURES / name))


def _drive(steps):
    """Go on with the steps whenever what they wait for is there; end QGIS when they end."""
    state = {"wait": lambda: True, "since": time.monotonic()}

    def go_on():
        try:
            if state["wait"]():
                state["wait"], state["since"] = next(steps), time.monotonic()
            elif time.monotonic() - state["since"] > PATIENCE_S:
                raise TimeoutError(f"still waiting after {PATIENCE_S} s")
        except StopIteration:
            _leave(0)
        except BaseException:
            traceback.print_exc()
            _screen("failed.png")
            _leave(1)
        QTimer.singleShot(100, go_on)

    QTimer.singleShot(2000, go_on)


def _leave(code):
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a usual exit asks whether to save the project


_drive(_everything())
