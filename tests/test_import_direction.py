"""The arrows of docs/architecture.md are the imports of the code."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "hsisr_geo"
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
MODULES = sorted(path for path in PACKAGE.glob("*.py") if path.stem != "__init__")
REPORT = sorted((PACKAGE / "report").glob("*.py"))
FORMATS = sorted((PACKAGE / "formats").glob("*.py"))
PRODUCTS = sorted((PACKAGE / "products").glob("*.py"))
BENCHMARK = sorted((PACKAGE / "benchmark").glob("*.py"))


def _arrows():
    """What each module may import, as the document says it."""
    block = ARCHITECTURE.split("```")[1]
    chain, rules = block.split("(each may import any to its left)")
    order = [name.strip() for name in chain.split("←")]
    allowed = {name: set(order[:place]) for place, name in enumerate(order)}
    for name, imports in re.findall(r"(\w+)/? → ([\w, ]+?)\s*(?:;|\n|$)", rules):
        allowed[name] = {part.strip() for part in imports.split(",")}
    return allowed


def _imports(path):
    """Full names of what a file imports, at any level, type checking included."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _at_import_time(path):
    """Packages that are imported with a file: not within functions, nor for type checking."""
    waiting, names = list(ast.parse(path.read_text(encoding="utf-8")).body), set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {".".join(node.module.split(".")[:2])}
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {".".join(alias.name.split(".")[:2]) for alias in node.names}
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)
    return names


def _own(path):
    """Modules of the package that a file imports; `model` stands for all of its files."""
    packages = {"model", "cli", "weights", "report", "formats", "products", "benchmark"}
    known = {module.stem for module in MODULES} | packages
    parts = [name.split(".") for name in _imports(path) if name.startswith("hsisr_geo.")]
    return {part[1] for part in parts} & known


def test_the_document_lists_every_module():
    modules = {path.stem for path in MODULES}
    packages = {"cli", "model", "report", "formats", "products", "benchmark", "qgis_plugin"}
    assert modules == {*_arrows()} - packages
    described = set(re.findall(r"^\| `(\w+)(?:\.py|/)` \|", ARCHITECTURE, re.MULTILINE))
    assert modules <= described


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_imports_only_what_lies_to_its_left(path):
    allowed = _arrows()[path.stem]
    if path.stem in {"registry", "doctor"}:
        allowed = allowed | {"model"}  # inside a function, when a model or the GPU is asked for
    assert _own(path) <= allowed


@pytest.mark.parametrize("path", sorted((PACKAGE / "model").rglob("*.py")), ids=lambda p: p.stem)
def test_the_model_imports_only_what_the_document_allows(path):
    assert _own(path) <= _arrows()["model"] | {"model"}


@pytest.mark.parametrize("path", FORMATS, ids=lambda path: path.stem)
def test_the_formats_import_only_what_lies_to_their_left(path):
    assert _own(path) <= _arrows()["formats"] | {"formats"}


@pytest.mark.parametrize("path", PRODUCTS, ids=lambda path: path.stem)
def test_the_products_import_only_what_lies_to_their_left(path):
    assert _own(path) <= _arrows()["products"] | {"products"}


@pytest.mark.parametrize("path", BENCHMARK, ids=lambda path: path.stem)
def test_the_benchmark_imports_only_what_lies_to_its_left(path):
    """The model inside a function, when something is trained or run."""
    assert _own(path) <= _arrows()["benchmark"] | {"benchmark", "model"}


@pytest.mark.parametrize("path", REPORT, ids=lambda path: path.stem)
def test_the_report_imports_only_what_lies_to_its_left(path):
    assert _own(path) <= _arrows()["report"] | {"report"}


@pytest.mark.parametrize("path", sorted((ROOT / "qgis_plugin").rglob("*.py")), ids=lambda p: p.stem)
def test_the_plugin_imports_nothing_of_ours(path):
    assert not {name for name in _imports(path) if name.split(".")[0] in {"hsisr_geo", "torch"}}


def test_the_model_is_imported_when_it_is_needed_only():
    """So that a look at a scene, a plan or a table takes no seconds for torch."""
    files = [*MODULES, *REPORT, *FORMATS, *PRODUCTS, *BENCHMARK, *(ROOT / "cli").glob("*.py")]
    assert not {path.stem for path in files if "hsisr_geo.model" in _at_import_time(path)}


def test_torch_is_imported_in_model_only():
    files = [*MODULES, *REPORT, *FORMATS, *PRODUCTS, *BENCHMARK]
    assert not {path.stem for path in files if _uses(path, "torch")}


@pytest.mark.parametrize("library", ["matplotlib", "jinja2"])
def test_what_draws_pages_is_imported_in_report_only(library):
    packages = [*(PACKAGE / "model").rglob("*.py"), *(ROOT / "cli").glob("*.py")]
    files = [*MODULES, *FORMATS, *PRODUCTS, *BENCHMARK, *packages]
    assert not {path.stem for path in files if _uses(path, library)}
    assert any(_uses(path, library) for path in REPORT)


def test_h5py_is_imported_in_products_and_for_files_of_matlab_only():
    """A `.mat` file of version 7.3 is no product that `run` reads: nothing in it tells of bands."""
    files = [*MODULES, *REPORT, *FORMATS, *BENCHMARK]
    assert {path.stem for path in files if _uses(path, "h5py")} == {"mat_files"}
    assert any(_uses(path, "h5py") for path in PRODUCTS)


def test_rasterio_is_imported_where_the_document_says():
    sentence = re.search(r"`rasterio` is imported in (.*?) only", ARCHITECTURE, re.DOTALL)
    named = set(re.findall(r"`(\w+)\.py`", sentence[1]))
    files = [*MODULES, *REPORT, *BENCHMARK]
    assert {path.stem for path in files if _uses(path, "rasterio")} == named


def _uses(path, library):
    return any(name.split(".")[0] == library for name in _imports(path))
