"""Names that are no plain files: GDAL's virtual file systems, subdatasets, URLs, and pipes."""

import gzip
import io
import json
import shutil
import subprocess
import sys
import zipfile
from contextlib import contextmanager

import commands
import h5py
import numpy as np
import pytest
import rasterio
import rasterio.shutil
import xarray as xr
from affine import Affine
from commands import bicubic, call

from hsisr_geo.api import super_resolve
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.pipes import is_stdin, is_stdout, receive, send
from hsisr_geo.raster.read import read_window
from hsisr_geo.resolver.interpolation import BicubicResolver

BANDS, ROWS, COLS = 24, 96, 88
CENTRES = [400 + 20 * i for i in range(BANDS)]
BAD = (4, 5)
RUN = [sys.executable, "-m", "hsisr_geo.cli", "run", "--progress", "none", "--model", "bicubic"]


@pytest.fixture(scope="module")
def cube():
    return np.random.default_rng(0).integers(100, 4000, (BANDS, ROWS, COLS)).astype(np.int16)


@pytest.fixture(scope="module")
def scene(tmp_path_factory, cube):
    """More than GDAL keeps of a stream, 1 MB, once it is twice as fine."""
    path = tmp_path_factory.mktemp("streams") / "scene.tif"
    profile = {"driver": "GTiff", "count": BANDS, "height": ROWS, "width": COLS, "dtype": "int16"}
    place = {"crs": "EPSG:32633", "transform": Affine(30, 0, 500_000, 0, -30, 5_800_000)}
    with rasterio.open(path, "w", **profile, **place, nodata=-9999) as dataset:
        for number, centre in enumerate(CENTRES, start=1):
            tags = {"wavelength": centre, "wavelength_units": "Nanometers", "fwhm": 9.5}
            dataset.update_tags(number, **tags, bbl=int(number - 1 not in BAD))
            dataset.set_band_description(number, f"{centre} nm")
        dataset.write(cube)
    return path


def stored(path):
    with rasterio.open(path) as dataset:
        return dataset.read()


@pytest.fixture(scope="module")
def expected(scene, tmp_path_factory):
    path = tmp_path_factory.mktemp("expected") / "fine.tif"
    bicubic(scene, path)
    return stored(path)


def says_what_the_scene_says(path):
    """Wavelengths, widths and bad bands are where a reader looks for them."""
    bands = open_raster(path).bands
    assert bands.wavelengths_nm == tuple(map(float, CENTRES))
    assert bands.fwhm_nm == (9.5,) * BANDS
    assert tuple(i for i, band in enumerate(bands) if not band.good) == BAD


_SERVER = """
import http.server, pathlib, re, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):  # a file in ranges, as /vsicurl/ asks for it
        path = pathlib.Path(self.translate_path(self.path))
        wanted = re.fullmatch(r"bytes=(\\d+)-(\\d+)", self.headers.get("Range", ""))
        if not path.is_file() or not wanted:
            return super().do_GET()
        data = path.read_bytes()
        first, last = int(wanted[1]), min(int(wanted[2]), len(data) - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        self.wfile.write(data[first : last + 1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def served(scene):
    """Yield a process that serves it, and its URL: in this one it would wait for GDAL."""
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        cwd=scene.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    port = int(server.stdout.readline())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("no_proxy", "127.0.0.1")
        patch.setenv("GDAL_HTTP_TIMEOUT", "10")
        yield server, f"http://127.0.0.1:{port}/{scene.name}"
    server.terminate()
    server.stdout.close()
    server.wait()


@pytest.fixture(scope="module")
def url(scene):
    with served(scene) as (_, address):
        yield address


@pytest.mark.parametrize("prefix", ["", "/vsicurl/"])
def test_a_url_is_read_where_it_lies(url, prefix, expected, tmp_path):
    bicubic(prefix + url, tmp_path / "fine.tif")
    assert np.array_equal(stored(tmp_path / "fine.tif"), expected)


def test_a_server_that_goes_when_all_is_read_costs_nobody_the_result(
    scene, expected, tmp_path, monkeypatch
):
    with served(scene) as (server, address):
        monkeypatch.setenv("CPL_VSIL_CURL_NON_CACHED", f"/vsicurl/{address}")
        super_resolve(
            address,
            tmp_path / "fine.tif",
            resolver=BicubicResolver(2),
            progress=lambda done, total: server.kill() if done == total else None,
        )
    assert np.array_equal(stored(tmp_path / "fine.tif"), expected)


def test_a_url_that_is_not_there_is_told_in_one_line(url, tmp_path):
    result = bicubic(url.replace("scene", "other"), tmp_path / "fine.tif", code=1)
    assert "other.tif" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def _zipped(scene, folder):
    with zipfile.ZipFile(folder / "scenes.zip", "w") as archive:
        archive.write(scene, "inner/scene.tif")
    return f"/vsizip/{folder}/scenes.zip/inner/scene.tif"


def _gzipped(scene, folder):
    (folder / "scene.tif.gz").write_bytes(gzip.compress(scene.read_bytes(), 1))
    return f"/vsigzip/{folder}/scene.tif.gz"


def _hdf5(scene, folder):
    with rasterio.open(scene) as source, h5py.File(folder / "scene.h5", "w") as file:
        file["group/cube"], file["group/other"] = source.read(), source.read()
    return f'HDF5:"{folder}/scene.h5"://group/cube'


def _directory(scene, folder):
    with rasterio.open(scene) as source:
        profile = {**source.profile, "tiled": False}
    with rasterio.open(folder / "pages.tif", "w", **profile) as page:
        page.write(np.zeros((BANDS, ROWS, COLS), np.int16))
    rasterio.shutil.copy(scene, folder / "pages.tif", driver="GTiff", append_subdataset="yes")
    return f"GTIFF_DIR:2:{folder}/pages.tif"


def _subset(scene, folder):
    return f"vrt://{scene}?bands=" + ",".join(map(str, range(1, BANDS + 1)))


def test_a_cube_of_an_hdf5_file_is_opened_by_its_name(scene, tmp_path):
    told = bicubic(_hdf5(scene, tmp_path).split('"')[1], tmp_path / "fine.tif", code=1).stderr
    assert "name one of them, e.g. HDF5:" in told
    bicubic(_hdf5(scene, tmp_path), tmp_path / "fine.tif")
    assert stored(tmp_path / "fine.tif").shape == (BANDS, 2 * ROWS, 2 * COLS)


@pytest.mark.parametrize("named", [_zipped, _gzipped, _directory, _subset])
def test_what_gdal_opens_is_opened(named, scene, expected, tmp_path):
    name = named(scene, tmp_path)
    bicubic(name, tmp_path / "fine.tif")
    assert np.array_equal(stored(tmp_path / "fine.tif"), expected)
    says_what_the_scene_says(tmp_path / "fine.tif")
    assert json.loads(call("info", name, "--json").stdout)["path"] == name
    adapting = "adapt", name, "--upscale", 2, "--out", tmp_path / "a.safetensors", "--model", "none"
    told = call(*adapting, code=1).stderr
    assert "unknown model 'none'" in told  # which is asked for once the scene is open


def test_a_variable_of_a_netcdf_file_is_opened_by_its_name(cube, tmp_path):
    dataset = xr.Dataset(
        dict.fromkeys(("refl", "other"), (("wavelength", "y", "x"), cube)),
        coords={"wavelength": ("wavelength", np.array(CENTRES, float), {"units": "nm"})},
    )
    dataset.to_netcdf(tmp_path / "scene.nc", engine="scipy")
    told = bicubic(tmp_path / "scene.nc", tmp_path / "fine.tif", code=1).stderr
    assert "several cubes" in told
    assert "name one" in told
    assert 'scene.nc":refl' in told or "scene.nc:refl" in told
    name = f'NETCDF:"{tmp_path}/scene.nc":refl'
    bicubic(name, tmp_path / "fine.tif")
    assert open_raster(tmp_path / "fine.tif").bands.wavelengths_nm == tuple(map(float, CENTRES))


@pytest.mark.parametrize("name", ["-", "/vsistdin/", "/vsistdin?buffer_limit=-1"])
def test_a_raster_on_stdin_is_read_to_its_end(name, scene, expected, tmp_path):
    bicubic(name, tmp_path / "fine.tif", input=scene.read_bytes())
    assert np.array_equal(stored(tmp_path / "fine.tif"), expected)
    with rasterio.open(tmp_path / "fine.tif") as dataset:
        assert dataset.tags()["HSISR_SOURCE"] == "stdin"
    assert "24 bands" in call("info", name, input=scene.read_bytes()).stdout


@pytest.mark.parametrize(("sent", "told"), [(b"", "no raster came"), (b"x" * 100, "not a raster")])
def test_what_is_no_raster_on_stdin_is_told(sent, told, tmp_path):
    result = bicubic("-", tmp_path / "fine.tif", input=sent, code=1)
    assert "stdin" in result.stderr
    assert told in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["-", "/vsistdout/"])
def test_what_goes_to_stdout_can_be_read_forward_only(name, scene, expected, tmp_path):
    piped = bicubic(scene, name).stdout_bytes
    assert len(piped) > 2**20  # what /vsistdin/ keeps for going back
    code = (  # as GDAL's commands do: all bands of some rows, then of the next
        "import sys, rasterio\n"
        "with rasterio.open('/vsistdin/') as piped:\n"
        "    for top in range(0, piped.height, 64):\n"
        "        rows = piped.read(window=((top, top + 64), (0, piped.width)))\n"
        "        sys.stdout.buffer.write(rows.transpose(1, 0, 2).tobytes())\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], input=piped, capture_output=True, check=True
    )
    assert done.stdout == expected.transpose(1, 0, 2).tobytes()
    (tmp_path / "piped.tif").write_bytes(piped)
    says_what_the_scene_says(tmp_path / "piped.tif")


def test_sent_is_the_whole_file(scene, tmp_path):
    bicubic(scene, tmp_path / "fine.tif")
    stream = io.BytesIO()
    send(tmp_path / "fine.tif", stream)
    (tmp_path / "sent.tif").write_bytes(stream.getvalue())
    fine, sent = (open_raster(tmp_path / name) for name in ("fine.tif", "sent.tif"))
    assert (sent.bands, sent.transform, sent.crs) == (fine.bands, fine.transform, fine.crs)
    with rasterio.open(tmp_path / "fine.tif") as a, rasterio.open(tmp_path / "sent.tif") as b:
        assert b.tags() == a.tags()
        assert b.tags(3, ns="IMAGERY") == a.tags(3, ns="IMAGERY") != {}
        assert b.compression == a.compression


def test_a_mask_goes_through_the_pipe(cube, tmp_path):
    path = tmp_path / "masked.tif"
    profile = {"driver": "GTiff", "count": 3, "height": 60, "width": 50, "dtype": "uint8"}
    mask = np.full((60, 50), 255, np.uint8)
    mask[:20, :10] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "w", **profile) as dataset:
        dataset.write((cube[:3, :60, :50] % 200 + 1).astype(np.uint8))
        dataset.write_mask(mask)
    (tmp_path / "piped.tif").write_bytes(bicubic(path, "-").stdout_bytes)
    raster = open_raster(tmp_path / "piped.tif")
    found = read_window(raster, slice(0, 120), slice(0, 100))
    assert np.array_equal(np.isnan(found[0]), mask.repeat(2, 0).repeat(2, 1) == 0)


def test_a_reader_that_goes_away_ends_the_run_quietly(scene):
    piped = subprocess.Popen(
        [*RUN, "--upscale", "3", scene, "-"], stdout=subprocess.PIPE, stderr=-1
    )
    piped.stdout.read(10)
    piped.stdout.close()
    assert b"Traceback" not in piped.stderr.read()
    piped.stderr.close()
    assert piped.wait() == 1


@pytest.mark.parametrize(
    "name", ["/vsimem/fine.tif", "/vsizip/a.zip/fine.tif", "/vsis3/b/fine.tif"]
)
def test_outputs_are_plain_files_or_stdout(name, scene):
    assert "plain files, or stdout" in bicubic(scene, name, code=1).stderr


def test_an_input_is_not_overwritten_by_whatever_name(scene, tmp_path):
    copy = tmp_path / "scene.tif"
    shutil.copy(scene, copy)
    for name in (f"GTIFF_DIR:1:{copy}", f"vrt://{copy}?bands=1,2"):
        assert "would overwrite the input" in bicubic(name, copy, "--overwrite", code=1).stderr
    rasterio.shutil.copy(copy, tmp_path / "scene.vrt", driver="VRT")
    told = bicubic(tmp_path / "scene.vrt", copy, "--overwrite", code=1).stderr
    assert "would overwrite the input" in told
    assert copy.read_bytes() == scene.read_bytes()


def test_names_of_pipes():
    assert is_stdin("-")
    assert is_stdin("/vsistdin/")
    assert is_stdout("/vsistdout/")
    assert not is_stdin("/vsistdin.tif")
    assert not is_stdout("/vsistdout/x.tif")


def test_received_is_what_was_sent(tmp_path):
    assert receive(io.BytesIO(b"raster"), tmp_path).read_bytes() == b"raster"


needs_gdal = pytest.mark.skipif(
    not (shutil.which("gdal_translate") and shutil.which("gdalwarp")),
    reason="GDAL's command line is not installed",
)


def pipeline(*commands, check=True):
    """Run commands as a shell would run `a | b | c`; return their exit codes."""
    processes, stdin = [], None
    for command in commands:
        out = None if command is commands[-1] else subprocess.PIPE
        processes.append(subprocess.Popen(list(map(str, command)), stdin=stdin, stdout=out))
        if stdin is not None:
            stdin.close()  # ours: else a command that ends early would not be noticed
        stdin = processes[-1].stdout
    codes = [process.wait() for process in processes]
    assert not check or codes == [0] * len(codes)
    return codes


@needs_gdal
def test_the_command_stands_between_gdals_own(scene, expected, tmp_path):
    streamable = ["-co", "STREAMABLE_OUTPUT=YES"]
    pipeline(
        ["gdal_translate", "-q", *streamable, scene, "/vsistdout/"],
        [*RUN, "--upscale", "2", "-", "-"],
        ["gdalwarp", "-q", "-t_srs", "EPSG:4326", "/vsistdin/", tmp_path / "warped.tif"],
    )
    says_what_the_scene_says(tmp_path / "warped.tif")
    with rasterio.open(tmp_path / "warped.tif") as dataset:
        assert dataset.crs == "EPSG:4326"
        assert dataset.descriptions[0] == "400 nm"
    pipeline(
        [*RUN, "--upscale", "2", scene, "-"],
        ["gdal_translate", "-q", "/vsistdin/", tmp_path / "fine.tif"],
    )
    assert np.array_equal(stored(tmp_path / "fine.tif"), expected)
    says_what_the_scene_says(tmp_path / "fine.tif")


@needs_gdal
def test_a_command_that_fails_before_it_leaves_nothing(tmp_path):
    codes = pipeline(
        ["gdal_translate", "-q", tmp_path / "none.tif", "/vsistdout/"],
        [*RUN, "--upscale", "2", "-", tmp_path / "fine.tif"],
        check=False,
    )
    assert codes == [1, 1]
    assert list(tmp_path.iterdir()) == []


@commands.posix
def test_what_a_library_prints_on_stdout_is_not_in_what_we_write(tmp_path):
    """GDAL's GRIB driver does, by C's printf; here a stand-in that any command imports."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, importlib.abc, os\n"
        "class Noise(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'rasterio': os.write(1, b'noise')\n"
        "sys.meta_path.insert(0, Noise())\n"
    )
    source = commands.write(tmp_path / "a.tif", commands.pixels())
    environment = {**commands.ENVIRONMENT, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [*commands.CLI, "info", source, "--json"], capture_output=True, env=environment, check=True
    )
    assert json.loads(done.stdout)["bands"]
