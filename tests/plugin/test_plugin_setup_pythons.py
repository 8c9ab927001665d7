"""Which Python is found and which is refused, on all three platforms as far as Linux can show."""

import re
import sys
from pathlib import Path

import pytest

from qgis_plugin.setup import pythons
from qgis_plugin.setup.pythons import advice, candidates, find_pythons, probe


def program(path, answer):
    """A program that answers every question with the same line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)
    return path


def python(path, version=(3, 12, 1), *, bits=64, venv=True, ssl=True):
    """A program that answers like a Python."""
    record = f'"version": {list(version)}, "bits": {bits}'
    flags = f'"venv": {str(venv).lower()}, "ssl": {str(ssl).lower()}'
    return program(path, f"{{{record}, {flags}}}")


posix = pytest.mark.skipif(sys.platform == "win32", reason="stand-ins are started as on POSIX")


def test_this_python_is_usable():
    found = probe(sys.executable)
    assert found.version == sys.version_info[:3]
    assert found.usable, found.problem


@posix
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"version": (3, 9, 18)}, r"older than 3\.10"),
        ({"bits": 32}, "32-bit"),
        ({"version": (3, 11, 2), "venv": False}, r"sudo apt install python3\.11-venv"),
        ({"ssl": False}, "cannot download"),
    ],
)
def test_a_python_that_will_not_do_says_why(tmp_path, answer, words):
    found = probe(str(python(tmp_path / "python3", **answer)), platform="linux")
    assert not found.usable
    assert re.search(words, found.problem)


@posix
def test_what_is_no_python_is_refused(tmp_path):
    assert probe(str(program(tmp_path / "a", "Install developer tools?"))).problem
    assert probe(str(program(tmp_path / "b", "[]"))).problem
    assert probe(str(tmp_path / "gone")).problem == "It does not start."


def test_a_python_from_the_microsoft_store_is_refused_without_being_started():
    found = probe(r"C:\Users\ä\AppData\Local\Microsoft\WindowsApps\python3.exe", platform="win32")
    assert "Microsoft Store" in found.problem


@posix
def test_a_leaked_environment_does_not_stop_the_question(monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    assert probe(sys.executable).usable


def on(platform, root, prefix="", **variables):
    found = candidates(prefix, platform=platform, variables=variables, root=root)
    return [str(path.relative_to(root)) for path in found]


@posix
def test_on_linux_the_distributions_python_comes_first(tmp_path):
    for name in ("usr/bin/python3", "usr/bin/python3.11", "usr/bin/python3.9", "usr/bin/python3-x"):
        python(tmp_path / name)
    python(tmp_path / "home/conda/python3")
    found = on("linux", tmp_path, PATH=str(tmp_path / "home/conda"))
    assert found == [
        *("usr/bin/python3", "usr/bin/python3.11", "usr/bin/python3.9"),
        "home/conda/python3",
    ]


@posix
def test_on_macos_qgis_own_comes_last_and_apples_only_with_its_tools(tmp_path):
    framework = "Library/Frameworks/Python.framework/Versions"
    bundle = "Applications/QGIS-LTR.app/Contents/MacOS"
    for name in (
        *(f"{framework}/3.9/bin/python3", f"{framework}/3.12/bin/python3"),
        *("opt/homebrew/bin/python3", "usr/bin/python3", f"{bundle}/bin/python3"),
        "Applications/QGIS-LTR.app/Contents/Frameworks/bin/python3.12",
    ):
        python(tmp_path / name)
    prefix = str(tmp_path / bundle)
    expected = [
        *(f"{framework}/3.12/bin/python3", f"{framework}/3.9/bin/python3"),
        *("opt/homebrew/bin/python3", f"{bundle}/bin/python3"),
        "Applications/QGIS-LTR.app/Contents/Frameworks/bin/python3.12",
    ]
    assert on("darwin", tmp_path, prefix) == expected
    python(tmp_path / "Library/Developer/CommandLineTools/usr/bin/python3")
    assert "usr/bin/python3" in on("darwin", tmp_path, prefix)


@posix
def test_on_windows_the_launchers_come_first_and_osgeo4ws_last(tmp_path):
    qgis, local = tmp_path / "Program Files/QGIS 3.40", tmp_path / "Users/ä b/AppData/Local"
    for path in (
        *(local / "Programs/Python/Python39/python.exe", tmp_path / "Python313/python.exe"),
        *(local / "Programs/Python/Python312/python.exe", qgis / "apps/Python312/python.exe"),
        *(qgis / "bin/python3.exe", qgis / "bin/qgis-ltr-bin.exe"),
    ):
        python(path)
    program(tmp_path / "Windows/py", f" -V:3.13 *        {tmp_path}/Python313/python.exe")
    found = on(
        *("win32", tmp_path, str(qgis / "apps/qgis-ltr")),
        PATH=str(tmp_path / "Windows"),
        LOCALAPPDATA=str(local),
        ProgramFiles=str(tmp_path / "Program Files"),
        OSGEO4W_ROOT=str(qgis),
    )
    assert list(dict.fromkeys(found)) == [
        "Python313/python.exe",
        "Users/ä b/AppData/Local/Programs/Python/Python312/python.exe",
        "Users/ä b/AppData/Local/Programs/Python/Python39/python.exe",
        "Program Files/QGIS 3.40/apps/Python312/python.exe",
        "Program Files/QGIS 3.40/bin/python3.exe",
    ]


@posix
def test_one_python_under_two_names_is_asked_once(tmp_path):
    python(tmp_path / "usr/bin/python3.12")
    (tmp_path / "usr/bin/python3").symlink_to("python3.12")
    found = find_pythons(platform="linux", variables={"PATH": ""}, root=tmp_path)
    assert [Path(each.path).name for each in found] == ["python3"]


@posix
def test_without_a_usable_python_the_advice_names_what_is_wrong(tmp_path):
    python(tmp_path / "usr/bin/python3", (3, 9, 2))
    found = find_pythons(platform="linux", variables={"PATH": ""}, root=tmp_path)
    words = advice(found, "linux")
    assert "python3-venv" in words
    assert f"{tmp_path}/usr/bin/python3: It is older" in words
    assert "python.org" in advice([], "win32")
    assert "brew" in advice([], "darwin")


def test_sys_executable_is_never_a_candidate():
    """Inside QGIS it can be QGIS."""
    source = Path(pythons.__file__).read_text(encoding="utf-8")
    assert "sys.executable" not in source.replace("`sys.executable`", "")
