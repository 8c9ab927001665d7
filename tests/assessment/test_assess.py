"""`assess`: its numbers against ones computed by hand, its verdict, its page, its errors."""

import base64
import io
import json
import os
import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from affine import Affine
from commands import call, write
from PIL import Image
from rasterio.windows import Window
from scenes import reflectance

from hsisr_geo.assessment.assess import assess
from hsisr_geo.assessment.report import folder as report_folder
from hsisr_geo.assessment.report import write_report
from hsisr_geo.assessment.report.record import to_record
from hsisr_geo.assessment.report.verdict import judge
from hsisr_geo.assessment.wald import degrade
from hsisr_geo.cube.degradation import named
from hsisr_geo.cube.resampling import decimate, upsample
from hsisr_geo.errors import HsisrError
from hsisr_geo.metrics import evaluate
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.resolver.interpolation import BackProjectionResolver, BicubicResolver, Interpolation

WAVELENGTHS = np.linspace(450, 2300, 12).round(1)


def ground(rows=48, cols=40, seed=7):
    cube = reflectance(rows, cols, WAVELENGTHS, seed)
    return np.rint(1e4 * cube).astype(np.int16)


def holed(folder):
    """Write a scene of twelve bands, one of them bad, with a hole."""
    cube = ground()
    cube[:, 20:28, 4:14] = -1
    return write(folder / "scene.tif", cube, wavelengths=WAVELENGTHS, nodata=-1, bad=(5,))


@pytest.fixture
def scene(tmp_path):
    return holed(tmp_path)


def bad_resolver(upscale=2):
    """Return a resolver that shifts bicubic by a pixel."""
    return Interpolation(
        "shifted", upscale, lambda x, n: np.roll(upsample(x, n), n, axis=(1, 2)), context=3
    )


# --- numbers --------------------------------------------------------------------------------------


def test_figures_are_those_computed_by_hand(tmp_path):
    dn = ground()
    path = write(tmp_path / "scene.tif", dn, wavelengths=WAVELENGTHS, bad=(5,))
    found = assess(path, resolver=BackProjectionResolver(2))
    good = [i for i in range(12) if i != 4]
    truth = dn[good].astype(np.float32)
    lr = np.rint(decimate(truth, 2))
    up = upsample(lr, 2)
    projected = up
    for _ in range(2):
        projected = projected + upsample(lr - decimate(projected, 2), 2)
    by_hand = {
        "nearest": lr.repeat(2, 1).repeat(2, 2),
        "bicubic": np.rint(up),
        "back-projection": np.rint(projected),
    }
    assert found.truth.bands == tuple(good)
    trials = {trial.name: trial for trial in found.trials}
    assert list(trials) == ["nearest", "bilinear", "bicubic", "back-projection"]
    for name, sr in by_hand.items():
        expected = evaluate(sr, truth, upscale=2)
        scores = trials[name].scores
        assert scores.psnr == pytest.approx(expected.psnr, abs=0.02)  # a few roundings differ
        for field in ("mpsnr", "mssim", "sam_deg", "ergas", "ergas4", "cc", "rmse"):
            assert getattr(scores, field) == pytest.approx(getattr(expected, field), rel=2e-3)
        error = np.sqrt(np.mean((sr - truth) ** 2, axis=0))
        assert trials[name].error == pytest.approx(error, abs=1)
        assert trials[name].sharpness == pytest.approx(_energy(sr) / _energy(truth), rel=2e-3)
        left = (decimate(sr, 2) - lr).std(axis=(1, 2)) / lr.std(axis=(1, 2))
        assert trials[name].consistency_relative == pytest.approx(left.mean(), rel=0.05)


def test_the_run_at_the_scenes_own_resolution_is_checked_by_hand(tmp_path):
    dn = ground()
    path = write(tmp_path / "scene.tif", dn, wavelengths=WAVELENGTHS)
    found = assess(path, resolver=BicubicResolver(2))
    check = found.checks[-1]
    sr = np.rint(upsample(dn.astype(np.float32), 2))
    low, high = dn.min(axis=(1, 2))[:, None, None], dn.max(axis=(1, 2))[:, None, None]
    assert check.outside == pytest.approx(((sr < low) | (sr > high)).mean(), abs=1e-4)
    assert check.gradient_energy == pytest.approx(_energy(sr), rel=1e-3)
    again = decimate(sr, 2)
    assert check.angle_to_input_deg == pytest.approx(_angle(again, dn), rel=1e-2)
    assert check.seams is not None  # the scene fits into one tile, but is cut for this
    assert not check.seams.visible_beside(check.seams)


def _energy(cube):
    steps = [np.diff(cube, axis=axis) for axis in (1, 2)]
    return sum((s**2).sum() for s in steps) / sum(s.size for s in steps)


def _angle(a, b):
    a, b = (x.reshape(len(x), -1).astype(float) for x in (a, b))
    cosine = (a * b).sum(0) / np.linalg.norm(a, axis=0) / np.linalg.norm(b, axis=0)
    return np.degrees(np.arccos(cosine.clip(-1, 1))).mean()


def test_holes_are_left_out_and_stay_holes(scene):
    found = assess(scene, resolver=BicubicResolver(4))
    holes = read_window(open_raster(scene), slice(0, 48), slice(0, 40), [0])[0]
    error = found.trials[-1].error
    # ^ pixels 20-27 x 4-13 under coarse pixels 5-6 x 1-3: these are holes of what was compared
    expected = np.isnan(holes)
    expected[20:28, 4:16] = True
    np.testing.assert_array_equal(np.isnan(error), expected)


def test_a_part_of_a_large_scene_is_taken_and_bounds_are_kept(tmp_path):
    path = write(tmp_path / "scene.tif", ground(80, 96))
    found = assess(path, resolver=BicubicResolver(2), window=32)
    assert [axis.stop - axis.start for axis in found.window] == [32, 32]
    bounds = (500_000 + 30 * 10, 5_800_000 - 30 * 60, 500_000 + 30 * 51, 5_800_000 - 30 * 20)
    found = assess(path, resolver=BicubicResolver(2), bounds=bounds)
    assert found.window == (slice(20, 60), slice(10, 50))  # the odd column is left out
    assert found.real_window == found.window


# --- the verdict ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shifted(tmp_path_factory):
    """Assess a method that is worse than bicubic."""
    return assess(holed(tmp_path_factory.mktemp("shifted")), resolver=bad_resolver())


def test_a_bad_method_loses_to_bicubic_and_is_told_so(shifted):
    found, verdict = shifted, judge(shifted)
    assert verdict.kind == "worse"
    against = {duel.other: duel for duel in verdict.duels}
    assert against["bicubic"].worse[:2] == ("PSNR", "SSIM")
    assert against["bicubic"].bands_worse == found.truth.bands
    assert any(s.startswith("Against bicubic") and "bicubic is better in" in s
               for s in verdict.statements)  # fmt: skip
    assert verdict.headline.startswith(f"{verdict.winner} wins")
    record = to_record(found, verdict)
    assert record["verdict"]["duels"][2]["bands_worse"] == [b + 1 for b in found.truth.bands]


def test_the_verdict_names_bicubic_where_bicubic_wins(shifted):
    trials = tuple(trial for trial in shifted.trials if trial.name in ("bicubic", "shifted"))
    verdict = judge(replace(shifted, trials=trials))
    assert (verdict.kind, verdict.winner) == ("worse", "bicubic")
    assert verdict.headline == (
        "bicubic wins: it is better than shifted in PSNR, SSIM, spectral angle, ERGAS and "
        "correlation, and worse in nothing. Use bicubic for this scene."
    )


def test_back_projection_wins_over_interpolation_on_a_real_scene(scenes, tmp_path):
    piece = _piece(scenes.mosaic, tmp_path / "piece.tif")
    verdict = judge(assess(piece, resolver=BackProjectionResolver(2)))
    assert (verdict.kind, verdict.winner) == ("better", "back-projection")
    assert "wins" in verdict.headline


def test_the_same_method_under_another_name_is_a_tie(scene):
    twin = Interpolation("twin", 2, upsample, context=2)
    verdict = judge(assess(scene, resolver=twin))
    duel = next(duel for duel in verdict.duels if duel.other == "bicubic")
    assert (duel.better, duel.worse) == ((), ())
    assert duel.psnr_gain_db == 0
    assert duel.bands_worse == ()


# --- the page -------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Collects what a page refers to, and its text."""

    def __init__(self, html):
        super().__init__()
        self.images, self.references, self.text = [], [], []
        self._hidden = 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self._hidden += tag in ("style", "script")
        if tag == "img" and "src" in attrs:
            self.images.append((attrs["src"], attrs["alt"]))
        if "srcset" in attrs:
            self.images.append((attrs["srcset"], ""))
        self.references += [attrs[key] for key in ("href", "src", "srcset", "action", "data")
                            if attrs.get(key)]  # fmt: skip

    def handle_endtag(self, tag):
        self._hidden -= tag in ("style", "script")

    def handle_data(self, data):
        if not self._hidden:
            self.text.append(data)


@pytest.fixture(scope="module")
def made(scenes, tmp_path_factory):
    """Make a report of a piece of the EnMAP mosaic with holes, through the command line."""
    folder = tmp_path_factory.mktemp("assess")
    piece = _piece(scenes.mosaic, folder / "piece.tif", holes=True)
    call("assess", piece, "--upscale", 2, "--model", "back-projection", "--report", folder / "out")
    assert {path.name for path in folder.iterdir()} == {"piece.tif", "out"}
    html = (folder / "out" / "index.html").read_text(encoding="utf-8")
    return html, json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))


def test_the_page_needs_nothing_but_itself(made):
    html, _ = made
    page = Page(html)
    assert page.references
    assert all(reference.startswith("data:") for reference in page.references)
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert "https://" not in html
    assert "url(" not in html
    assert "@import" not in html


def test_every_picture_decodes_and_says_what_it_is(made):
    html, record = made
    pictures = Page(html).images
    sizes = []
    for uri, _ in pictures:
        kind, _, content = uri.removeprefix("data:").partition(";base64,")
        raw = base64.b64decode(content, validate=True)
        if kind == "image/png":
            image = Image.open(io.BytesIO(raw))
            image.load()
            sizes.append(image.size)
        else:
            assert kind == "image/svg+xml"
            root = ElementTree.fromstring(raw)
            assert not [e for e in root.iter() if e.tag.endswith(("}text", "}image"))]
            assert b"http://www.w3.org/1999/xlink" in raw
    window = record["protocol"]["window"]
    assert sizes.count((window["cols"], window["rows"])) == 4 + 1 + 4 + 1 + 1
    # ^ four methods and the original; their errors and one difference; the scene as it is
    assert all(alt for uri, alt in pictures if uri.startswith("data:image/png"))


def test_the_page_says_what_the_record_says(made):
    html, record = made
    text = " ".join("".join(Page(html).text).split())
    assert record["verdict"]["headline"] in text
    for statement in record["verdict"]["statements"]:
        assert statement in text
    for trial in record["trials"]:
        assert f"{trial['mpsnr']:.2f}" in text
        assert f"{trial['sam_deg']:.3f}" in text
    assert record["verdict"]["winner"] == "back-projection"
    gain = record["trials"][-1]["mpsnr"] - record["trials"][2]["mpsnr"]
    assert f"Against bicubic: {gain:+.2f} dB" in text
    assert "bicubic (a = −0.5, widened by 2), rounded to int16" in text


def test_the_page_tells_crs_pixel_sizes_and_both_sizes_in_one_order(made, scenes):
    page, _ = made
    side = open_raster(scenes.mosaic).transform.a
    assert f"pixel {side:g} → {side / 2:g} m" in page
    assert "36 × 40 → 72 × 80 (rows × columns)" in page
    assert "degraded, 18 × 20" in page
    labels = set(re.findall(r'aria-label="([^"]*swipe[^"]*)"', page))
    assert len(labels) == 2


def test_the_record_holds_every_curve_of_the_page(made):
    _, record = made
    bands = len(record["scene"]["compared_bands"])
    assert [len(trial["psnr"]) for trial in record["trials"]] == [bands] * 4
    assert 2 <= len(record["spectra"]) <= 4
    for pixel in record["spectra"]:
        assert len(pixel["original"]) == len(pixel["bicubic"]) == bands
    assert all(band["wavelength_nm"] for band in record["bands"])
    assert 0.3 < record["scene"]["valid_share"] < 0.95


def test_the_page_holds_the_spectra_that_a_click_asks_for(made):
    html, record = made
    packed = json.loads(re.search(r'id="samples">(.*?)</script>', html, re.DOTALL)[1])
    assert packed["methods"] == ["original", "bicubic", "back-projection"]
    values = np.frombuffer(base64.b64decode(packed["values"]), "<u2").astype(float)
    places = len(packed["rows"]), len(packed["cols"])
    values = values.reshape(3, *places, len(packed["x"]))
    low, high = np.array(packed["low"]), np.array(packed["high"])
    assert (values == 65535).any()  # a hole
    assert places == tuple(packed["shape"])  # of so small a window every pixel is there
    for pixel in record["spectra"]:
        place = pixel["row"] - packed["origin"][0], pixel["col"] - packed["origin"][1]
        for method, name in enumerate(packed["methods"]):
            found = low + values[(method, *place)] / 65534 * (high - low)
            np.testing.assert_allclose(found, pixel[name], atol=(high - low).max() / 65534)


def test_names_from_files_cannot_write_into_the_page(tmp_path):
    path = write(tmp_path / "<script>alert(1)<\u2215script>.tif", ground())
    write_report(assess(path, resolver=BicubicResolver(2)), tmp_path / "report")
    html = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_one_band_has_no_spectral_angle_and_says_so(tmp_path):
    path = write(tmp_path / "one.tif", ground()[:1])
    record = write_report(assess(path, resolver=BicubicResolver(2)), tmp_path / "report")
    assert all(trial["sam_deg"] is None for trial in record["trials"])
    assert record["spectra"] == []
    assert any("spectral angle has no meaning" in note for note in record["notes"])
    html = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "Band 1 in grey" in html


# --- the command ----------------------------------------------------------------------------------


def bicubic(scene, folder, *more, code=0):
    return call("assess", scene, "--upscale", 2, "--model", "bicubic", "--report", folder, *more,
                code=code)  # fmt: skip


def test_json_is_what_the_file_holds_and_progress_goes_elsewhere(scene, tmp_path):
    folder = tmp_path / "report"
    result = bicubic(scene, folder, "--json", "--progress", "json")
    assert json.loads(result.stdout) == json.loads((folder / "report.json").read_text())
    events = [json.loads(line) for line in result.stderr.splitlines()]
    shares = [e["done"] / e["total"] for e in events if e["event"] == "progress"]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert events[-1]["event"] == "result"
    assert events[-1]["path"] == str(folder / "index.html")


@dataclass(frozen=True)
class Case:
    """A scene that cannot be assessed, and what is said."""

    cube: np.ndarray
    said: str
    bad: tuple[int, ...] = ()
    upscale: int = 2


CHECKERED = np.where(np.indices((20, 20)).sum(axis=0) % 2, 7, -1)[None].astype(np.int16)
CASES = {
    "too small": Case(ground(15, 40), r"15 x 40 .* too few .* 16 x 16 at least"),
    "too small for 4": Case(ground(30, 40), "32 x 32 at least", upscale=4),
    "all holes": Case(np.full((3, 20, 20), -1, np.int16), "no good band has a value"),
    "holes everywhere": Case(CHECKERED, "so dense"),
    "constant": Case(np.full((3, 20, 20), 0, np.int16), "all values are equal"),
    "bad bands": Case(ground()[:2], "every band is marked as bad", bad=(1, 2)),
}


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_assessed_is_an_error_of_one_line(tmp_path, name):
    case = CASES[name]
    path = write(tmp_path / "scene.tif", case.cube, nodata=-1, bad=case.bad)
    result = call(
        "assess", path, "--upscale", case.upscale, "--model", "bicubic", "--progress", "none",
        "--report", tmp_path / "report", code=1,
    )  # fmt: skip
    assert len(result.stderr.splitlines()) == 1
    assert "scene.tif" in result.stderr
    assert re.search(case.said, result.stderr), result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["scene.tif"]


def test_folders_that_cannot_be_made_are_told_before_any_work(scene, tmp_path):
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "thesis.docx").write_text("years")
    assert "taken exists" in bicubic(scene, taken, code=1).stderr
    assert "thesis.docx" in bicubic(scene, taken, "--overwrite", code=1).stderr
    assert "is a file" in bicubic(scene, scene, code=1).stderr
    assert "no folder" in bicubic(scene, tmp_path / "a" / "b", code=1).stderr
    assert (taken / "thesis.docx").read_text() == "years"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["scene.tif", "taken"]


def test_a_report_is_replaced_as_a_whole_on_request(scene, tmp_path):
    folder = tmp_path / "report"
    folder.mkdir()
    for name in ("index.html", "report.json"):
        (folder / name).write_text("old")
    assert "exists" in bicubic(scene, folder, code=1).stderr
    bicubic(scene, folder, "--overwrite")
    assert json.loads((folder / "report.json").read_text())["format"] == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["report", "scene.tif"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_parent_is_told(scene, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert "no permission" in bicubic(scene, locked / "report", code=1).stderr


def test_a_failure_while_writing_leaves_nothing(scene, tmp_path, monkeypatch):
    found = assess(scene, resolver=BicubicResolver(2))

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    monkeypatch.setattr(report_folder, "render", lambda *_: "a page")  # seconds of drawing
    with pytest.raises(HsisrError, match="No space left"):
        write_report(found, tmp_path / "report")
    assert [p.name for p in tmp_path.iterdir()] == ["scene.tif"]


def test_the_scene_is_degraded_by_what_the_method_assumes(scene):
    soft = named("gaussian:0.2", 2)
    found = assess(scene, resolver=BackProjectionResolver(2, psf=soft))
    expected = degrade(found.truth.cube, soft)
    np.testing.assert_allclose(found.truth.coarse_cube, expected, atol=0.5)  # of an integer scene
    by = {trial.name: trial.scores.mpsnr for trial in found.trials}
    assert by["back-projection"] > by["bicubic"] + 1  # it knows what blurred the scene
    record = to_record(found, judge(found))
    assert record["protocol"]["degradation"] == "gaussian:0.2"


def test_a_run_that_is_canceled_leaves_nothing(scene, tmp_path):
    class Stop(HsisrError):
        pass

    def stop(done, total):
        if done > 150:
            raise Stop

    with pytest.raises(Stop):
        assess(scene, resolver=BicubicResolver(2), scratch=tmp_path, progress=stop)
    assert [p.name for p in tmp_path.iterdir()] == ["scene.tif"]


def _piece(mosaic, path, *, holes=False):
    """Cut 40 x 36 pixels out of the mosaic, every twelfth band."""
    window = Window(76 if holes else 96, 60 if holes else 68, 40, 36)
    with rasterio.open(mosaic) as source:
        indices = list(range(1, source.count + 1, 12))
        profile = source.profile | {"count": len(indices), "height": 36, "width": 40}
        profile["transform"] = source.transform @ Affine.translation(window.col_off, window.row_off)
        with rasterio.open(path, "w", **profile) as sink:
            sink.write(source.read(indices, window=window))
            for to, band in enumerate(indices, start=1):
                sink.update_tags(to, **source.tags(band))
    return path
