"""One group in the list of layers for what belongs together: an input and what was made of it."""

from __future__ import annotations

from qgis.PyQt.QtCore import QTimer


def group_soon(project, after, before) -> None:
    """Put two layers into one group, as `group` does, once QGIS has them in its list."""
    QTimer.singleShot(0, lambda: group(project, after, before))


def group(project, after, before) -> None:
    """Put two layers, given by identifier, into one group; a group of the user's is kept."""
    root = project.layerTreeRoot()
    above, below = root.findLayer(after), root.findLayer(before)
    if above is None or below is None:
        return
    place = below.parent()
    if place is root:
        place = root.insertGroup(root.children().index(below), below.name())
        _move(below, place, 0)
        below = root.findLayer(before)
    if above.parent() is not place:
        _move(above, place, place.children().index(below))


def _move(node, group, place) -> None:
    group.insertChildNode(place, node.clone())
    node.parent().removeChildNode(node)
