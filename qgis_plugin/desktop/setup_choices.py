"""The choices of a set-up as a form: location, Python, PyTorch, where the packages come from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from qgis.core import QgsSettings
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ..i18n import tr
from ..settings.engine_choice import HOME_SETTING, environment
from ..setup.packages import BUILDS, Source, builds_here
from ..setup.plan import Plan
from ..setup.surroundings import space_report

INTERNET, BOTH, FOLDER = range(3)


class SetupChoices(QWidget):
    """A form whose fields make a `Plan`; `changed` when one of them does."""

    changed = pyqtSignal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self.location = QgsFileWidget()
        self.location.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.location.setFilePath(str(environment().home))
        self.python = QgsFileWidget()
        self.known = QComboBox()
        self.build = QComboBox()
        for build in builds_here():
            self.build.addItem(build.title, build.name)
        self.reason = _note()
        self.reason.setAlignment(Qt.AlignmentFlag.AlignTop)  # close to the build
        self.source = QComboBox()
        self.source.addItems(
            [
                tr("the internet"),
                tr("the internet and a wheel folder"),
                tr("a wheel folder only (no network)"),
            ]
        )
        self.wheels = QgsFileWidget()
        self.wheels.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.wheels.lineEdit().setPlaceholderText(tr("folder with *.whl files"))
        self.index = QLineEdit()
        self.index.setPlaceholderText(tr("as pip is configured"))
        self.space = _note()
        for choice in (self.known, self.build, self.source):
            choice.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._lay_out()
        self._connect()
        self._follow_build()
        self._follow_source()

    def show_surroundings(self, found):
        """Fill in what the machine has; a choice that was made already is kept."""
        before = self.python.filePath()
        self.known.clear()
        for python in found.usable:
            self.known.addItem(str(python), python.path)
        self.known.addItem(tr("another one…"), "")
        self.known.setCurrentIndex(0 if found.usable else self.known.count() - 1)
        if before:
            self._choose_python(before)
        self.build.setCurrentIndex(self.build.findData(found.build))
        self.reason.setText(found.problem or found.reason)
        self._follow_python()

    def show_choices(self, plan):
        """Fill in an earlier plan, so that a set-up goes on with what it began with."""
        self._choose_python(plan.python)
        self.build.setCurrentIndex(max(self.build.findData(plan.build.name), 0))
        folder = BOTH if plan.source.wheels else INTERNET
        self.source.setCurrentIndex(FOLDER if plan.source.offline else folder)
        self.wheels.setFilePath(plan.source.wheels)
        self.index.setText(plan.source.torch_index)

    def plan(self):
        """Return what is chosen."""
        home = self.location.filePath().strip()
        place = replace(environment(), home=Path(home)) if home else environment()
        python = self.known.currentData() or self.python.filePath().strip()
        return Plan(place, python, BUILDS[self.build.currentData()], self._source())

    def keep(self):
        """Remember the location, which decides where the algorithms look."""
        home = self.location.filePath().strip()
        QgsSettings().remove(HOME_SETTING)
        if home and Path(home) != environment().home:  # the default, now that it is removed
            QgsSettings().setValue(HOME_SETTING, home)

    def _source(self):
        which = self.source.currentIndex()
        wheels = "" if which == INTERNET else self.wheels.filePath().strip()
        index = "" if which == FOLDER else self.index.text().strip()
        return Source(index, wheels, which == FOLDER)

    def _choose_python(self, path):
        place = self.known.findData(path)
        self.known.setCurrentIndex(place if place >= 0 else self.known.count() - 1)
        if place < 0:
            self.python.setFilePath(path)

    def _lay_out(self):
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for text, *fields in (
            (tr("Location"), self.location),
            (tr("Python"), self.known, self.python),
            (tr("PyTorch for"), self.build),
            ("", self.reason),  # a row of its own: below the build its text would lie over it
            (tr("Packages from"), self.source, self.wheels),
            (tr("PyTorch's index"), self.index),
            (tr("Disk space"), self.space),
        ):
            form.addRow(text, _stacked(fields))

    def _connect(self):
        self.known.currentIndexChanged.connect(self._follow_python)
        self.build.currentIndexChanged.connect(self._follow_build)
        self.source.currentIndexChanged.connect(self._follow_source)
        self.location.fileChanged.connect(self._follow)
        self.python.fileChanged.connect(self._follow)
        self.wheels.fileChanged.connect(self._follow)
        self.index.textChanged.connect(self._follow)

    def _follow_python(self):
        self.python.setVisible(not self.known.currentData())
        self._follow()

    def _follow_build(self):
        self.index.setText(BUILDS[self.build.currentData()].index)
        self._follow()

    def _follow_source(self):
        which = self.source.currentIndex()
        self.wheels.setVisible(which != INTERNET)
        self.index.setEnabled(which != FOLDER)
        self._follow()

    def _follow(self):
        report, enough = space_report(self.plan())
        self.space.setText(report if enough else tr("Too little: {report}").format(report=report))
        self.changed.emit()


def _stacked(fields):
    """Put fields below each other in one row of the form, where hidden ones leave no gap."""
    layout = QVBoxLayout()
    layout.setSpacing(2)
    for field in fields:
        field.setMinimumHeight(field.sizeHint().height())  # a full dialog squeezes the log instead
        layout.addWidget(field)
    return layout


def _note():
    label = QLabel()
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
    return label
