"""The zip is one that plugins.qgis.org takes, as far as its rules are known.

They are its validator's (metadata, folders, size), and those of the scans that it shows with a
plugin: bandit, and enums that Qt 6 does not know.
"""

import ast
import configparser
import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

import hsisr_geo
from tools import build_plugin, release, write_translations


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build_plugin.build(tmp_path_factory.mktemp("dist"))


def test_the_zip_holds_one_folder_with_all_that_qgis_asks_for(archive):
    with zipfile.ZipFile(archive) as packed:
        names = packed.namelist()
    assert {name.split("/")[0] for name in names} == {"hsisr_geo_qgis"}
    wanted_files = ("__init__.py", "metadata.txt", "LICENSE", "icon.svg", "provider.py")
    for wanted in (*wanted_files, "help.png", "i18n/hsisr_geo.ts"):
        assert f"hsisr_geo_qgis/{wanted}" in names
    forbidden = re.compile(
        r"\.\.|^/|\.pyc|__pycache__|__MACOSX|\.git|(^|/)\.|\.(exe|dll|so|dylib|bat|sh|ps1|cmd)$"
    )
    assert not [name for name in names if forbidden.search(name)]
    assert "hsisr_geo_qgis".isidentifier()
    assert archive.stat().st_size < 25e6
    assert archive.name == f"hsisr_geo_qgis-{hsisr_geo.__version__}.zip"


def test_building_twice_gives_the_same_bytes(archive, tmp_path):
    assert build_plugin.build(tmp_path).read_bytes() == archive.read_bytes()


def test_metadata_says_what_qgis_and_a_reader_need(archive):
    metadata = configparser.ConfigParser()
    with zipfile.ZipFile(archive) as packed:
        metadata.read_string(packed.read("hsisr_geo_qgis/metadata.txt").decode())
        general = metadata["general"]
        assert f"hsisr_geo_qgis/{general['icon']}" in packed.namelist()
    assert general["version"] == hsisr_geo.__version__
    assert general["qgisMinimumVersion"] == "3.22"
    assert general["qgisMaximumVersion"] == "4.99"
    assert general.getboolean("hasProcessingProvider")
    assert general.getboolean("supportsQt6")
    assert "External dependency" in general["about"]
    assert "GPL-2.0-or-later" in general["license"]


def test_python_of_the_oldest_qgis_reads_every_file(archive):
    import ast

    with zipfile.ZipFile(archive) as packed:
        for name in packed.namelist():
            if name.endswith(".py"):
                ast.parse(packed.read(name), feature_version=(3, 9))


def a_repository(root, *, version="1.0.0"):
    (root / "qgis_plugin").mkdir()
    (root / "hsisr_geo").mkdir()
    (root / "qgis_plugin" / "__init__.py").write_text("")
    (root / "LICENSE").write_text("")
    (root / "hsisr_geo" / "_version.py").write_text(f'__version__ = "{version}"\n')
    (root / "metadata.txt").write_text("[general]\nversion=1.0.0\n")
    return root


def test_versions_that_differ_are_refused(tmp_path):
    with pytest.raises(build_plugin.BuildError, match=r"1\.0\.0.*2\.0\.0"):
        build_plugin.build(tmp_path / "dist", a_repository(tmp_path, version="2.0.0"))


def test_binaries_are_refused(tmp_path):
    root = a_repository(tmp_path)
    (root / "qgis_plugin" / "fast.so").write_bytes(b"\x7fELF")
    with pytest.raises(build_plugin.BuildError, match=r"fast\.so"):
        build_plugin.build(tmp_path / "dist", root)


def test_the_engine_goes_along_and_nothing_that_is_not_it(tmp_path):
    root = a_repository(tmp_path)
    wheel = tmp_path / "hsisr_geo-1.0.0-py3-none-any.whl"
    wheel.write_bytes(b"the engine")
    with zipfile.ZipFile(build_plugin.build(tmp_path / "dist", root, wheel=wheel)) as packed:
        assert packed.read(f"hsisr_geo_qgis/wheels/{wheel.name}") == b"the engine"
    for name in ("hsisr_geo-0.9.0-py3-none-any.whl", "torch-1.0.0-py3-none-any.whl"):
        with pytest.raises(build_plugin.BuildError, match="not the engine's wheel"):
            build_plugin.build(tmp_path / "dist", root, wheel=wheel.with_name(name))


def test_notes_of_a_release_have_the_newest_changes_only():
    changelog = "# Changes\n\n## 2.0\n- new\n### QGIS\n- more\n\n## 1.0\n- old\n"
    assert release.latest_changes(changelog) == "## 2.0\n- new\n### QGIS\n- more"


def test_the_newest_changes_are_those_of_the_package():
    assert release.changes_of(hsisr_geo.__version__).startswith(f"## {hsisr_geo.__version__} ")


def test_changes_of_another_version_are_no_release(tmp_path):
    root = a_repository(tmp_path)
    (root / "CHANGELOG.md").write_text("## 1.1.0 (unreleased)\n- first\n")
    with pytest.raises(build_plugin.BuildError, match=r"'## 1\.1\.0 .*', but the package is 1\.0"):
        release.release(tmp_path / "release", root)
    assert not (tmp_path / "release").exists()


def test_a_release_has_all_that_a_user_takes_and_says_what_is_for_whom(tmp_path, monkeypatch):
    root = a_repository(tmp_path)
    (root / "CHANGELOG.md").write_text("## 1.0.0\n- first\n")
    out = tmp_path / "release"

    def packages(folder, root):
        made = folder / "hsisr_geo-1.0.0.tar.gz", folder / "hsisr_geo-1.0.0-py3-none-any.whl"
        for path in made:
            path.write_bytes(path.name.encode())
        return made

    monkeypatch.setattr(release, "packages", packages)
    out.mkdir()
    (out / "of-an-earlier.zip").write_text("")
    made = release.release(out, root)
    assert sorted(out.iterdir()) == sorted(made)
    sums = dict(line.split("  ")[::-1] for line in (out / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {path.name for path in made[:3]}
    for name, digest in sums.items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
        assert name in (out / "NOTES.md").read_text()


def test_install_replaces_what_is_there(tmp_path):
    stale = tmp_path / "hsisr_geo_qgis" / "stale.py"
    stale.parent.mkdir()
    stale.write_text("")
    command = [sys.executable, build_plugin.__file__, "--install", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    assert not stale.exists()
    assert (tmp_path / "hsisr_geo_qgis" / "metadata.txt").exists()


@pytest.fixture
def metadata_of(tmp_path):
    """A function that writes a repository with the project's metadata, some of it changed."""
    root = a_repository(tmp_path)
    shutil.copy(build_plugin.ROOT / "qgis_plugin" / "icon.svg", root / "qgis_plugin")

    def write(**changes):
        parser = configparser.ConfigParser()
        parser.optionxform = str
        parser.read(build_plugin.ROOT / "metadata.txt", encoding="utf-8")
        real = {"email": "someone@example.org", "homepage": "https://example.org/"}
        real |= {"tracker": "https://example.org/issues", "repository": "https://example.org/git"}
        for key, value in {**real, **changes}.items():
            parser["general"][key] = value
        with open(root / "metadata.txt", "w", encoding="utf-8") as file:
            parser.write(file)
        return build_plugin.missing_for_release(root)

    return write


def test_with_addresses_it_could_be_released(metadata_of):
    assert metadata_of() == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("email", ""),
        ("email", "nobody"),
        ("tracker", ""),
        ("tracker", "example.org/issues"),
        ("repository", "here"),
        ("homepage", ""),
        ("author", "me/you"),
        ("supportsQt6", "yes"),
        ("icon", "gone.svg"),
        ("about", ""),
    ],
)
def test_what_would_be_refused_is_named(metadata_of, key, value):
    (said,) = metadata_of(**{key: value})
    assert key in said


def test_a_release_without_addresses_is_refused_and_a_build_is_not(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(build_plugin, "missing_for_release", lambda: ["metadata.txt has no email"])
    monkeypatch.setattr(build_plugin, "build", lambda folder, wheel: tmp_path / "made.zip")
    monkeypatch.setattr(sys, "argv", ["build_plugin.py", "--release"])
    assert build_plugin.main() == 1
    monkeypatch.setattr(sys, "argv", ["build_plugin.py"])
    assert build_plugin.main() == 0
    said = capsys.readouterr()
    assert "no email" in said.err
    assert said.out == f"{tmp_path / 'made.zip'}\n"


@pytest.fixture(scope="module")
def unpacked(archive, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return folder


def test_bandit_finds_nothing_of_any_severity(unpacked):
    command = [sys.executable, "-m", "bandit", "--quiet", "--recursive", "-f", "json"]
    done = subprocess.run([*command, str(unpacked)], capture_output=True, text=True)
    report = json.loads(done.stdout)
    assert report["errors"] == []
    assert [(r["filename"], r["line_number"], r["issue_text"]) for r in report["results"]] == []


def test_what_bandit_is_told_to_overlook_has_a_reason(unpacked):
    for path in unpacked.rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if "nosec" in line:
                assert re.search(r"# nosec B\d{3} # (\S+ ){2,}\S+", line), f"{path.name}: {line}"


CLASSES_OF_QT_5 = {
    *("QRegExp", "QRegExpValidator", "QDesktopWidget", "QTextCodec", "QVariant", "QStringRef"),
    *("QSignalMapper", "QMatrix", "QFontMetricsF"),
}
MEMBERS_OF_QT_5 = {
    *("exec_", "globalPos", "globalX", "globalY", "localPos", "posF", "setMargin", "grabWidget"),
    *("toTime_t", "fromTime_t", "byteCount", "MidButton"),
}


def only_in_qt_5(source):
    """Lines with what PyQt5 has and PyQt6 has not; enums are looked for in tests/qgis."""
    return [node.lineno for node in ast.walk(ast.parse(source)) if is_of_qt_5(node)]


def is_of_qt_5(node):
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        names = {alias.name for alias in node.names}
        return node.module.startswith(("PyQt", "PySide")) or bool(names & CLASSES_OF_QT_5)
    if isinstance(node, ast.Import):
        return any(alias.name.startswith(("PyQt", "PySide")) for alias in node.names)
    if isinstance(node, ast.Attribute):
        overload = isinstance(node.value, ast.Subscript) and isinstance(node.value.slice, ast.Name)
        return node.attr in MEMBERS_OF_QT_5 or (overload and node.attr in ("connect", "emit"))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return bool(node.args) and node.func.attr == "width"  # of a text, by QFontMetrics
    return False


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("import PyQt5.QtCore\nfrom PyQt6 import QtGui", [1, 2]),
        ("from qgis.PyQt.QtCore import QRegExp, Qt\nfrom qgis.PyQt.QtCore import Qt", [1]),
        ("dialog.exec_()\ndialog.exec()", [1]),
        ("metrics.width('text')\nwidget.width()", [1]),
        ("box.activated[str].connect(f)\nbox.activated.connect(f)\nbuttons['a'].connect(f)", [1]),
        ("event.globalPos()\nevent.pos()", [1]),
    ],
)
def test_the_search_for_qt_5_finds_it(source, lines):
    assert sorted(only_in_qt_5(source)) == lines


def test_qt_is_what_qgis_has(unpacked):
    """PyQt5 in QGIS 3, PyQt6 in QGIS 4: through qgis.PyQt only, and without what Qt 6 dropped."""
    sources = {path.name: path.read_text(encoding="utf-8") for path in unpacked.rglob("*.py")}
    found = {name: only_in_qt_5(source) for name, source in sources.items()}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_the_list_of_texts_is_up_to_date():
    known = write_translations.TEMPLATE.read_text(encoding="utf-8")
    assert known == write_translations.document(write_translations.texts(), {})
    for path in write_translations.FOLDER.glob("hsisr_geo_*.ts"):
        assert path.with_suffix(".qm").exists()
