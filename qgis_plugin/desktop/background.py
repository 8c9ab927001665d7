"""Work beside QGIS's own thread: shown among its tasks, stopped by its Cancel or ours."""

from __future__ import annotations

from qgis.core import QgsTask
from qgis.PyQt.QtCore import pyqtSignal

from ..i18n import tr
from ..setup.install import SetUpCanceled, SetUpFailed, Watcher
from ..setup.lock import Held


class Background(QgsTask):
    """Runs `work(watcher)` in a thread; signals arrive in the thread of the window.

    `ended` carries what the work returned, None where it failed or was stopped, and in that case
    the reason.
    """

    moved = pyqtSignal(float, str)
    said = pyqtSignal(str)
    ended = pyqtSignal(object, str)

    def __init__(self, title, work):
        super().__init__(title, QgsTask.Flag.CanCancel)
        self.work = work
        self.result = None
        self.problem = ""

    def run(self):
        watcher = Watcher(self._move, self.said.emit, self.isCanceled)
        try:
            self.result = self.work(watcher)
        except SetUpCanceled:
            self.problem = tr("Cancelled. What is done is kept; Set up goes on there.")
        except (SetUpFailed, Held, OSError) as error:
            self.problem = str(error)
        return not self.problem

    def finished(self, result):
        """QGIS calls this in the thread of the window, after a cancel, too."""
        self.ended.emit(self.result, self.problem)

    def _move(self, percent, what):
        self.setProgress(percent)
        self.moved.emit(percent, what)
