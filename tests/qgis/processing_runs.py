"""Runs an algorithm as processing.run does, and remembers what it said."""

from qgis.core import QgsProcessingFeedback

ALGORITHMS = ("superresolve", "assess", "adapt", "spectralindex", "evaluate", "psf", "info")


class Heard(QgsProcessingFeedback):
    """A feedback that remembers what it was told."""

    def __init__(self):
        super().__init__(False)
        self.said = []
        self.warned = []
        self.steps = []
        self.texts = []
        self.progressChanged.connect(self.steps.append)

    def pushInfo(self, info):
        self.said.append(info)

    def setProgressText(self, text):
        self.texts.append(text)

    def pushWarning(self, warning):
        self.warned.append(warning)

    def pushCommandInfo(self, info):
        self.said.append(info)


def run(parameters, name="superresolve"):
    """Run as processing.run does, and return (results, feedback)."""
    import processing

    feedback = Heard()
    return processing.run(f"hsisr:{name}", parameters, feedback=feedback), feedback
