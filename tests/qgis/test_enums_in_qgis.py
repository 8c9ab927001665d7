"""Enums are written as Qt 6 knows them: `Class.Enum.Member`, never `Class.Member`.

Under Qt 5 both work, so that the shorter form fails only at its users'. QGIS itself is asked what
is the member of an enum.
"""

import ast
import importlib

import pytest

pytestmark = pytest.mark.usefixtures("plugin")


def imported_from_qgis(tree):
    """Objects that a module imports from QGIS, by the name it uses."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("qgis"):
            module = importlib.import_module(node.module)
            found |= {a.asname or a.name: getattr(module, a.name) for a in node.names}
    return found


def unscoped(source):
    """Members of enums that are reached without the name of their enum."""
    tree = ast.parse(source)
    known = imported_from_qgis(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            for target in node.targets:  # number = QgsProcessingParameterNumber
                if isinstance(target, ast.Name) and node.value.id in known:
                    known[target.id] = known[node.value.id]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = known.get(node.value.id)
            member = getattr(owner, node.attr, None)
            if isinstance(member, int) and not isinstance(member, bool):
                yield f"{node.lineno}: {node.value.id}.{node.attr}"


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("Qt.AlignLeft", 1),
        ("Qt.AlignmentFlag.AlignLeft", 0),
        ("QgsMapLayerType.RasterLayer", 0),
        ("QgsProcessingParameterNumber.Double", 1),
        ("QgsProcessingParameterNumber.Type.Double", 0),
        ("number = QgsProcessingParameterNumber\nnumber.Double", 1),
    ],
)
def test_the_search_tells_them_apart(line, count):
    imports = (
        "from qgis.PyQt.QtCore import Qt\nfrom qgis.core import QgsProcessingParameterNumber\n"
    )
    assert len(list(unscoped(imports + line))) == count


def test_every_enum_is_scoped(plugin_folder):
    found = {
        path.name: list(unscoped(path.read_text(encoding="utf-8")))
        for path in plugin_folder.rglob("*.py")
    }
    assert len(found) > 15
    assert {name: lines for name, lines in found.items() if lines} == {}
