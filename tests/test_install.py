"""What is handed out: wheel, sdist and image hold what they need, no more, and work."""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from configparser import ConfigParser
from email.parser import Parser
from pathlib import Path, PurePosixPath

import pytest
from commands import pixels, write

from hsisr_geo import __version__

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "hsisr_geo").rglob("*.py")) + sorted((ROOT / "cli").rglob("*.py"))
DATA = {
    "hsisr_geo/py.typed",
    "hsisr_geo/assessment/report/script.js",
    "hsisr_geo/assessment/report/style.css",
    "hsisr_geo/assessment/report/template.html",
    "hsisr_geo/blur/sensors.toml",
    "hsisr_geo/blur/softness.json",
    "hsisr_geo/model/deviation.json",
    "hsisr_geo/weights/SHA256SUMS",
    "hsisr_geo/weights/hsisr-base.safetensors",
}
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the folder of an sdist, and of the wheel that is built from it.

    Built from a copy: setuptools would take what an earlier build listed in *.egg-info, too.
    """
    folder, copy = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("copy") / "source"
    unwanted = shutil.ignore_patterns(".*_cache", ".git", ".venv*", "*.egg-info", "build", "dist")
    shutil.copytree(ROOT, copy, ignore=unwanted)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, copy]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(made):
    return next(made.glob("*.whl"))


# --- wheel ----------------------------------------------------------------------------------------


def packaged(path):
    """Return where a source file lies in the wheel."""
    inside = path.relative_to(ROOT).as_posix()
    return inside.replace("cli/", "hsisr_geo/cli/", 1) if inside.startswith("cli/") else inside


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert names == {*map(packaged, SOURCES)} | DATA
        metadata = {name for name in archive.namelist() if ".dist-info/" in name}
        info = f"hsisr_geo-{__version__}.dist-info"
        assert f"{info}/licenses/LICENSE" in metadata
        entries = ConfigParser()
        entries.read_string(archive.read(f"{info}/entry_points.txt").decode())
        assert dict(entries["console_scripts"]) == {"hsisr-geo": "hsisr_geo.cli.__main__:main"}
        assert dict(entries["rasterio.rio_plugins"]) == {"hsisr": "hsisr_geo.cli.rio:hsisr"}
        about = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
    assert (about["Name"], about["Version"]) == ("hsisr-geo", __version__)
    assert (about["Requires-Python"], about["License-Expression"]) == (">=3.10", "GPL-2.0-or-later")
    assert wheel.name == f"hsisr_geo-{__version__}-py3-none-any.whl"
    assert wheel.stat().st_size < 10 * MEGABYTE


def test_the_wheel_works_where_nothing_else_of_ours_is(wheel, tmp_path):
    folder = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    site = subprocess.check_output(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    )
    # What it depends on is borrowed: a path only, so that the editable install is not among it.
    Path(site.strip(), "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*install, "--quiet", wheel], check=True)
    environment = {**os.environ, "PYTHONNOUSERSITE": "1"}
    environment.pop("PYTHONPATH", None)

    def run(*command):
        done = subprocess.run(
            list(map(str, command)), cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    program = python.with_name("hsisr-geo")
    assert run(program, "--version") == f"hsisr-geo, version {__version__}\n"
    where = run(
        python, "-c", "import hsisr_geo, hsisr_geo.cli as c; print(hsisr_geo.__path__, c.__path__)"
    )
    assert where.count(str(folder)) == 2
    assert json.loads(run(program, "doctor", "--json"))["healthy"] is True
    write(tmp_path / "scene.tif", pixels(), wavelengths=[450, 550, 650, 850])
    run(program, "assess", "scene.tif", "--upscale", 2, "--report", "report", "--model", "bicubic")
    assert (tmp_path / "report" / "index.html").stat().st_size > 1000  # its template came along


# --- sdist ----------------------------------------------------------------------------------------


def test_the_sdist_holds_what_is_worked_with_and_no_scenes(made):
    path = made / f"hsisr_geo-{__version__}.tar.gz"
    with tarfile.open(path) as archive:
        members = [member for member in archive if member.isfile()]
    sizes = {PurePosixPath(*PurePosixPath(m.name).parts[1:]): m.size for m in members}
    names = set(map(str, sizes))
    expected = [
        "LICENSE", "README.md", "CHANGELOG.md", "Makefile", "Dockerfile", ".dockerignore",
        "constraints.txt", "metadata.txt", "docs/cli.md", "docs/images/indian_pines.png",
        "tests/test_install.py", "tests/scenes.py", "tools/demo.py", "qgis_plugin/plugin.py",
        "benchmarks/quality.py", "cli/main.py",
    ]  # fmt: skip
    assert {*expected, *DATA} <= names
    assert {source.relative_to(ROOT).as_posix() for source in SOURCES} <= names
    assert not [name for name in names if re.search(r"shared/|\.(tif|bsq|mat|pyc|he5|nc)$", name)]
    big = {str(name) for name, size in sizes.items() if size > MEGABYTE}
    assert big <= {"hsisr_geo/weights/hsisr-base.safetensors"}
    assert path.stat().st_size < 12 * MEGABYTE


# --- image ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dockerfile():
    """Return the Dockerfile as (instruction, its text) in order."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if line.strip() and not line.startswith("#"))
    joined = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in joined]


def texts(dockerfile, instruction):
    return [text for name, text in dockerfile if name == instruction]


def kept(name):
    """Whether .dockerignore lets a name through to the build."""
    keep = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.strip()
        if pattern and not pattern.startswith("#") and fnmatch.fnmatch(name, pattern.lstrip("!")):
            keep = pattern.startswith("!")
    return keep


def test_all_that_the_image_copies_is_there_and_sent(dockerfile):
    sources = [
        name
        for text in texts(dockerfile, "COPY")
        if not text.startswith("--from")
        for name in text.split()[:-1]
    ]
    assert "hsisr_geo" in sources
    for name in sources:
        assert (ROOT / name).exists(), name
        assert kept(name), name
    for name in (".git", ".venv", "tests", "docs", "shared", "out.tif"):
        assert not kept(name)


def test_the_image_has_all_that_the_build_of_the_package_reads(dockerfile, tmp_path):
    for text in texts(dockerfile, "COPY"):
        for name in [] if text.startswith("--from") else text.split()[:-1]:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, tmp_path / name)
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", tmp_path]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert {*map(packaged, SOURCES)} | DATA <= set(archive.namelist())


def test_the_image_installs_what_is_tested_and_its_program_is_ours(dockerfile):
    installs = [text for text in texts(dockerfile, "RUN") if "pip install" in text]
    assert len(installs) == 2
    for text in installs:
        assert "--no-cache-dir --constraint constraints.txt" in text
        assert text.startswith("/opt/hsisr-geo/bin/pip")
    assert '--extra-index-url "${TORCH_INDEX}" torch' in installs[0]
    assert any("hsisr-geo doctor" in text for text in installs)  # an image that is broken is none
    assert texts(dockerfile, "ENTRYPOINT") == ['["hsisr-geo"]']
    links = [text for text in texts(dockerfile, "RUN") if text.startswith("ln -s")]
    assert links[0].startswith("ln -s /opt/hsisr-geo/bin/hsisr-geo /usr/local/bin/hsisr-geo ")
    arguments = dict(text.split("=", 1) for text in texts(dockerfile, "ARG"))
    assert arguments["VERSION"] == __version__
    assert arguments["TORCH_INDEX"].endswith("/whl/cpu")


def test_the_image_is_pinned_and_runs_without_root(dockerfile):
    arguments = dict(text.split("=", 1) for text in texts(dockerfile, "ARG"))
    first, *others = texts(dockerfile, "FROM")
    assert first == "ghcr.io/osgeo/gdal:ubuntu-small-${GDAL_VERSION} AS base"
    assert re.fullmatch(r"3\.\d+\.\d+", arguments["GDAL_VERSION"])
    assert [other.split()[0] for other in others] == ["base", "base"]
    user = texts(dockerfile, "USER")[-1]
    assert user.isdigit()
    assert int(user) > 0
    assert f"--uid {user}" in " ".join(texts(dockerfile, "RUN"))


@pytest.mark.skipif(
    not Path(sys.executable).with_name("hadolint").exists(), reason="hadolint is not installed"
)
def test_hadolint_has_nothing_to_say():
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([program, "Dockerfile"], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("", 0)
