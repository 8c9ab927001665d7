"""The map of docs/architecture.md is the imports of the code; it is read from there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
MAP = re.search(r"^  (ground ←[^`]*)", TEXT, re.MULTILINE)[1]
ORDER = [set(re.findall(r"\w+", step)) for step in MAP.split("←")]
GROUND = {
    "_version", "weights", "errors", "files", "threads", "heap", "json_text", "toml_file",
    "metrics",
}  # fmt: skip
HOMES = re.findall(r"^  (torch|rasterio|h5py|matplotlib|jinja2): +(.+)$", TEXT, re.MULTILINE)
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(ROOT.glob("hsisr_geo/**/*.py"))
    if path.parent.name != "hsisr_geo" or path.stem != "__init__"
}


def _imports(path, *, at_start=False):
    """Full names of what a file imports; at its start only what is not within functions."""
    waiting = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if not (at_start and isinstance(node, ast.FunctionDef)):
            waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in FILES else node.module for name in names)


def _step(module):
    name = module.split(".")[1]
    wanted = "ground" if name in GROUND else name
    return next(place for place, step in enumerate(ORDER) if wanted in step)


def _ours(module):
    return {name for name in _imports(FILES[module]) if name in FILES}


@pytest.mark.parametrize("module", FILES)
def test_a_module_imports_only_what_lies_to_its_left(module):
    """Within functions, too; models are loaded by name (`resolver/load.py`), but by benchmark."""
    of_model, own = _step("hsisr_geo.model"), _step(module)
    steps = {_step(name) for name in _ours(module)}
    assert max(steps, default=0) <= own
    assert of_model not in steps or own in {of_model, _step("hsisr_geo.benchmark")}


def test_no_module_imports_itself_in_the_end():
    """Type checking included: who reads one of a circle has to read all."""
    left = {module: _ours(module) for module in FILES}
    while free := [module for module, needs in left.items() if not needs & left.keys()]:
        for module in free:
            del left[module]
    assert not left


@pytest.mark.parametrize(("library", "homes"), HOMES)
def test_a_library_is_imported_where_the_map_says(library, homes):
    allowed = tuple(f"hsisr_geo/{home}" for home in homes.split())
    roots = {p: {n.split(".")[0] for n in _imports(p, at_start=True)} for p in FILES.values()}
    found = [str(path.relative_to(ROOT)) for path, names in roots.items() if library in names]
    assert found
    assert not [path for path in found if not path.startswith(allowed)]


def test_folders_are_small_and_names_are_no_participles():
    modules = [path for path in FILES.values() if path.stem != "__init__"]
    assert max(len([p for p in modules if p.parent == path.parent]) for path in modules) <= 14
    words = {"tiling", "blending", "resampling", "finding"}  # words of the field, and a noun
    assert not {path.stem for path in modules if re.search(r"(ing|ed)$", path.stem)} - words
