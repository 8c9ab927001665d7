"""Many scenes: which, under what names, what a failure stops, and what is told of it."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from commands import call, json_lines, one_line_error, pixels, write

from hsisr_geo.batch import Job, Total, plan_jobs, run_batch
from hsisr_geo.engine.pipeline import RunReport
from hsisr_geo.errors import Canceled, OptionError, OutputError, RasterError
from hsisr_geo.raster.scenes import find_scenes, stem


@pytest.fixture
def folder(tmp_path):
    """Return a folder of three scenes, b.tif being none."""
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    for seed, name in enumerate("ac"):
        write(scenes / f"{name}.tif", pixels(seed=seed), wavelengths=[450, 550, 650, 850])
    (scenes / "b.tif").write_text("no raster")
    return scenes


def batch(*args, code=0):
    return call("batch", *args, "--upscale", 2, "--model", "bicubic", code=code)


def names(folder):
    """Names of the rasters in a folder: their styles go with them."""
    found = [path for path in folder.iterdir() if path.suffix != ".qml"] if folder.exists() else []
    return sorted(path.name for path in found)


# --- which scenes, and their names ----------------------------------------------------------------


def touch(folder, *files):
    for name in files:
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).touch()


def test_a_folder_is_looked_through_for_rasters(tmp_path):
    touch(tmp_path, "b.TIF", "a.vrt", "emit_v2.rfl", "emit_v2.rfl.hdr", "notes.txt", ".a.part.tif")
    touch(tmp_path, "a.tif.aux.xml", "sub/c.tif")
    (tmp_path / "cube.zarr").mkdir()
    found = find_scenes([str(tmp_path)])
    expected = ["a.vrt", "b.TIF", "cube.zarr", "emit_v2.rfl"]
    assert found == [str(tmp_path / name) for name in expected]


def test_a_link_to_a_scene_that_has_gone_is_told_not_left_out(folder, tmp_path):
    """As on an archive that is not mounted."""
    (folder / "link.tif").symlink_to("gone.tif")
    (folder / ".#lock.tif").symlink_to("user@host.1")  # an editor's
    (folder / "notes").symlink_to("gone")
    said = batch(folder, "--out-dir", tmp_path / "out", code=1).stderr
    assert "link.tif: a link to what is not there" in said
    assert "2 of 4 scenes failed" in said
    assert names(tmp_path / "out") == []


def test_a_zipped_zarr_store_is_a_scene_and_named_without_its_endings(tmp_path):
    for name in ("a.zarr.zip", "B.ZARR.ZIP", "c.zip", "d.v2.tif"):
        (tmp_path / name).touch()
    found = [Path(name) for name in find_scenes([str(tmp_path)])]
    assert [path.name for path in found] == ["B.ZARR.ZIP", "a.zarr.zip", "d.v2.tif"]
    assert [stem(path) for path in found] == ["B", "a", "d.v2"]


def test_a_pattern_chooses_and_reaches_folders_below(tmp_path):
    touch(tmp_path, "a_REFL.tif", "a_QL.tif", "sub/b_REFL.tif", ".hidden/c_REFL.tif")
    found = find_scenes([str(tmp_path)], "**/*_REFL.tif")
    assert found == [str(tmp_path / "a_REFL.tif"), str(tmp_path / "sub/b_REFL.tif")]


def test_a_scene_named_twice_is_one_and_gdal_names_stay(tmp_path):
    touch(tmp_path, "a.tif", "b.tif")
    sources = [str(tmp_path / "b.tif"), str(tmp_path), 'HDF5:"x.h5"://refl', "/vsizip/a.zip/a.tif"]
    assert find_scenes(sources) == [sources[0], str(tmp_path / "a.tif"), *sources[2:]]


def test_a_pattern_that_no_shell_expanded_names_what_it_matches(tmp_path):
    touch(tmp_path, "b.tif", "a.tif", "a.txt", "[x].tif")
    patterns = ["*.tif", "[x].tif", "n*.tif"]
    found = find_scenes([str(tmp_path / name) for name in patterns])
    assert [Path(name).name for name in found] == ["[x].tif", "a.tif", "b.tif", "n*.tif"]


@pytest.mark.parametrize(
    ("pattern", "error", "said"),
    [
        ("*.png", RasterError, "no file that matches"),
        (None, RasterError, "--pattern"),
        ("/abs/*.tif", OptionError, "no pattern"),
        ("", OptionError, "no pattern"),
    ],
)
def test_a_folder_without_scenes_is_told(tmp_path, pattern, error, said):
    with pytest.raises(error, match=said):
        find_scenes([str(tmp_path)], pattern)


def planned(template, *scenes, folder="out", **values):
    return [job.dst.name for job in plan_jobs(scenes, Path(folder), [template], values)]


@pytest.mark.parametrize(
    ("scene", "name"),
    [
        ("in/scene.tif", "scene_x4.tif"),
        ("in/emit_v2.rfl", "emit_v2.rfl_x4.tif"),
        ('HDF5:"x.h5"://refl', "refl_x4.tif"),
    ],
)
def test_a_name_is_made_of_the_scene_and_the_options(scene, name):
    assert planned("{stem}_x{upscale}.tif", scene, upscale=4) == [name]


def test_the_folder_can_tell_scenes_apart():
    assert planned("{parent}_{stem}.tif", "2023/a.tif", "2024/a.tif") == [
        "2023_a.tif", "2024_a.tif",
    ]  # fmt: skip
    with pytest.raises(OutputError, match=r"2023/a.tif and 2024/a.tif .* \{parent\}"):
        planned("{stem}.tif", "2023/a.tif", "2024/a.tif")


@pytest.mark.parametrize(
    "template",
    ["{foo}.tif", "{stem.__class__}.tif", "{stem!r}.tif", "{0}.tif", "{stem.tif", "../{stem}.tif"],
)
def test_a_template_that_is_none_is_told(template):
    with pytest.raises(OptionError, match=r"template|may have|not a path"):
        planned(template, "a.tif")


def test_no_output_replaces_a_scene():
    scenes = ["in/a.tif", "in/a_x2.tif"]
    with pytest.raises(OutputError, match="would replace the scene"):
        plan_jobs(scenes, Path("in"), ["{stem}_x2.tif"], {}, named=scenes)
    with pytest.raises(OutputError, match="would both be written"):
        planned("b.tif", "in/a.tif", "in/b.tif", folder="in")


def test_outputs_beside_their_scenes_are_not_scenes_the_next_time(folder):
    (folder / "b.tif").unlink()
    for _ in range(2):
        batch(folder, "--out-dir", folder, "--skip-existing")
    assert names(folder) == ["a.tif", "a_x2.tif", "c.tif", "c_x2.tif"]


# --- what is made, and what a failure stops -------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_output_is_what_run_makes(folder, tmp_path, jobs):
    out = tmp_path / "new" / "out"
    batch(folder, "--out-dir", out, "--keep-going", "--jobs", jobs, "--tile", 8, code=1)
    assert names(out) == ["a_x2.tif", "c_x2.tif"]
    for name in "ac":
        alone = tmp_path / "alone.tif"
        options = ["--upscale", 2, "--model", "bicubic", "--overwrite"]
        call("run", folder / f"{name}.tif", alone, *options)
        with rasterio.open(alone) as one, rasterio.open(out / f"{name}_x2.tif") as other:
            np.testing.assert_array_equal(one.read(), other.read())
            assert one.tags() == other.tags()


def test_a_broken_scene_is_told_before_anything_is_made(folder, tmp_path):
    result = batch(folder, "--out-dir", tmp_path / "out", code=1)
    assert result.stderr.splitlines()[0].startswith("1 failed, 2 not started")
    assert result.stderr.splitlines()[-1].startswith("hsisr-geo: error: 1 of 3 scenes failed: ")
    assert not (tmp_path / "out").exists()


def test_one_line_per_scene_and_what_failed_last(folder, tmp_path):
    result = batch(folder, "--out-dir", tmp_path / "out", "--keep-going", code=1)
    lines = result.stderr.splitlines()
    told = [line.split(":")[0] for line in lines]
    assert told == [
        "[1/3] done", "[2/3] failed", "[3/3] done",
        lines[3], "hsisr-geo",
    ]  # fmt: skip
    assert lines[3].startswith("2 done, 1 failed in ")
    assert f"{folder / 'b.tif'} is not a raster" in lines[4]


def test_all_that_failed_is_listed_even_where_it_was_many(folder, tmp_path):
    for i in range(7):
        (folder / f"x{i}.tif").write_text("no raster")
    lines = batch(folder, "--out-dir", tmp_path / "out", "-v", code=1).stderr.splitlines()
    failed = [line for line in lines if line.startswith("failed: ")]
    expected = ["b.tif", *(f"x{i}.tif" for i in range(7))]
    assert [line.split(" is not ")[0] for line in failed] == [
        f"failed: {folder / name}" for name in expected
    ]
    assert lines[-1].endswith(", ...")


def test_a_quiet_batch_says_what_failed_only(folder, tmp_path):
    result = batch(folder, "--out-dir", tmp_path / "out", "--keep-going", "-q", code=1)
    assert "b.tif is not a raster" in one_line_error(result)


def test_the_events_and_the_reports_say_the_same(folder, tmp_path):
    reports = tmp_path / "report.json", tmp_path / "report.csv"
    for report in reports:
        options = ["--keep-going", "--overwrite", "--report", report, "--progress", "json"]
        result = batch(folder, "--out-dir", tmp_path / "out", *options, code=1)
    events = json_lines(result)
    assert {event["event"] for event in events} == {"progress", "scene", "result"}
    scenes = [event for event in events if event["event"] == "scene"]
    assert [(e["number"], e["of"], e["status"]) for e in scenes] == [
        (1, 3, "done"), (2, 3, "failed"), (3, 3, "done"),
    ]  # fmt: skip
    found = json.loads(reports[0].read_text())
    assert (found["scenes"], found["done"], found["failed"]) == (3, 2, 1)
    assert found["options"]["upscale"] == 2
    rows = list(csv.DictReader(reports[1].read_text().splitlines()))
    keys = ("src", "dst", "status", "message")
    for key in keys:
        assert [r[key] for r in rows] == [r[key] for r in found["results"]]
        assert [r[key] for r in rows] == [e[key] for e in scenes]
    assert rows[0]["rows"] == "40"


def test_progress_is_of_all_scenes_and_never_goes_back(folder, tmp_path):
    options = ["--keep-going", "--progress", "json", "--tile", 8, "--jobs", 2]
    events = json_lines(batch(folder, "--out-dir", tmp_path / "out", *options, code=1))
    done = [event["done"] for event in events if event["event"] == "progress"]
    assert done == sorted(done)
    assert done[-1] == 1000
    assert len(set(done)) > 10


def test_scenes_that_would_all_be_replaced_by_their_own_results_are_refused(folder):
    (folder / "b.tif").unlink()
    options = ["--out-dir", folder, "--name", "{stem}.tif", "--overwrite"]
    told = one_line_error(batch(folder, *options, code=1))
    assert "a.tif would replace the scene" in told
    assert "choose another folder or name" in told


@pytest.mark.parametrize("name", ["mine.json", "mine.csv"])
def test_a_report_replaces_a_report_and_nothing_else(folder, tmp_path, name):
    (folder / "b.tif").unlink()
    report, out = tmp_path / name, tmp_path / "out"
    report.write_text('{"results": []}' if name.endswith("json") else "dst,src\n")
    before = report.read_text()
    options = [folder, "--out-dir", out, "--report", report]
    told = one_line_error(batch(*options, code=1))
    assert f"{name} exists, and is no report of a batch: choose another name or give --over" in told
    assert report.read_text() == before
    assert not out.exists()
    batch(*options, "--overwrite")
    batch(*options, "--skip-existing")
    assert "skipped" in report.read_text()


@pytest.mark.parametrize("name", ["fine/c_x2.stac.json", "scenes/grid.csv", "scenes/link.csv"])
def test_a_report_replaces_neither_what_is_read_nor_what_is_made(folder, tmp_path, name):
    (folder / "b.tif").unlink()
    grid = folder / "grid.csv"  # GDAL reads such
    grid.write_text("\n".join(f"{x},{y},{x * y}" for y in range(24) for x in range(24)))
    os.link(grid, folder / "link.csv")
    (tmp_path / "fine").mkdir()
    before = grid.read_bytes()
    options = ["--out-dir", tmp_path / "fine", "--stac", "--overwrite", "--report", tmp_path / name]
    told = one_line_error(batch(folder / "c.tif", grid, *options, code=1))
    assert ("is where an output goes" if "fine" in name else "would overwrite the input") in told
    assert grid.read_bytes() == before
    assert list((tmp_path / "fine").iterdir()) == []


@pytest.mark.parametrize("name", ["report.txt", "no/report.json"])
def test_a_report_that_cannot_be_written_is_told_first(folder, tmp_path, name):
    options = ["--report", tmp_path / name, "--keep-going"]
    one_line_error(batch(folder, "--out-dir", tmp_path / "out", *options, code=1))
    assert not (tmp_path / "out").exists()


def test_a_dry_run_writes_nothing_and_says_what_the_batch_would(folder, tmp_path):
    out = tmp_path / "out"
    lines = batch(folder, "--out-dir", out, "--keep-going", "--dry-run", code=1).stderr
    assert f"would write {out / 'a_x2.tif'}: 48 x 40 pixels" in lines
    assert f"would not write {out / 'b_x2.tif'}: " in lines
    assert not out.exists()


def test_a_dry_run_tells_the_tile_of_one_of_several_scenes_at_a_time(
    raster_of_bands, tmp_path, monkeypatch
):
    """As `batch` will choose it: they share the memory."""
    from hsisr_geo.engine.outlook import estimate

    monkeypatch.setattr(estimate, "machine_memory", lambda: 600_000_000)

    def tile(jobs):
        options = ["--out-dir", tmp_path / "out", "--dry-run", "--jobs", jobs, "--progress", "json"]
        return json.loads(batch(raster_of_bands, *options).stdout)["plans"][0]["tile"]

    assert (tile(1), tile(4)) == (estimate.TILES[2], estimate.TILES[-1])


def test_uncertainties_have_names_of_their_own(raster_of_bands, tmp_path):
    options = ["--upscale", 2, "--device", "cpu", "--samples", 2, "--out-dir", tmp_path / "out"]
    call("batch", raster_of_bands, *options, "--uncertainty-name", "{stem}_sigma.tif")
    assert names(tmp_path / "out") == ["scene_sigma.tif", "scene_x2.tif"]
    result = call("batch", raster_of_bands, *options, code=2)
    assert "--samples needs --uncertainty-name" in result.stderr


@pytest.fixture
def raster_of_bands(tmp_path):
    return write(tmp_path / "scene.tif", pixels(), wavelengths=[450, 550, 650, 850])


# --- what exists ----------------------------------------------------------------------------------


@pytest.fixture
def made(folder, tmp_path):
    """Return the folder of a batch that is done."""
    (folder / "b.tif").unlink()
    batch(folder, "--out-dir", tmp_path / "out")
    return tmp_path / "out"


def times(folder):
    return [(folder / name).stat().st_mtime_ns for name in names(folder)]


def test_what_exists_is_an_error_told_before_any_work(folder, made):
    (made / "c_x2.tif").unlink()
    assert "a_x2.tif exists" in batch(folder, "--out-dir", made, code=1).stderr
    assert names(made) == ["a_x2.tif"]


def test_what_exists_is_skipped_where_it_is_the_same(folder, made):
    (made / "c_x2.tif").unlink()
    before = times(made)
    result = batch(folder, "--out-dir", made, "--skip-existing")
    assert "1 done, 1 skipped" in result.stderr
    assert times(made)[:1] == before
    assert names(made) == ["a_x2.tif", "c_x2.tif"]


@pytest.mark.parametrize(
    ("form", "name"), [("cog", "a_x2.tif"), ("envi", "a_x2.img"), ("zarr", "a_x2.zarr")]
)
def test_every_format_is_named_and_known_again(folder, tmp_path, form, name):
    options = ["--out-dir", tmp_path / "out", "--format", form, "--skip-existing"]
    batch(folder / "a.tif", *options)
    assert (tmp_path / "out" / name).exists()
    assert "1 skipped" in batch(folder / "a.tif", *options).stderr


def test_scenes_or_tiles_go_side_by_side(folder, tmp_path):
    options = ["--out-dir", tmp_path / "out", "--jobs", 2, "--workers", 2]
    assert "--workers" in batch(folder, *options, code=2).stderr


OTHERWISE = {
    "another model": (["--model", "back-projection"], "was made with model bicubic"),
    "another psf": (["--psf", "gaussian:0.2"], "was made with degradation bicubic"),
    "another choice of bands": (["--bands", "1-3"], "another input, window, choice"),
    "another window": (
        ["--bounds", 500_030, 5_799_700, 500_300, 5_799_940],
        "another input, window",
    ),
}


@pytest.mark.parametrize("kind", OTHERWISE)
def test_what_was_made_otherwise_is_not_taken_for_the_same(folder, made, kind):
    options, said = OTHERWISE[kind]
    before = times(made)
    command = ["batch", folder, "--out-dir", made, "--upscale", 2, "--skip-existing"]
    command += [*([] if "--model" in options else ["--model", "bicubic"]), *options]
    assert said in call(*command, code=1).stderr
    assert times(made) == before
    call(*command, "--overwrite")
    assert times(made) != before
    assert "2 skipped" in call(*command, "--overwrite").stderr


def test_a_scene_that_has_changed_since_is_not_skipped(folder, made):
    write(folder / "a.tif", pixels(seed=9), wavelengths=[450, 550, 650, 850])
    result = batch(folder, "--out-dir", made, "--skip-existing", "--keep-going", code=1)
    assert "a_x2.tif exists, but was made of another input" in result.stderr
    assert "1 skipped, 1 failed" in result.stderr


def test_a_raster_of_unknown_making_is_not_skipped(folder, made):
    write(made / "a_x2.tif", pixels((4, 40, 48)))
    result = batch(folder, "--out-dir", made, "--skip-existing", code=1)
    assert "does not say how it was made" in result.stderr


# --- order, threads and cancellation --------------------------------------------------------------

REPORT = RunReport("", (1, 1), 0, 1, None, None, None, "", ())
JOBS = [Job(name, Path(f"out/{name}")) for name in "abcdef"]


def statuses(work, **options):
    return [o.status for o in run_batch(JOBS, work, told=lambda outcome: None, **options)]


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_failure_ends_the_batch_unless_told_to_go_on(at_once):
    def work(job):
        if job.src == "b":
            raise RasterError("b is broken")
        if job.src == "a" and at_once > 1:
            failed.wait(10)  # a is under way when b fails: it is finished
        return REPORT

    failed = threading.Event()

    def told(outcome):
        if outcome.status == "failed":
            failed.set()

    found = [o.status for o in run_batch(JOBS, work, at_once=at_once, told=told)]
    assert found == ["done", "failed", *["not started"] * 4]
    found = statuses(work, at_once=at_once, keep_going=True)
    assert found == ["done", "failed", *["done"] * 4]


def test_scenes_at_a_time_share_the_memory_that_a_tile_may_take(raster_of_bands, monkeypatch):
    from hsisr_geo.cli.options.run_options import RunOptions
    from hsisr_geo.cli.run.batch_scenes import sharing_memory

    from hsisr_geo.engine.outlook import estimate
    from hsisr_geo.raster.open import open_raster
    from hsisr_geo.resolver.interpolation import BicubicResolver

    scene = replace(open_raster(raster_of_bands), shape=(4000, 4000))
    options = RunOptions(**{field.name: None for field in fields(RunOptions)})
    how = replace(options, threads=1)
    resolver = BicubicResolver(4)
    monkeypatch.setattr(estimate, "machine_memory", lambda: 2_000_000_000)
    alone, shared = (sharing_memory(how, scene, resolver, None, jobs).tile for jobs in (1, 4))
    assert alone is None  # the run chooses
    assert shared < estimate.choose_tile(scene, resolver)
    assert sharing_memory(replace(how, tile=7), scene, resolver, 0, 4).tile == 7


def test_scenes_run_at_the_same_time():
    together = threading.Barrier(3, timeout=10)

    def work(job):
        together.wait()
        return REPORT

    assert statuses(work, at_once=3) == ["done"] * 6


@pytest.mark.parametrize("at_once", [1, 2])
def test_canceling_one_scene_ends_the_batch(at_once):
    def work(job):
        if job.src == "c":
            raise Canceled("stop")
        return REPORT

    found = statuses(work, at_once=at_once, keep_going=True)
    assert found[2] == "canceled"
    assert found[:2] == ["done", "done"]
    assert "not started" in found


def test_an_error_of_whoever_listens_is_not_lost():
    def told(outcome):
        raise OSError("stderr is closed")

    for at_once in (1, 2):
        with pytest.raises(OSError, match="closed"):
            run_batch(JOBS, lambda job: REPORT, at_once=at_once, told=told)


def test_the_total_weighs_scenes():
    seen = []
    total = Total({JOBS[0]: 3, JOBS[1]: 1}, lambda done, all_: seen.append(done), steps=100)
    total.of(JOBS[0])(1, 2)
    total.of(JOBS[1])(4, 4)
    total.put(JOBS[0], 1)
    assert seen == [38, 62, 100]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_canceled_batch_keeps_what_is_finished_and_says_so(tmp_path, jobs):
    scenes, out, report = tmp_path / "scenes", tmp_path / "out", tmp_path / "report.json"
    scenes.mkdir()
    write(scenes / "a.tif", pixels((2, 8, 8)))
    for name in "bcd":
        write(scenes / f"{name}.tif", pixels((20, 200, 200)))
    command = [sys.executable, "-m", "hsisr_geo.cli", "batch", scenes, "--out-dir", out]
    command += ["--upscale", 4, "--model", "bicubic", "--tile", 16, "--jobs", jobs]
    command += ["--report", report, "--progress", "json"]
    process = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if json.loads(line).get("status") == "done":
            break
    next(process.stdout)  # a further scene is under way
    process.send_signal(signal.SIGTERM)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 143
    assert stderr.strip() == "hsisr-geo: error: canceled by SIGTERM"
    found = json.loads(report.read_text())
    assert (found["done"], found["canceled"], found["not_started"]) == (1, jobs, 3 - jobs)
    assert json.loads(stdout.splitlines()[-1])["done"] == 1
    assert names(out) == ["a_x4.tif"]


def test_names_that_differ_in_capitals_are_one_where_the_file_system_says_so(tmp_path):
    """A link of the other capitals stands for such a file system here."""
    (scenes := tmp_path / "Scenes").mkdir()
    one, other = (write(tmp_path / name, pixels()) for name in ("Ä.tif", "ä.tif"))
    words = ("batch", one, other, "--out-dir", scenes, "--upscale", 2, "--model", "bicubic")
    call(*words)
    (tmp_path / "sCENES").symlink_to("Scenes")
    told = one_line_error(call(*words, "--overwrite", code=1))
    assert "would both be written to" in told
    pair = "--uncertainty", scenes / "O.tif", "--overwrite"
    told = call("run", one, scenes / "o.tif", "--upscale", 2, *pair, code=1).stderr
    assert "would both be written to O.tif" in told


def test_a_report_that_cannot_be_written_is_told_before_the_work(tmp_path, monkeypatch):
    source, out = write(tmp_path / "a.tif", pixels()), tmp_path / "out"
    monkeypatch.setattr("hsisr_geo.paths.unwritable", lambda folder: f"nothing goes into {folder}")
    words = "--out-dir", out, "--upscale", 2, "--model", "bicubic", "--report", tmp_path / "r.csv"
    told = one_line_error(call("batch", source, *words, code=1))
    assert f"r.csv: nothing goes into {tmp_path}" in told
    assert not out.exists()
