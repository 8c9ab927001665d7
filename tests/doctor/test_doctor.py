"""The doctor says what is broken, and that what is whole is whole."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from commands import call

from hsisr_geo.doctor import examine, installation, libraries, selftest
from hsisr_geo.doctor.gpu import check_device
from hsisr_geo.resolver.catalogue import shipped_folder


def by_topic(findings):
    return {finding.topic: finding for finding in findings}


def only(findings, status):
    return [finding for finding in findings if finding.status == status]


# --- the command ----------------------------------------------------------------------------------


def test_this_installation_is_healthy(monkeypatch):
    for name in (*libraries._DATA_VARIABLES, *libraries._PROCESS_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    text = call("doctor").stdout
    assert "place, bands, holes and numbers are right" in " ".join(text.split())
    assert "broken" not in text
    found = json.loads(call("doctor", "--json", "--quick").stdout)
    assert found["healthy"] is True
    topics = {finding["topic"] for finding in found["findings"]}
    assert {"hsisr-geo", "Python packages", "GDAL and PROJ", "formats", "models"} < topics
    assert not {"device", "self-test"} & topics


def test_what_is_broken_is_told_with_advice_and_exit_code_1(monkeypatch):
    monkeypatch.setattr(libraries, "NEEDED", {"GTiff": "GeoTIFF", "Papyrus": "papyrus"})
    result = call("doctor", "--quick", code=1)
    assert "no Papyrus" in result.stdout
    assert "-> install rasterio's wheel" in result.stdout
    assert result.stderr == "hsisr-geo: error: broken: formats; see above\n"
    found = json.loads(call("doctor", "--quick", "--json", code=1).stdout)
    assert found["healthy"] is False


def test_a_check_that_fails_is_a_finding(monkeypatch):
    def fail():
        raise ImportError("libgdal.so: cannot open shared object file")

    monkeypatch.setattr(examine, "_CHECKS", {"GDAL and PROJ": fail, "models": examine._models})
    found = by_topic(examine.examine())
    assert found["GDAL and PROJ"].status == "broken"
    assert "libgdal.so" in found["GDAL and PROJ"].text
    assert found["models"].status == "ok"


def test_without_torch_it_is_only_missing():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from hsisr_geo.doctor.examine import examine\n"
        "import json\n"
        "wanted = ('device', 'self-test')\n"
        "print(json.dumps([(f.topic, f.status, f.text) for f in examine() if f.topic in wanted]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    device, test = json.loads(done.stdout)
    assert device[:2] == ["device", "missing"]
    assert "by ncnn" in device[2]
    assert test[:2] == ["self-test", "ok"]


# --- GDAL and PROJ --------------------------------------------------------------------------------


@pytest.fixture
def old_proj(tmp_path):
    """Return a folder with the database of an older PROJ, as QGIS's PROJ_LIB leads to."""
    with sqlite3.connect(tmp_path / "proj.db") as database:
        database.execute("CREATE TABLE metadata (key TEXT, value TEXT)")
        for part, number in (("MAJOR", 1), ("MINOR", 2)):
            row = (f"DATABASE.LAYOUT.VERSION.{part}", number)
            database.execute("INSERT INTO metadata VALUES (?, ?)", row)
    database.close()
    return tmp_path


@pytest.mark.parametrize("name", ["PROJ_LIB", "PROJ_DATA"])
def test_the_database_of_another_proj_is_recognised(old_proj, name):
    command = [sys.executable, "-m", "hsisr_geo.cli", "doctor", "--quick", "--json"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PROJ")}
    done = subprocess.run(
        command, env={**environment, name: str(old_proj)}, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == "hsisr-geo: error: broken: coordinate systems; see above\n"
    found = {f["topic"]: f for f in json.loads(done.stdout)["findings"]}
    assert found["coordinate systems"]["text"].startswith("PROJ was led to the database of another")
    assert f"unset {name} (now {old_proj})" in found["coordinate systems"]["advice"]
    assert str(old_proj) in found["GDAL and PROJ"]["text"]


@pytest.mark.parametrize("command", [("info",), ("run", "fine.tif", "--upscale", "2")])
def test_no_raster_is_read_with_the_database_of_another(old_proj, scenes, command):
    """GDAL would read it, with a CRS that has lost its code."""
    name, *rest = command
    done = subprocess.run(
        [sys.executable, "-m", "hsisr_geo.cli", name, str(scenes.aviris), *rest],
        env={**os.environ, "PROJ_DATA": str(old_proj)},
        cwd=old_proj,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("hsisr-geo: error: coordinate systems cannot be read: PROJ was led to")
    assert f"unset PROJ_DATA (now {old_proj})" in line
    assert [path.name for path in old_proj.iterdir()] == ["proj.db"]


def test_variables_that_lead_elsewhere_are_noted(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/usr/share/qgis/python")
    (found,) = libraries.environment()
    assert (found.status, found.details["PYTHONPATH"]) == ("note", "/usr/share/qgis/python")


def test_the_libraries_that_are_loaded_are_named(monkeypatch):
    if not os.path.exists("/proc/self/maps"):
        pytest.skip("the system does not tell")
    assert len(libraries.mapped_libraries("libgdal")) == 1
    monkeypatch.setattr(
        libraries, "mapped_libraries", lambda name: ["/a/libgdal.so", "/b/libgdal.so"]
    )
    assert only(libraries.libraries(), "note")[0].text.startswith("2 GDALs are loaded")


def test_a_format_that_products_need_is_missing_only(monkeypatch):
    monkeypatch.setattr(libraries, "USEFUL", {"Codex": "medieval scenes"})
    (missing,) = only(libraries.drivers(), "missing")
    assert "Codex (medieval scenes)" in missing.text


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ([sys.executable, "-c", "print('a'); print('GDAL 9')"], "GDAL 9"),
        ([sys.executable, "-c", "raise SystemExit('no GDAL')"], "no GDAL"),
        ([sys.executable, "-c", "raise SystemExit(3)"], "ended with code 3"),
        (["/no/such/program"], "does not answer"),
    ],
)
def test_others_are_asked_and_may_fail(command, said):
    assert said in libraries._ask(command)


# --- packages and models --------------------------------------------------------------------------


def test_packages_that_are_too_old_or_not_there_are_told(monkeypatch):
    wanted = ["numpy>=99", "click>=8", "nonsense-of-ours>=1", "gone; extra == 'gdal'"]
    monkeypatch.setattr(installation.metadata, "requires", lambda name: wanted)
    found = by_topic(installation.packages())
    told = found["Python packages"]
    assert told.status == "broken"
    assert told.text == f"numpy {np.__version__} (needed: >=99), no nonsense-of-ours"
    assert found["extra gdal"].status == "missing"
    assert "extra demo" not in found


def test_what_the_extras_of_a_package_need_is_looked_at_too(monkeypatch):
    wanted = {
        "hsisr-geo": ["dask[array,distributed]"],
        "dask": ["distributed>=9999; extra == 'distributed'", "gone; extra == 'diagnostics'"],
    }
    monkeypatch.setattr(installation.metadata, "requires", wanted.get)
    told = by_topic(installation.packages())["Python packages"]
    assert told.status == "broken"
    assert told.text.endswith("(needed: >=9999)")
    assert told.text.startswith("distributed 20")


def test_the_recorded_hashes_are_those_of_the_shipped_models():
    assert {path.name for path in shipped_folder().glob("*.safetensors")} == {
        line.split()[1] for line in (shipped_folder() / "SHA256SUMS").read_text().splitlines()
    }
    (found,) = installation.models()
    assert found.status == "ok", "write hsisr_geo/weights/SHA256SUMS anew (CONTRIBUTING.md)"


@pytest.mark.parametrize("how", ["a changed byte", "cut short", "gone", "no list", "an empty list"])
def test_a_model_that_is_not_as_released_is_told(tmp_path, monkeypatch, how):
    folder = tmp_path / "weights"
    shutil.copytree(shipped_folder(), folder)
    model = folder / "hsisr-base.safetensors"
    content = bytearray(model.read_bytes())
    if how == "a changed byte":
        content[-100] ^= 1
        model.write_bytes(content)
    elif how == "cut short":
        model.write_bytes(content[:-1])
    elif how == "gone":
        model.unlink()
    elif how == "no list":
        (folder / "SHA256SUMS").unlink()
    else:
        (folder / "SHA256SUMS").write_text("")
    monkeypatch.setattr(installation, "shipped_folder", lambda: folder)
    (found,) = installation.models()
    assert found.status == "broken"
    assert found.advice == "install hsisr-geo again"


def test_models_of_the_users_folder_are_read(tmp_path, monkeypatch):
    monkeypatch.setenv("HSISR_GEO_MODELS", str(tmp_path))
    assert by_topic(installation.models())["models in HSISR_GEO_MODELS"].status == "ok"
    (tmp_path / "mine.safetensors").write_bytes(b"PK and so on")
    found = by_topic(installation.models())["models in HSISR_GEO_MODELS"]
    assert (found.status, "mine.safetensors" in found.text) == ("broken", True)
    monkeypatch.setenv("HSISR_GEO_MODELS", str(tmp_path / "no"))
    assert by_topic(installation.models())["models in HSISR_GEO_MODELS"].status == "broken"


def test_little_room_is_noted(monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=10_000_000)
    monkeypatch.setattr(installation.shutil, "disk_usage", lambda folder: usage)
    memory = installation.psutil.virtual_memory()._replace(available=500_000_000)
    monkeypatch.setattr(installation.psutil, "virtual_memory", lambda: memory)
    assert [f.status for f in installation.room()] == ["note"] * 3


# --- the device -----------------------------------------------------------------------------------


def test_a_gpu_that_torch_was_not_built_for_is_noted(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert check_device(has_nvidia=False).status == "ok"
    monkeypatch.setattr(torch.version, "cuda", None)
    assert "torch with CUDA" in check_device(has_nvidia=True).advice
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    found = check_device(has_nvidia=True)
    assert (found.status, "driver for CUDA 12.8" in found.advice) == ("note", True)


def test_a_gpu_counts_once_it_has_computed(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "GPU")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (7_000_000_000, 8_000_000_000))
    monkeypatch.setattr(torch.Tensor, "cuda", lambda x: x)
    found = check_device(has_nvidia=True)
    assert (found.status, found.text[:25]) == ("ok", "GPU, 7.0 of 8.0 GB free; ")
    monkeypatch.setattr(torch.Tensor, "cuda", lambda x: x * 2)
    assert "wrong numbers" in check_device(has_nvidia=True).text

    def fails(x):
        raise RuntimeError("no kernel image is available for execution on the device")

    monkeypatch.setattr(torch.Tensor, "cuda", fails)
    found = check_device(has_nvidia=True)
    assert (found.status, "no kernel image" in found.text) == ("broken", True)


# --- the self-test --------------------------------------------------------------------------------


class Spoiled:
    """Back-projection whose cubes are changed."""

    def __init__(self, resolver, change):
        self._resolver, self._change = resolver, change

    def __getattr__(self, name):
        return getattr(self._resolver, name)

    def fit(self, statistics):
        function = self._resolver.fit(statistics)
        return lambda cube, origin: self._change(function(cube, origin))


SPOILED = {
    "one row lower": lambda x: np.roll(x, 2, axis=1),
    "all one value": lambda x: np.full_like(x, 0.2),
    "ten percent more": lambda x: x * 1.1,
    "bands swapped": lambda x: x[::-1].copy(),
}


@pytest.mark.parametrize("kind", SPOILED)
def test_the_self_test_finds_wrong_numbers(monkeypatch, kind):
    load = selftest.load_resolver
    monkeypatch.setattr(
        selftest, "load_resolver", lambda *args, **more: Spoiled(load(*args, **more), SPOILED[kind])
    )
    assert selftest.super_resolve_a_small_scene("back-projection").status == "broken"


def test_the_self_test_finds_a_wrong_place_wavelengths_and_holes(monkeypatch):
    def changed(change):
        """Return `open_raster` with the output changed."""
        return lambda path: right(path) if path.name == "scene.tif" else change(right(path))

    def told():
        return selftest.super_resolve_a_small_scene("back-projection").text

    right = selftest.open_raster
    shifted = changed(lambda r: replace(r, transform=r.transform @ r.transform.translation(0.5, 0)))
    monkeypatch.setattr(selftest, "open_raster", shifted)
    assert "it lies at" in told()
    turned = changed(lambda r: replace(r, bands=r.bands.select(range(len(r.bands) - 1, -1, -1))))
    monkeypatch.setattr(selftest, "open_raster", turned)
    assert "wavelengths_nm" in told()
    monkeypatch.setattr(selftest, "open_raster", right)
    read = selftest.read_window
    monkeypatch.setattr(selftest, "read_window", lambda *args: np.nan_to_num(read(*args)))
    assert "holes are not" in told()
