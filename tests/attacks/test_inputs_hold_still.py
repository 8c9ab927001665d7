"""Inputs that are replaced, overwritten or changed under a run: it fails, and nothing is mixed."""

import os
import shutil
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
from affine import Affine
from scenes import read_pixels

from hsisr_geo.api import super_resolve
from hsisr_geo.engine.identity import Snapshot, input_identity
from hsisr_geo.engine.tasks import Work
from hsisr_geo.errors import Canceled, HsisrError, OutputError, RasterError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.load import load_resolver


def scene(path, seed=1, **profile):
    cube = np.random.default_rng(seed).integers(1, 9000, (3, 48, 48)).astype(np.uint16)
    profile = {"driver": "GTiff", "dtype": "uint16", "nodata": 0, "crs": "EPSG:32633"} | profile
    with rasterio.open(
        path, "w", count=3, height=48, width=48,
        transform=Affine(30, 0, 300000, 0, -30, 5800000), **profile,
    ) as dataset:  # fmt: skip
        dataset.write(cube)
    return path


def vrt(path, named, *, relative=False):
    bands = "".join(
        f'<VRTRasterBand dataType="UInt16" band="{band}"><NoDataValue>0</NoDataValue>'
        f'<SimpleSource><SourceFilename relativeToVRT="{int(relative)}">{named}</SourceFilename>'
        f"<SourceBand>{band}</SourceBand></SimpleSource></VRTRasterBand>"
        for band in (1, 2, 3)
    )
    path.write_text(f'<VRTDataset rasterXSize="48" rasterYSize="48">{bands}</VRTDataset>')
    return path


def nested(folder):
    """The name of a VRT over a VRT over a scene, which is the second."""
    end = scene(folder / "in.tif")
    vrt(folder / "v.vrt", "in.tif", relative=True)
    return str(vrt(folder / "vv.vrt", folder / "v.vrt")), end


def part_of_a_file(folder):
    end = scene(folder / "in.tif")
    return f"/vsisubfile/0_{end.stat().st_size},{end}", end


def in_a_zip(folder):
    with zipfile.ZipFile(folder / "in.tif", "w") as archive:  # whatever its name says
        archive.write(scene(folder / "a.tif"), "folder/a.tif")
    return f"/vsizip/{{{folder / 'in.tif'}}}/folder/a.tif", folder / "in.tif"


def vrt_in_a_zip(folder):
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.write(vrt(folder / "v.vrt", scene(folder / "in.tif")), "v.vrt")
    return f"/vsizip/{folder / 'a.zip'}/v.vrt", folder / "in.tif"


def gzipped_vrt(folder):
    import gzip

    text = vrt(folder / "v.vrt", scene(folder / "in.tif")).read_bytes()
    (folder / "v.vrt.gz").write_bytes(gzip.compress(text))
    return str(vrt(folder / "vv.vrt", f"/vsigzip/{folder / 'v.vrt.gz'}")), folder / "in.tif"


def vrt_as_text(folder):
    text = vrt(folder / "v.vrt", scene(folder / "in.tif")).read_text()
    return text, folder / "in.tif"


def connection(folder):
    return f"vrt://{scene(folder / 'in.tif')}?bands=1,2,3", folder / "in.tif"


CHAINS = [nested, part_of_a_file, in_a_zip, vrt_in_a_zip, gzipped_vrt, vrt_as_text, connection]


def run(src, dst, **options):
    options = {"resolver": BicubicResolver(2), "tile": 16} | options
    return super_resolve(src, dst, **options)


def at(number, action):
    """Do something when so many tiles are done."""

    def progress(done, total):
        if done == number:
            action()

    return progress


def stop():
    raise Canceled("stopped")


def replace(path, seed=2):
    new = scene(path.with_name("new.tif"), seed)
    os.replace(new, path)


def rewrite(path):
    """Change numbers in place, size and time of change as before."""
    told = path.stat()
    with path.open("r+b") as file:
        file.seek(told.st_size // 2)
        file.write(bytes(2000))
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))


def put_back(path):
    kept = path.with_name("kept.tif")
    os.replace(path, kept)
    scene(path, 2)
    os.replace(kept, path)


def truncate(path):
    os.truncate(path, 500)


@pytest.mark.parametrize("change", [replace, rewrite, put_back, os.remove, truncate])
@pytest.mark.parametrize("number", [1, 8, 9])
def test_an_input_that_is_touched_while_it_is_read(tmp_path, change, number):
    src, dst = scene(tmp_path / "in.tif"), tmp_path / "out.tif"
    with pytest.raises(RasterError, match=r"in\.tif: .*while it was being read"):
        run(src, dst, progress=at(number, lambda: change(src)))
    assert not dst.exists()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(("change", "said"), [(os.remove, "is gone"), (truncate, "was changed")])
def test_a_tile_that_cannot_be_read_any_more_is_not_called_damaged(tmp_path, change, said):
    """A worker may open the file only now."""
    src = scene(tmp_path / "in.tif")
    tile = SimpleNamespace(window=(slice(0, 9), slice(0, 9)))
    grid = SimpleNamespace(tile=lambda *_: tile)
    work = SimpleNamespace(
        raster=open_raster(src), layout=SimpleNamespace(grid=grid), in_turns=False,
        before=Snapshot.of([str(src)]),
    )  # fmt: skip
    change(src)
    with pytest.raises(RasterError, match=f"{said} while it was being read"):
        Work.read(work, (0, 0))


def test_no_tile_of_the_other_input_is_kept(tmp_path):
    """What was read after the change is not on record: put back, the input gives what is true."""
    src, dst = scene(tmp_path / "in.tif"), tmp_path / "out.tif"
    kept = tmp_path / "kept.tif"
    shutil.copy2(src, kept)
    with pytest.raises(RasterError, match="while it was being read"):
        run(src, dst, resume=True, progress=at(4, lambda: replace(src)))
    shutil.copy2(kept, src)
    report = run(src, dst, resume=True)
    assert report.kept >= 4
    run(kept, tmp_path / "true.tif")
    np.testing.assert_array_equal(read_pixels(dst), read_pixels(tmp_path / "true.tif"))


@pytest.mark.parametrize("chain", CHAINS)
def test_the_end_of_a_chain_is_among_the_files(tmp_path, chain):
    name, end = chain(tmp_path)
    assert str(end) in open_raster(name).files


@pytest.mark.parametrize("chain", CHAINS)
def test_the_end_of_a_chain_is_never_overwritten(tmp_path, chain):
    name, end = chain(tmp_path)
    before = end.read_bytes()
    with pytest.raises(OutputError, match="would overwrite the input"):
        run(name, end, overwrite=True)
    assert end.read_bytes() == before


@pytest.mark.parametrize("chain", CHAINS)
def test_resume_after_the_end_of_a_chain_was_changed(tmp_path, chain):
    name, end = chain(tmp_path)
    dst = tmp_path / "out.tif"
    with pytest.raises(Canceled):
        run(name, dst, resume=True, progress=at(3, stop))
    rewrite(end)
    with pytest.raises(HsisrError, match=r"input files: not as they were|cannot read|not a raster"):
        run(name, dst, resume=True)


@pytest.mark.parametrize("chain", CHAINS)
def test_the_end_of_a_chain_is_watched(tmp_path, chain):
    name, end = chain(tmp_path)
    with pytest.raises(RasterError, match="while it was being read"):
        run(name, tmp_path / "out.tif", progress=at(9, lambda: os.utime(end)))


def test_a_kernel_and_a_model_are_never_overwritten(tmp_path):
    src, kernel = scene(tmp_path / "in.tif"), tmp_path / "kernel.dat"
    kernel.write_text("1 2 1\n2 4 2\n1 2 1\n")
    resolver = load_resolver("bicubic", upscale=2, psf=str(kernel))
    with pytest.raises(OutputError, match=r"would overwrite .*kernel\.dat, which it is made with"):
        run(src, kernel, resolver=resolver, overwrite=True)
    assert kernel.read_text().startswith("1 2 1")


def test_a_folder_of_parts_is_not_replaced_with_the_input_in_it(tmp_path):
    (tmp_path / "out.parts").mkdir()
    src = scene(tmp_path / "out.parts" / "in.tif")
    with pytest.raises(OutputError, match="would overwrite the input"):
        run(src, tmp_path / "out.vrt", overwrite=True)
    assert src.exists()


def test_an_old_sidecar_is_not_removed_if_it_is_the_input(tmp_path):
    src = scene(tmp_path / "out.tif.ovr")
    with pytest.raises(OutputError, match="would overwrite the input"):
        run(src, tmp_path / "out.tif")
    assert src.exists()


def test_a_vrt_that_names_itself_and_one_of_nonsense(tmp_path):
    end = scene(tmp_path / "in.tif")
    both = tmp_path / "v.vrt"
    both.write_text(
        vrt(both, end).read_text().replace("</VRTDataset>", "<X>v.vrt</X></VRTDataset>")
    )
    assert str(end) in open_raster(both).files


def test_small_inputs_are_told_by_all_of_their_content(tmp_path, monkeypatch):
    src = tmp_path / "large.bin"
    src.write_bytes(bytes(400_000))
    names = [str(src)]
    before, snapshot = input_identity(names), Snapshot.of(names)
    rewrite(src)
    with src.open("r+b") as file:
        file.seek(200_000)
        file.write(b"other")
    assert input_identity(names) != before
    assert snapshot.changed == str(src)
    monkeypatch.setattr("hsisr_geo.engine.identity.WHOLE_BYTES", 1000)
    ends = input_identity(names)
    strict = input_identity(names, strict=True)
    with src.open("r+b") as file:
        file.seek(200_000)
        file.write(b"third")
    assert input_identity(names) == ends  # why `strict` is there
    assert input_identity(names, strict=True) != strict


@pytest.mark.parametrize("change", [replace, rewrite, put_back])
def test_an_input_that_is_touched_between_its_description_and_the_run(tmp_path, change):
    """A model's blur is estimated in between, of pixels."""
    src = scene(tmp_path / "in.tif")
    raster = open_raster(src)
    change(src)
    with pytest.raises(RasterError, match=r"in\.tif: was changed"):
        run(raster, tmp_path / "out.tif")
    assert not list(tmp_path.glob("*out.tif*"))
    run(open_raster(src), tmp_path / "out.tif")


def test_what_an_earlier_run_left_of_an_output_is_no_input_of_it(tmp_path):
    """Somebody wants to save what a killed run has written so far."""
    folder = tmp_path / ".out.tif.hsisr-geo"
    folder.mkdir()
    src = scene(folder / "out.tif")
    with pytest.raises(OutputError, match="would overwrite the input"):
        run(src, tmp_path / "out.tif")
    assert src.exists()
    run(src, tmp_path / "other.tif")
