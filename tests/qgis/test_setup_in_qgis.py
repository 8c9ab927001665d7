"""Set up… in QGIS, by clicking, out of the real wheels; an algorithm runs with what it made."""

import os
import subprocess
import time

import numpy as np
import pytest
from osgeo import gdal
from processing_runs import run
from qgis.core import QgsApplication, QgsProcessingException, QgsSettings
from qgis.gui import QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtWidgets import QMainWindow, QMessageBox, QPushButton

pytestmark = pytest.mark.usefixtures("plugin")


class Window:
    """The part of QGIS's interface that the plugin uses."""

    def __init__(self):
        self.main = QMainWindow()
        self.bar, self.canvas = QgsMessageBar(self.main), QgsMapCanvas(self.main)
        self.menus, self.factories = {}, []

    def mainWindow(self):
        return self.main

    def addPluginToRasterMenu(self, menu, action):
        self.menus.setdefault(menu, []).append(action)

    def removePluginRasterMenu(self, menu, action):
        self.menus[menu].remove(action)

    def registerOptionsWidgetFactory(self, factory):
        self.factories.append(factory)

    def unregisterOptionsWidgetFactory(self, factory):
        self.factories.remove(factory)

    def messageBar(self):
        return self.bar

    def mapCanvas(self):
        return self.canvas

    class initializationCompleted:
        connect = staticmethod(lambda slot: slot())
        disconnect = staticmethod(lambda slot: None)


@pytest.fixture
def window(plugin, monkeypatch, tmp_path):
    """A desktop with the plugin, and no engine but the one that Set up makes."""
    from hsisr_geo_qgis.desktop.desktop import Desktop

    monkeypatch.delenv("HSISR_GEO_EXECUTABLE")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    QgsSettings().remove("hsisr/greeted")
    window = Window()
    window.desktop = Desktop(window)
    yield window
    window.desktop.remove()
    QgsSettings().remove("hsisr/environments")


def until(condition, seconds):
    """Serve events until something is so; many seconds are for a disk that others use."""
    end = time.monotonic() + seconds
    while not condition():
        QgsApplication.processEvents()
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.01)


def opened(window):
    """The dialog, after it has looked at the machine."""
    window.menus["Hyperspectral super-resolution"][0].trigger()
    dialog = window.desktop.dialog
    until(lambda: dialog.task is None, 60)
    return dialog


def algorithm():
    return QgsApplication.processingRegistry().algorithmById("hsisr:superresolve").create()


def enabled(dialog):
    return {name for name, button in dialog.buttons.items() if button.isEnabled()}


def test_from_a_fresh_profile_to_a_finer_raster_by_clicking(
    window, wheels, engine, fields, tmp_path, monkeypatch
):
    able, message = algorithm().canExecute()
    assert not able
    assert "Set up…" in message

    dialog = opened(window)
    assert "Not set up" in dialog.state.text()
    assert "1.3 GB" in dialog.choices.space.text()
    assert dialog.choices.plan().python  # one was found and is chosen
    assert enabled(dialog) == {"set_up", "copy", "close"}

    dialog.choices.source.setCurrentIndex(2)
    assert "wheel folder is needed" in dialog.step.text()
    assert "set_up" not in enabled(dialog)
    dialog.choices.wheels.setFilePath(str(wheels))
    dialog.buttons["set_up"].click()
    assert enabled(dialog) == {"cancel", "copy", "close"}
    until(lambda: dialog.task is None, 900)
    assert "Ready" in dialog.state.text(), dialog.log.toPlainText()
    assert dialog.progress.value() == 100
    assert enabled(dialog) == {"repair", "remove", "copy", "close"}
    assert "Successfully installed" in dialog.log.toPlainText()
    assert "Ready" in dialog.diagnostics()

    # An algorithm runs with it, and gives what the command line gives.
    assert algorithm().canExecute()[0]
    results, feedback = run({"INPUT": str(fields), "OUTPUT": str(tmp_path / "fine.tif")})
    managed = os.path.join(QgsApplication.qgisSettingsDirPath(), "hsisr-geo", "env-")
    assert any(managed in said for said in feedback.said)
    by_hand = tmp_path / "hand.tif"
    subprocess.run([engine, "run", str(fields), str(by_hand), "--upscale", "2"], check=True)
    made, expected = (gdal.Open(str(path)).ReadAsArray() for path in (results["OUTPUT"], by_hand))
    np.testing.assert_allclose(made, expected, atol=1e-3 * np.abs(expected).max())

    # Zarr, whose package is none of those that the engine cannot do without.
    cube = {"INPUT": str(fields), "MODEL": "bicubic", "OUTPUT": str(tmp_path / "fine.zarr")}
    run(cube)
    assert (
        run({"INPUT": cube["OUTPUT"], "OUTPUT": str(tmp_path / "i.html")}, "info")[0]["BANDS"] == 4
    )

    # The other ways to name an engine come first; what is broken is told, not skipped.
    monkeypatch.setenv("HSISR_GEO_EXECUTABLE", engine)
    from hsisr_geo_qgis.settings.engine_choice import environment, executable

    assert executable() == engine
    monkeypatch.delenv("HSISR_GEO_EXECUTABLE")
    program = environment().program
    program.rename(program.with_name("moved"))
    assert "broken" in algorithm().canExecute()[1]
    program.with_name("moved").rename(program)

    question = []
    monkeypatch.setattr(
        QMessageBox, "question", lambda *asked: question.append(asked[2]) or asked[3] & ~0x10000
    )
    dialog.buttons["remove"].click()
    until(lambda: dialog.task is None, 600)
    assert str(environment().folder) in question[0]
    assert not environment().folder.exists()
    assert not algorithm().canExecute()[0]


def begun(window, folder):
    """The dialog with a set-up under way in `folder` that cannot end well."""
    (folder / "wheels").mkdir()
    (folder / "wheels" / "nothing-1-py3-none-any.whl").write_bytes(b"")
    dialog = opened(window)
    dialog.choices.location.setFilePath(str(folder / "hier und da"))
    dialog.choices.source.setCurrentIndex(2)
    dialog.choices.wheels.setFilePath(str(folder / "wheels"))
    dialog.log.clear()  # of what an earlier set-up said in the profile
    dialog.buttons["set_up"].click()
    until(lambda: "Making the environment" in dialog.log.toPlainText(), 20)
    return dialog


def test_after_installing_a_line_with_two_ways_on_is_shown_once(window):
    from hsisr_geo_qgis.desktop.desktop import Desktop

    line = window.desktop.greeting
    assert [button.text() for button in line.findChildren(QPushButton)] == [
        "Set up…",
        "Try a sample scene",
    ]
    again = Desktop(window)
    assert again.greeting is None
    again.remove()


def test_cancel_and_the_next_set_up_goes_on(window, tmp_path):
    dialog = begun(window, tmp_path)
    pressed = time.monotonic()
    dialog.buttons["cancel"].click()
    until(lambda: dialog.task is None, 10)
    assert time.monotonic() - pressed < 2
    assert "Cancelled" in dialog.step.text()
    assert "unfinished" in dialog.state.text()
    assert "set_up" in enabled(dialog)
    assert QgsSettings().value("hsisr/environments") == str(tmp_path / "hier und da")


def test_an_engine_of_another_protocol_is_refused_before_a_run(window, tile, tmp_path, monkeypatch):
    program = tmp_path / "hsisr-geo"
    program.write_text('#!/bin/sh\necho \'{"version": "9.9.9", "protocol": 99}\'\n')
    program.chmod(0o755)
    monkeypatch.setenv("HSISR_GEO_EXECUTABLE", str(program))
    with pytest.raises(QgsProcessingException, match=r"9\.9\.9 with protocol 99.*Update"):
        run({"INPUT": str(tile), "OUTPUT": str(tmp_path / "never.tif")})


def test_the_page_of_options_keeps_an_engine_of_ones_own(window, engine):
    (factory,) = window.factories
    assert factory.path() == ["Processing"]
    page = factory.createWidget(window.main)
    assert "not found" in page.used.text()
    page.executable.setFilePath(engine)
    page.apply()
    assert QgsSettings().value("hsisr/executable") == engine
    assert algorithm().canExecute()[0]
    page = factory.createWidget(window.main)
    assert engine in page.used.text()
    page.executable.setFilePath("")
    page.apply()
    assert not QgsSettings().contains("hsisr/executable")


def test_a_right_click_on_our_algorithms_offers_it_and_on_others_does_not(window):
    from processing.gui.ProviderActions import ProviderContextMenuActions

    (ours,) = (action for action in ProviderContextMenuActions.actions if action.name == "Set up…")
    registry = QgsApplication.processingRegistry()
    for name, offered in (("hsisr:info", True), ("native:buffer", False)):
        ours.setData(registry.algorithmById(name), None)
        assert ours.isEnabled() == offered


def test_unloading_takes_everything_away_and_ends_a_set_up(window, tmp_path):
    from hsisr_geo_qgis.setup.lock import holder
    from processing.gui.ProviderActions import ProviderContextMenuActions

    begun(window, tmp_path)
    before = len(ProviderContextMenuActions.actions)
    lock = tmp_path / "hier und da" / "setup.lock"
    assert holder(lock)
    window.desktop.remove()
    until(lambda: not lock.exists(), 5)
    assert window.menus == {"Hyperspectral super-resolution": []}
    assert window.factories == []
    assert len(ProviderContextMenuActions.actions) == before - 1
    from hsisr_geo_qgis.desktop.desktop import Desktop

    window.desktop = Desktop(window)
