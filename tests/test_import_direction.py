"""The map of docs/architecture.md is the imports of the code; it is read from there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "hsisr_geo"
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ORDER = [
    set(re.findall(r"\w+", step))
    for step in re.search(r"^  (ground ←[^`]*)", TEXT, re.MULTILINE)[1].split("←")
]
GROUND = {"__init__", "_version", "weights", "errors", "files", "json_text", "toml_file", "metrics"}
HOMES = {
    line[1]: line[2].split()
    for line in re.finditer(
        r"^  (torch|rasterio|h5py|matplotlib|jinja2): +(.+)$", TEXT, re.MULTILINE
    )
}
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


def _imports(path, *, at_start=False):
    """Full names of what a file imports; only what is imported with it, with `at_start`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {n for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)}
    for node in ast.walk(tree):
        if at_start and node in inner:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in FILES else node.module


def _step(module):
    package = module.split(".")[1] if "." in module else "__init__"
    name = "ground" if package in GROUND else package
    return next(place for place, step in enumerate(ORDER) if name in step)


def _ours(path, **how):
    return [name for name in _imports(path, **how) if name in FILES and name != "hsisr_geo"]


@pytest.mark.parametrize("module", [m for m in FILES if m != "hsisr_geo"])
def test_a_module_imports_only_what_lies_to_its_left(module):
    """Within functions, too; but models and systems are loaded by name (`resolver/load.py`)."""
    right = {name for name in _ours(FILES[module]) if _step(name) > _step(module)}
    assert not right
    if _step(module) != _step("hsisr_geo.benchmark"):
        model = [name for name in _ours(FILES[module]) if _step(name) == _step("hsisr_geo.model")]
        assert _step(module) == _step("hsisr_geo.model") or not model


def test_no_module_imports_itself_in_the_end():
    """Type checking included: who reads one of a circle has to read all."""
    left = {module: set(_ours(path)) for module, path in FILES.items() if module != "hsisr_geo"}
    while free := [module for module, needs in left.items() if not needs & left.keys()]:
        for module in free:
            del left[module]
    assert not left


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_library_is_imported_where_the_map_says(library):
    homes = tuple(f"hsisr_geo/{home}" for home in HOMES[library])
    found = {
        str(path.relative_to(ROOT))
        for path in FILES.values()
        if any(name.split(".")[0] == library for name in _imports(path, at_start=True))
    }
    assert found
    assert not {path for path in found if not path.startswith(homes)}


def test_folders_are_small_and_names_are_no_participles():
    for folder in {path.parent for path in FILES.values()}:
        assert len([p for p in folder.glob("*.py") if p.stem != "__init__"]) <= 14, folder
    words = {"tiling", "blending", "resampling", "finding"}  # words of the field, and a noun
    assert not {p.stem for p in FILES.values() if re.search(r"(ing|ed)$", p.stem)} - words


@pytest.mark.parametrize("path", sorted((ROOT / "qgis_plugin").rglob("*.py")), ids=lambda p: p.stem)
def test_the_plugin_imports_nothing_of_ours(path):
    assert not {name for name in _imports(path) if name.split(".")[0] in {"hsisr_geo", "torch"}}
