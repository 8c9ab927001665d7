"""The map of docs/architecture.md is the imports of the code; it is read from there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGES = ("hsisr_geo", "qgis_plugin")
MAPS = dict(zip(PACKAGES, re.findall(r"^  (ground ←.*)$", TEXT, re.MULTILINE), strict=True))
ORDER = {
    package: [set(re.findall(r"\w+", step)) for step in steps.split("←")]
    for package, steps in MAPS.items()
}
GROUND = {
    "_version", "weights", "errors", "files", "threads", "heap", "json_text", "toml_file",
    "metrics", "i18n", "version", "help", "layers",
}  # fmt: skip
HOMES = re.findall(r"^  (torch|rasterio|h5py|matplotlib|jinja2): +(.+)$", TEXT, re.MULTILINE)
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if path.parent.name != package or path.stem != "__init__"
}


@cache
def _tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports(path, *, at_start=False):
    """Full names of what a file imports; at its start only what is not within functions."""
    waiting = [_tree(path)]
    while waiting:
        node = waiting.pop()
        if not (at_start and isinstance(node, ast.FunctionDef)):
            waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _named(node, path)
            names = [f"{module}.{alias.name}" for alias in node.names]
            yield from (name if name in FILES else module for name in names)


def _named(node, path):
    """The full name of the module after `from`; the plugin's are relative."""
    folders = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
    return ".".join(filter(None, (*folders, node.module)))


def _step(module):
    package, name, *_ = module.split(".")
    wanted = "ground" if name in GROUND else name
    return next(place for place, step in enumerate(ORDER[package]) if wanted in step)


@cache
def _ours(module):
    return {name for name in _imports(FILES[module]) if name in FILES}


def test_a_module_imports_only_what_lies_to_its_left():
    """Within functions, too; models are loaded by name (`resolver/load.py`), but by benchmark."""
    of_model = _step("hsisr_geo.model")
    who_may = {of_model, _step("hsisr_geo.benchmark")}
    arrows = [(module, name) for module in FILES for name in _ours(module)]
    assert len(arrows) > 1000
    assert not [(a, b) for a, b in arrows if a.split(".")[0] != b.split(".")[0]]
    assert not [(a, b) for a, b in arrows if _step(b) > _step(a)]
    ours = [(a, b) for a, b in arrows if a.startswith("hsisr_geo.")]
    assert not [(a, b) for a, b in ours if _step(b) == of_model and _step(a) not in who_may]


def test_the_map_names_every_package():
    tree = re.search(r"^hsisr_geo/ .*?^```", TEXT, re.DOTALL | re.MULTILINE)[0]
    packages = {path.parent for path in ROOT.glob("hsisr_geo/**/__init__.py")}
    assert len(packages) > 30
    assert not {path for path in packages if f"{path.name}/" not in tree}


def test_no_module_imports_itself_in_the_end():
    """Type checking included: who reads one of a circle has to read all."""
    left = {module: _ours(module) for module in FILES}
    while free := [module for module, needs in left.items() if not needs & left.keys()]:
        for module in free:
            del left[module]
    assert not left


def test_a_name_is_imported_from_the_module_that_makes_it():
    """Faces of packages alone hand names on."""
    only_used = {
        module: {
            alias.asname or alias.name
            for node in _tree(path).body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for module, path in FILES.items()
        if path.stem != "__init__"
    }
    assert not [
        (str(path.relative_to(ROOT)), node.lineno, alias.name)
        for path in FILES.values()
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in only_used.get(_named(node, path), ())
    ]


def test_scripts_import_names_that_are_there():
    """Nobody runs them with every change."""
    scripts = [path for folder in ("benchmarks", "tools") for path in (ROOT / folder).rglob("*.py")]
    asked = [
        (path.name, node.module, alias.name)
        for path in scripts
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ImportFrom) and node.module in FILES
        for alias in node.names
        if f"{node.module}.{alias.name}" not in FILES
    ]
    assert len(asked) > 100
    assert not [
        (script, module, name) for script, module, name in asked if name not in _made(module)
    ]


@cache
def _made(module):
    """Every name that a module binds, wherever in it."""
    nodes = [*ast.walk(_tree(FILES[module]))]
    names = {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    imports = (node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)))
    names |= {alias.asname or alias.name for node in imports for alias in node.names}
    stored = (node for node in nodes if isinstance(node, ast.Name))
    return names | {node.id for node in stored if isinstance(node.ctx, ast.Store)}


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
    names = {path.stem for path in (*modules, *(ROOT / "cli").rglob("*.py"))}
    assert not {name for name in names if re.search(r"(ing|ed)$", name)} - words
