import configparser
import subprocess
import sys
import zipfile

import pytest

import hsisr_geo
from tools import build_plugin

# The plugin repository asks for one folder with metadata and licence, no binaries, at most 25 MB.


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build_plugin.build(tmp_path_factory.mktemp("dist"))


def test_the_zip_holds_one_folder_with_all_that_qgis_asks_for(archive):
    with zipfile.ZipFile(archive) as packed:
        names = packed.namelist()
    assert {name.split("/")[0] for name in names} == {"hsisr_geo_qgis"}
    for wanted in ("__init__.py", "metadata.txt", "LICENSE", "icon.svg", "provider.py"):
        assert f"hsisr_geo_qgis/{wanted}" in names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
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
    (root / "hsisr_geo" / "__init__.py").write_text(f'__version__ = "{version}"\n')
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


def test_install_replaces_what_is_there(tmp_path):
    stale = tmp_path / "hsisr_geo_qgis" / "stale.py"
    stale.parent.mkdir()
    stale.write_text("")
    command = [sys.executable, build_plugin.__file__, "--install", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    assert not stale.exists()
    assert (tmp_path / "hsisr_geo_qgis" / "metadata.txt").exists()
