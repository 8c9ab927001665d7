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
from qgis.PyQt.QtCore import QEvent, QPointF, Qt, QTimer
from qgis.PyQt.QtGui import QMouseEvent
from qgis.PyQt.QtWidgets import (
    QApplication,
    QDockWidget,
    QGroupBox,
    QTextBrowser,
    QToolButton,
    QTreeView,
)
from qgis.utils import iface, plugins

ZIP, HOME = os.environ["NEW_USER_ZIP"], Path(os.environ["NEW_USER_HOME"])
PICTURES = Path(os.environ["NEW_USER_PICTURES"])
SCENE = "made-up scene (30 m)"
ENGINE = os.environ["NEW_USER_ENGINE"]
PATIENCE_S = 600
SIZE = 1400, 860


def install_from_zip():
    """Step 1: Plugins › Manage and Install Plugins › Install from ZIP."""
    import pyplugin_installer

    pyplugin_installer.instance().installFromZipFile(ZIP)
    yield lambda: "hsisr_geo_qgis" in plugins
    assert QgsApplication.processingRegistry().providerById("hsisr") is not None
    for item in iface.messageBar().items():
        if "successfully" in item.text():  # QGIS's own word lies over ours until it is closed
            iface.messageBar().popWidget(item)
    yield from _settled()
    _screen("qgis-installed.png")


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
    """Step 3: a layer, by the other button of the message bar or the menu."""
    _entry("Open a sample scene").trigger()
    yield from _settled()
    assert QgsProject.instance().mapLayersByName(SCENE)
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
    """Step 4: the dialog as it opens, Run, and the layer on the map."""
    dialog = processing.createAlgorithmDialog("hsisr:superresolve", {})
    ended = _opened(dialog)
    yield from _settled()
    _grab(dialog, "qgis-dialog.png")
    group = dialog.findChild(QGroupBox, "grpAdvanced")
    arrow = group.findChild(QToolButton, "collapseButton")
    arrow.click()
    dialog.resize(980, 1000)
    yield from _settled()
    _grab(dialog, "qgis-advanced.png")
    arrow.click()
    dialog.resize(980, 720)
    dialog.runButton().click()
    yield lambda: ended
    assert ended == [True], dialog.feedback.textLog()
    dialog.close()
    names = [layer.name() for layer in QgsProject.instance().mapLayers().values()]
    assert f"{SCENE} ×2 (hsisr-base)" in names, names
    _dock("ProcessingToolbox").hide()
    iface.zoomFull()
    yield from _settled()
    _screen("qgis-map.png")


def compare():
    """Step 5: swipe, difference, spectra."""
    _entry("Swipe between before and after").trigger()
    swipe = iface.mapCanvas().mapTool()
    yield lambda: swipe.curtain.picture is not None
    iface.mapCanvas().zoomByFactor(0.4)
    yield from _settled(3)
    yield lambda: not swipe.curtain.job.isActive()  # until then it lies where it lay before
    yield from _settled()
    _screen("qgis-swipe.png")
    _entry("Swipe between before and after").trigger()
    _entry("Spectra before and after").trigger()
    yield from _settled()
    canvas = iface.mapCanvas()
    for across, down in ((0.2, 0.15), (0.5, 0.62), (0.24, 0.85)):
        _click(canvas, int(across * canvas.width()), int(down * canvas.height()))
    yield from _settled()
    dock = plugins["hsisr_geo_qgis"].desktop.spectra
    assert len(dock.kept) == 3
    assert all(pixel.before and pixel.after for pixel in dock.kept)
    _screen("qgis-spectra.png")
    dock.close()
    iface.mainWindow().resizeDocks([_dock("Layers")], [520], Qt.Orientation.Horizontal)
    _entry("Difference between before and after").trigger()
    yield from _settled()
    _screen("qgis-difference.png")


def assess():
    """Step 6: how good it is here."""
    dialog = processing.createAlgorithmDialog(
        "hsisr:assess",
        {"INPUT": _scene().id(), "REPORT": str(HOME / "report"), "EXTENT": _middle()},
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


STEPS = (install_from_zip, set_up, open_scene, super_resolve, compare, assess)


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
    layer = _scene()
    middle, half = layer.extent().center(), 32 * layer.rasterUnitsPerPixelX()
    west, east = middle.x() - half, middle.x() + half
    return f"{west},{east},{middle.y() - half},{middle.y() + half} [{layer.crs().authid()}]"


def _scene():
    return QgsProject.instance().mapLayersByName(SCENE)[0]


def _entry(text):
    """Return an entry of Raster › Hyperspectral super-resolution."""
    for menu in iface.rasterMenu().actions():
        if menu.menu() is not None and menu.text() == "Hyperspectral super-resolution":
            for action in menu.menu().actions():
                if action.text() == text:
                    return action
    raise AssertionError(f"no entry '{text}' in the Raster menu")


def _click(canvas, x, y):
    """Press and release the left button over the map."""
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
        event = QMouseEvent(kind, QPointF(x, y), left, left, none)
        QApplication.sendEvent(canvas.viewport(), event)


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
    """Wait until the map has been drawn for so long without a break: a busy machine begins late."""
    state = {"since": time.monotonic()}

    def is_quiet():
        if iface.mapCanvas().isDrawing():
            state["since"] = time.monotonic()
        return time.monotonic() - state["since"] > seconds

    yield is_quiet


def _screen(name):
    for item in iface.messageBar().items():
        if "Open Sans" in item.text():  # QGIS fetches a font; this machine may have no network
            iface.messageBar().popWidget(item)
    QApplication.processEvents()
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
