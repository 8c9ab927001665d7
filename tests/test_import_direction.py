"""The map of docs/architecture.md is the imports of the code; it is read from there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
FOLDERS = {"hsisr_geo": "hsisr_geo", "hsisr_geo.cli": "cli", "qgis_plugin": "qgis_plugin"}
MAPS = dict(zip(FOLDERS, re.findall(r"^  (ground ←.*)$", TEXT, re.MULTILINE), strict=True))
ORDER = {
    package: [set(re.findall(r"\w+", step)) for step in steps.split("←")]
    for package, steps in MAPS.items()
}
GROUND = {
    "_version", "weights", "errors", "paths", "files", "threads", "heap", "json_text", "toml_file",
    "metrics", "i18n", "version", "help", "layers",
}  # fmt: skip
HOMES = re.findall(r"^  (torch|rasterio|h5py|matplotlib|jinja2): +(.+)$", TEXT, re.MULTILINE)


def _dotted(path):
    """The full name of a module or a package; `cli/` is installed within another."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(("hsisr_geo", *parts) if parts[0] == "cli" else parts).removesuffix(".__init__")


FILES = {
    _dotted(path): path
    for folder in FOLDERS.values()
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path != ROOT / folder / "__init__.py"
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
    """The full name of the module after `from`; the plugin's and those of `cli/` are relative."""
    above = [_dotted(path.parents[node.level - 1])] if node.level else []
    return ".".join(filter(None, (*above, node.module)))


def _step(module, package="hsisr_geo"):
    name = module.removeprefix(f"{package}.").split(".")[0]
    wanted = "ground" if name in GROUND else name
    return next(place for place, step in enumerate(ORDER[package]) if wanted in step)


@cache
def _ours(module):
    return {name for name in _imports(FILES[module]) if name in FILES}


def test_a_module_imports_only_what_lies_to_its_left():
    """Within functions, too; models are loaded by name (`resolver/load.py`), but by benchmark."""
    of_model = _step("hsisr_geo.model")
    who_may = {of_model, _step("hsisr_geo.benchmark"), _step("hsisr_geo.cli")}
    arrows = [(module, name) for module in FILES for name in _ours(module)]
    assert len(arrows) > 1000
    assert not [(a, b) for a, b in arrows if a.split(".")[0] != b.split(".")[0]]
    for package in FOLDERS:
        inside = [arrow for arrow in arrows if all(end.startswith(f"{package}.") for end in arrow)]
        assert len(inside) > 50
        assert not [(a, b) for a, b in inside if _step(b, package) > _step(a, package)]
    ours = [(a, b) for a, b in arrows if a.startswith("hsisr_geo.")]
    assert not [(a, b) for a, b in ours if _step(b) == of_model and _step(a) not in who_may]


def test_the_map_names_every_package():
    tree = re.search(r"^hsisr_geo/ .*?^```", TEXT, re.DOTALL | re.MULTILINE)[0]
    roots = [ROOT / "hsisr_geo", ROOT / "cli"]
    packages = {path.parent for root in roots for path in root.rglob("__init__.py")}
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


def test_what_comments_name_by_its_module_is_in_it():
    """`module.name`, wherever it is said: what was moved or renamed is told as it is now."""
    homes = {}
    for module, path in FILES.items():
        if path.stem != "__init__":
            homes.setdefault((module.split(".")[0], path.stem), []).append(module)
    modules = {".".join(module.split(".")[-2:]) for module in FILES}
    known = modules | {"dataset.hsisr", "scene.v2_rfl"}  # an accessor, and a file
    said = {
        (module, *homes[module.split(".")[0], stem], name)
        for module, path in FILES.items()
        for stem, name in re.findall(r"`(\w+)\.(\w+)(?:\(\))?`", path.read_text(encoding="utf-8"))
        if (module.split(".")[0], stem) in homes
        and name not in ("py", "pkl", "html")
        and f"{stem}.{name}" not in known
    }
    assert len(said) > 20
    assert not [one for one in said if not any(one[-1] in _made(home) for home in one[1:-1])]


@cache
def _made(module):
    """Every name that a module binds, wherever in it."""
    nodes = [*ast.walk(_tree(FILES[module]))]
    names = {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    imports = (node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)))
    names |= {alias.asname or alias.name for node in imports for alias in node.names}
    stored = (node for node in nodes if isinstance(node, ast.Name))
    return names | {node.id for node in stored if isinstance(node.ctx, ast.Store)}


def test_what_is_installed_with_the_package_is_imported_by_it_and_in_the_recipe_for_conda():
    """Where pip is told to leave dependencies out, the recipe alone brings them."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    needed = re.search(r"^dependencies = \[\n(.*?)^\]", project, re.DOTALL | re.MULTILINE)[1]
    needed = set(re.findall(r'^ *"(\w+)', needed, re.MULTILINE))
    assert len(needed) > 15
    imported = {name.split(".")[0] for path in FILES.values() for name in _imports(path)}
    by_name = r'import_module\("(\w+)"\)'
    for path in FILES.values():
        imported |= set(re.findall(by_name, path.read_text(encoding="utf-8")))
    assert needed - imported == {"spectral"}  # asked for beside it, to read results by
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    recipe = re.search(r"^conda create .*?[^\\]$", page, re.DOTALL | re.MULTILINE)[0]
    recipe = set(re.findall(r"\w+", recipe.replace("pytorch", "torch")))
    assert not needed - recipe - {"ncnn", "tomli"}  # not there; of a Python before 3.11


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
    names = {path.stem for path in modules}
    assert not {name for name in names if re.search(r"(ing|ed)$", name)} - words
