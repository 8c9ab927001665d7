"""The dialog "Set up…": what there is, what would be made, and the work itself in view."""

from __future__ import annotations

import contextlib
import os
import platform
from functools import partial
from html import escape

from qgis.core import Qgis, QgsApplication
from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QFontDatabase
from qgis.PyQt.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
)

from ..engine.program import NotSetUp
from ..i18n import tr
from ..settings.engine_choice import engine
from ..setup import record
from ..setup.diagnostics import report, tail
from ..setup.handshake import EngineRefused, greet
from ..setup.install import remove, repair, set_up
from ..setup.plan import plan_from
from ..setup.state import Kind, inspect
from ..setup.surroundings import look_around
from ..version import version
from .background import Background
from .setup_choices import SetupChoices


class SetupDialog(QDialog):
    """One per QGIS; closing it only hides it, the work goes on among QGIS's tasks."""

    set_up_changed = pyqtSignal()  # an engine has come or gone

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setWindowTitle(tr("Set up hyperspectral super-resolution"))
        self.task = None
        self.surroundings = None
        self.kind = None  # of the environment's state, None until it is known
        self.state = QLabel()
        self.used = QLabel()
        self.choices = SetupChoices()
        self.step = QLabel()
        self.progress = QProgressBar()
        self.log = QPlainTextEdit()
        self.buttons = {}
        self._lay_out()
        self.choices.changed.connect(self._follow)
        self.resize(720, 640)

    def look(self):
        """Look at the machine and at what is set up, beside QGIS's thread."""
        self.state.setText(tr("Looking at this machine…"))
        place, prefix = self.choices.plan().environment, QgsApplication.prefixPath()

        def work(watcher):
            return look_around(prefix), inspect(place), _in_use()

        self._start(tr("Looking at this machine"), work, self._looked)

    def set_up(self):
        """Make the environment, or go on where an earlier set-up ended."""
        self.choices.keep()
        self.log.clear()  # an error of an earlier one would stand above "Ready"
        plan = self.choices.plan()
        self._start(tr("Set up"), partial(set_up, plan), self._worked)

    def repair(self):
        """Make the environment anew."""
        self.choices.keep()
        self.log.clear()
        plan = self.choices.plan()
        self._start(tr("Repair"), partial(repair, plan), self._worked)

    def remove(self):
        """Remove the environment, after a question."""
        place = self.choices.plan().environment
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self,
            self.windowTitle(),
            tr("Remove {folder} and all that is in it?").format(folder=place.folder),
            buttons.Yes | buttons.No,
        )
        if answer == buttons.Yes:
            self._start(tr("Remove"), lambda watcher: remove(place) or "", self._worked)

    def cancel(self):
        """Stop what is under way."""
        if self.task is not None:
            self.task.cancel()

    def leave(self):
        """Stop what is under way and hear no more of it: the plugin is unloaded."""
        if self.task is not None:
            for signal in (self.task.moved, self.task.said, self.task.ended):
                signal.disconnect()
            self.task.cancel()
        self.close()
        self.deleteLater()

    def diagnostics(self):
        """Return what to paste into a report of a problem."""
        found, place = self.surroundings, self.choices.plan().environment
        facts = {
            "plugin": version(),
            "QGIS": Qgis.QGIS_VERSION,
            "platform": platform.platform(),
            "set-up": inspect(place).message,
            "engine": _in_use(),
            "environment": str(place.folder),
        }
        for number, python in enumerate(found.pythons if found else ()):
            facts[f"Python {number + 1}"] = f"{python} {python.problem}".rstrip()
        for number, gpu in enumerate(found.gpus if found else ()):
            facts[f"GPU {number + 1}"] = f"{gpu.name}, driver {gpu.driver}, {gpu.capability}"
        return report(facts, place.log, os.path.expanduser("~"))

    def _start(self, title, work, then):
        if self.task is not None:
            return
        self.task = Background(title, work)
        self.task.moved.connect(self._move)
        self.task.said.connect(self.log.appendPlainText)
        self.task.ended.connect(partial(self._ended, then))
        self._enable()
        QgsApplication.taskManager().addTask(self.task)

    def _ended(self, then, result, problem):
        self.task = None
        then(result, problem)
        self._enable()

    def _looked(self, result, problem):
        if result is None:
            self.step.setText(problem)
            return
        self.surroundings, state, used = result
        self.choices.show_surroundings(self.surroundings)
        place = self.choices.plan().environment
        earlier = record.read(place.record)
        if earlier is not None:
            with contextlib.suppress(KeyError):  # of a version with other choices
                self.choices.show_choices(plan_from(place, earlier.choices))
        self._show_state(state, used)
        if not self.log.toPlainText():
            self.log.setPlainText("\n".join(tail(place.log)))

    def _worked(self, result, problem):
        self.progress.setValue(0 if problem else 100)
        self._show_state(inspect(self.choices.plan().environment), _in_use())
        self.step.setText(problem or tr("Done."))
        QTimer.singleShot(0, self._show_last_line)  # once what the state says has its room
        self.set_up_changed.emit()

    def _show_last_line(self):
        bar = self.log.verticalScrollBar()
        bar.setValue(bar.maximum())

    def _show_state(self, state, used):
        self.kind = state.kind
        head = {
            Kind.ABSENT: tr("Not set up"),
            Kind.INSTALLING: tr("A set-up is under way"),
            Kind.UNFINISHED: tr("Set-up unfinished"),
            Kind.BROKEN: tr("Broken"),
            Kind.OTHER_VERSION: tr("Set up for another version"),
            Kind.READY: tr("Ready"),
        }[state.kind]
        color = "#2e7d32" if state.kind is Kind.READY else "#b26a00"
        self.state.setText(
            f'<b><span style="font-size: large; color: {color}">● {escape(head)}</span></b><br>'
            f"{escape(state.message)}"
        )
        self.used.setText(escape(used))

    def _move(self, percent, what):
        self.progress.setValue(round(percent))
        self.step.setText(what)

    def _follow(self):
        """Say what is wrong with the choices, if anything."""
        self.step.setText(self._problem())
        self._enable()

    def _problem(self):
        plan = self.choices.plan()
        return plan.problem() if plan.python else tr("Choose a Python.")

    def _enable(self):
        """Enable what can be pressed now."""
        busy, kind = self.task is not None, self.kind
        plan = self.choices.plan()
        ready = kind is not None and not busy and not self._problem()
        self.buttons["set_up"].setEnabled(ready and kind is not Kind.READY)
        self.buttons["repair"].setEnabled(ready and kind in (Kind.READY, Kind.BROKEN))
        self.buttons["remove"].setEnabled(not busy and plan.environment.folder.exists())
        self.buttons["cancel"].setEnabled(busy)
        self.choices.setEnabled(not busy)

    def _lay_out(self):
        layout = QVBoxLayout(self)
        what = QLabel(
            tr(
                "The algorithms run in a Python of their own, beside QGIS. Set up makes one here, "
                "with PyTorch in it. Nothing is installed into QGIS or into your system's Python."
            )
        )
        for label in (what, self.state, self.used, self.step):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(5000)
        self.log.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.log.setPlaceholderText(
            tr("What a set-up says appears here, and is kept in setup.log.")
        )
        for widget in (self.state, self.used, what, self.choices, self.progress, self.step):
            layout.addWidget(widget)
        layout.addWidget(self.log, 1)
        layout.addLayout(self._button_row())

    def _button_row(self):
        row = QHBoxLayout()
        for name, text, action in (
            ("set_up", tr("Set up"), self.set_up),
            ("cancel", tr("Cancel"), self.cancel),
            ("repair", tr("Repair"), self.repair),
            ("remove", tr("Remove"), self.remove),
            ("copy", tr("Copy diagnostics"), self._copy),
            ("close", tr("Close"), self.close),
        ):
            button = QPushButton(text)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, action=action: action())
            if name == "copy":
                row.addStretch(1)
            row.addWidget(button)
            self.buttons[name] = button
        self.buttons["set_up"].setDefault(True)
        return row

    def _copy(self):
        QgsApplication.clipboard().setText(self.diagnostics())
        self.step.setText(tr("The diagnostics are on the clipboard."))


def _in_use():
    try:
        found = engine()
        return tr("The algorithms use {program}, version {version}, named by {origin}.").format(
            program=found.program, version=greet(found.program).version, origin=found.origin.value
        )
    except NotSetUp as error:
        return tr("The algorithms cannot run yet: {reason}").format(reason=error.reason)
    except EngineRefused as error:
        return tr("The algorithms cannot run: {reason}").format(reason=error)
