"""Figures of a comparison: what is drawn is what the folder says, and nothing that is not there."""

import json

import numpy as np
import pytest
from matplotlib.image import imread

from hsisr_geo.assessment.report.pictures import ERROR_COLORS
from hsisr_geo.benchmark.figures import style
from hsisr_geo.benchmark.figures.curves import angle_deg, broken, chosen_pixels, curves_figure
from hsisr_geo.benchmark.figures.figures import write_figures
from hsisr_geo.benchmark.figures.found import group_sizes, scene_results, standings
from hsisr_geo.benchmark.figures.groups import groups_figure
from hsisr_geo.benchmark.figures.overview import overview_figure, times_figure
from hsisr_geo.benchmark.figures.pictures import detailed_window, error_map, pictures_figure
from hsisr_geo.benchmark.figures.style import looks
from hsisr_geo.benchmark.figures.values import FigureSettings, Shown
from hsisr_geo.cube.degradation import named
from hsisr_geo.errors import OutputError
from hsisr_geo.metrics import default_data_range

DPI = 40  # a fourteenth of the pixels that a page gets

SYSTEMS = (
    Shown("bicubic", "bicubic"),
    Shown("edsr", "EDSR"),
    Shown("diff-fb", "Diff-FB"),
    Shown("ours", "ours", ours=True),
)
SETTINGS = FigureSettings(SYSTEMS, upscales=(2, 4), groups=("g16", "g12"), pixels=1)
WAVELENGTHS = [*np.linspace(450, 900, 8), *np.linspace(1100, 1200, 4)]
NOISE = {"bicubic": 0.04, "edsr": 0.05, "diff-fb": 2.0, "ours": 0.02}
PSNR = {"bicubic": 30.0, "edsr": 29.5, "diff-fb": 8.0, "ours": 32.0}
ANGLE = {"bicubic": 4.0, "edsr": 5.0, "diff-fb": 60.0, "ours": 3.0}


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def put_cube(path, cube):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, cube.astype(np.float32))


def row(scene, label, upscale, bands="12", more=0.0):
    scores = {"mpsnr": PSNR[label] + more, "sam": ANGLE[label]}
    return {"scene": scene, "upscale": upscale, "bands": bands, **scores}


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Draw all that is drawn, on fewer pixels: seconds are saved."""
    monkeypatch.setattr(style, "DPI", DPI)


@pytest.fixture
def folder(tmp_path):
    """Return the folder of a comparison of four systems on one scene, at two upscales."""
    rng = np.random.default_rng(1)
    cells = rng.random((12, 6, 5)).repeat(8, axis=1).repeat(8, axis=2)
    truth = cells + 0.02 * rng.random((12, 48, 40)) + 0.5
    for upscale in (2, 4):
        put_cube(tmp_path / f"cubes/truth/town-x{upscale}.npy", truth)
        told = {"scene": "town", "wavelengths_nm": WAVELENGTHS}
        put(tmp_path / f"cubes/truth/town-x{upscale}.json", told)
        for label, noise in NOISE.items():
            run = f"{label}-x{upscale}-seed0"
            cube = truth + noise * rng.standard_normal(truth.shape)
            put_cube(tmp_path / f"cubes/{run}/town-x{upscale}.npy", cube)
            rows = [row("town", label, upscale), row("town", label, upscale, "all", 1.0)]
            put(tmp_path / f"scores/{run}.json", {"made_from": {}, "rows": rows})
            timings = [{"size": 64, "seconds": 1.0}, {"size": 128, "seconds": 4 * noise}]
            put(tmp_path / f"times/{run}.json", {"timings": timings})
    for group, overlap in ((16, 4), (12, 4)):
        told = {"group": group, "overlap": overlap, "psnr": 40 + group / 4, "timings": []}
        put(tmp_path / f"reconstructions/g{group}-x2-seed0.json", told)
    put(tmp_path / "times/g16-x2-seed0.json", {"timings": [{"size": 128, "seconds": 9.0}]})
    return tmp_path


def quiet(message):
    """Take a line of the log."""


def first_scene(folder, settings=SETTINGS):
    return next(scene_results(folder, settings, quiet))


def texts(figure):
    return [t.get_text() for axes in figure.axes for t in (axes.title, axes._left_title)]


# --- files ----------------------------------------------------------------------------------------


def test_every_figure_is_written_at_page_width(folder):
    paths = write_figures(folder, SETTINGS, quiet)
    assert {path.name for path in paths} == {
        "overview.png", "times.png", "groups-x2.png",
        "pictures-town-x2.png", "spectra-town-x2-1.png",
        "pictures-town-x4.png", "spectra-town-x4-1.png",
    }  # fmt: skip
    assert {imread(path).shape[1] for path in paths} == {round(9.2 * DPI)}
    assert {p.name for p in (folder / "figures").iterdir()} == {p.name for p in paths}


def test_figures_of_a_part_of_a_scene_have_neither_commas_nor_blanks(folder):
    for path in [*folder.glob("cubes/truth/town-x*.json"), *folder.glob("cubes/*/town-x*.npy")]:
        path.rename(path.with_name(path.name.replace("town", "town, crop 3")))
    settings = FigureSettings(SYSTEMS[:2], upscales=(2,), pixels=1)
    names = {path.name for path in write_figures(folder, settings, quiet)}
    assert {"pictures-town-crop-3-x2.png", "spectra-town-crop-3-x2-1.png"} <= names
    assert not [name for name in names if "," in name or " " in name]


def test_figures_are_the_same_files_every_time(folder):
    settings = FigureSettings(SYSTEMS[:2], upscales=(2,), pixels=0, svg=True)
    first = {path: path.read_bytes() for path in write_figures(folder, settings, quiet)}
    assert {path.suffix for path in first} == {".png", ".svg"}
    assert first == {path: path.read_bytes() for path in write_figures(folder, settings, quiet)}


def test_what_is_missing_is_left_out_and_told(folder):
    settings = FigureSettings((*SYSTEMS, Shown("gelin", "GELIN")), upscales=(2, 3), pixels=0)
    (folder / "cubes/edsr-x2-seed0/town-x2.npy").unlink()
    told = []
    names = [path.name for path in write_figures(folder, settings, told.append)]
    assert "pictures-town-x2.png" in names
    assert "figures: x2: no scores of gelin, left out" in told
    assert "figures: town x2: no result of edsr, left out" in told
    assert not any("x3" in name for name in names)


def test_a_folder_without_anything_gives_no_figures(tmp_path):
    assert write_figures(tmp_path, SETTINGS, quiet) == []


def test_a_place_that_cannot_be_written_is_named(folder):
    (folder / "figures").write_text("a file")
    with pytest.raises(OutputError, match="figures"):
        write_figures(folder, SETTINGS, quiet)


# --- pictures and error maps ----------------------------------------------------------------------


def test_pictures_name_all_systems_and_their_scores(folder):
    drawn = texts(pictures_figure(first_scene(folder), SETTINGS))
    assert {"truth", "bicubic", "EDSR", "Diff-FB", "ours"} <= set(drawn)
    assert {"30.00 dB, 4.00°", "32.00 dB, 3.00°"} <= set(drawn)  # of the bands that all take


def test_error_maps_have_one_scale_that_a_failure_does_not_stretch(folder):
    found = first_scene(folder)
    figure = pictures_figure(found, SETTINGS)
    maps = [i for a in figure.axes for i in a.get_images() if i.get_cmap().name == ERROR_COLORS]
    assert len(maps) == len(SYSTEMS)
    assert {(image.norm.vmin, image.norm.vmax) for image in maps} == {(0, maps[0].norm.vmax)}
    whole = (slice(0, 48), slice(0, 40))
    by_hand = 100 * np.abs(found.results[0].cube - found.truth).mean(axis=0)
    by_hand /= default_data_range(found.truth)
    assert error_map(found.results[0].cube, found, whole) == pytest.approx(by_hand, rel=1e-5)
    assert maps[0].norm.vmax == pytest.approx(np.quantile(by_hand, 0.995), rel=1e-4)
    assert np.asarray(maps[0].get_array()) == pytest.approx(by_hand, rel=1e-5)


def test_the_degraded_truth_is_shown_in_its_own_pixels(folder):
    figure = pictures_figure(first_scene(folder), SETTINGS)
    shapes = [image.get_array().shape[:2] for axes in figure.axes for image in axes.get_images()]
    assert (24, 20) in shapes
    assert named("bicubic", 2).factor == 2


def test_of_a_large_scene_the_window_with_most_detail_is_shown():
    truth = np.zeros((3, 60, 80), np.float32)
    truth[:, 40:50:2, 50:60] = 1
    rows, cols = detailed_window(truth, 20)
    assert (rows.stop - rows.start, cols.stop - cols.start) == (20, 20)
    assert rows.start <= 40 < 50 <= rows.stop
    assert cols.start <= 50 < 60 <= cols.stop
    assert detailed_window(truth, 70)[0] == slice(0, 60)


def test_a_hole_does_not_spoil_the_map_of_the_rest(folder):
    path = folder / "cubes/truth/town-x2.npy"
    truth = np.load(path)
    truth[:, :4, :4] = np.nan
    np.save(path, truth)
    found = first_scene(folder)
    error = error_map(found.results[0].cube, found, (slice(0, 48), slice(0, 40)))
    assert np.isnan(error[:4, :4]).all()
    assert np.isfinite(error[4:, 4:]).all()
    pictures_figure(found, SETTINGS)


# --- spectra --------------------------------------------------------------------------------------


def lines(figure, name):
    return [line for axes in figure.axes for line in axes.get_lines() if line.get_gid() == name]


def test_curves_are_the_numbers_of_the_cubes(folder):
    found = first_scene(folder)
    (pixel,) = chosen_pixels(found, 1)
    figure = curves_figure(found, pixel, SETTINGS)
    place = (slice(None), pixel.row, pixel.col)
    truth, ours = found.truth[place], found.results[-1].cube[place]
    (drawn,) = lines(figure, "truth")
    spectrum, difference = lines(figure, "ours")
    for line, values in ((drawn, truth), (spectrum, ours), (difference, ours - truth)):
        x, y = (v[np.isfinite(v)] for v in line.get_data())
        assert x == pytest.approx(WAVELENGTHS)
        assert y == pytest.approx(values, abs=1e-6)


def test_every_system_has_a_panel_and_all_have_one_scale(folder):
    found = first_scene(folder)
    figure = curves_figure(found, chosen_pixels(found, 1)[0], SETTINGS)
    panels = [a for a in figure.axes if a._left_title.get_text() in {s.title for s in SYSTEMS}]
    assert len(panels) == len(SYSTEMS)
    (limits,) = {panel.get_ylim() for panel in panels}
    assert limits[1] < 1  # what Diff-FB would need is far more
    assert len(lines(figure, "diff-fb")) == 1  # in its panel; not among the spectra


def test_lines_break_where_bands_are_left_out():
    x, y = broken([1, 2, 3, 10, 11], np.arange(5.0))
    assert np.flatnonzero(np.isnan(x)).tolist() == [3]
    assert np.isnan(y[3])
    back, _ = broken([1, 2, 3, 2.5, 3.5], np.arange(5.0))
    assert np.isnan(back[3])


def test_without_wavelengths_the_axis_counts_bands(folder):
    told = {"scene": "town", "wavelengths_nm": None}
    put(folder / "cubes/truth/town-x2.json", told)
    found = first_scene(folder)
    figure = curves_figure(found, chosen_pixels(found, 1)[0], SETTINGS)
    assert figure.get_supxlabel().startswith("band\n")
    (drawn,) = lines(figure, "truth")
    assert drawn.get_xdata() == pytest.approx(np.arange(1, 13))
    put(folder / "cubes/truth/town-x2.json", told | {"bands": list(range(2, 26, 2))})
    assert first_scene(folder).numbers[:2] == (2, 4)


def test_the_angle_is_that_of_two_spectra():
    assert angle_deg(np.array([1.0, 0]), np.array([1.0, 1])) == pytest.approx(45)
    assert np.isnan(angle_deg(np.zeros(2), np.ones(2)))


# --- where systems stand --------------------------------------------------------------------------


def test_standings_are_gains_on_the_same_scenes_averaged_over_seeds(folder):
    rows = [row("town", "ours", 2, more=1.0), row("unknown", "ours", 2, more=50)]
    put(folder / "scores/ours-x2-seed3.json", {"rows": rows})
    ours = next(s for s in standings(folder, SETTINGS, quiet) if s.shown.ours and s.upscale == 2)
    assert ours.gain == pytest.approx(2.5)  # 2 and 3 dB
    assert ours.gain_spread == pytest.approx(0.5)
    assert ours.psnr == pytest.approx(32.5)
    assert ours.ratio == pytest.approx(0.75)
    assert ours.seconds == pytest.approx(0.08)


def test_only_rows_of_the_same_bands_are_compared(folder):
    path = folder / "scores/edsr-x2-seed0.json"
    put(path, {"rows": [row("town", "edsr", 2, "all", 9.0)]})
    told = []
    found = standings(folder, SETTINGS, told.append)
    assert not [s for s in found if s.shown.label == "edsr" and s.upscale == 2]
    assert told == ["figures: x2: no scores of edsr, left out"]


def names(axes):
    return [text for text in axes.texts if text.get_text() in {s.title for s in SYSTEMS}]


@pytest.mark.parametrize(("draw", "off"), [(overview_figure, "−22.0 dB"), (times_figure, "8.0 dB")])
def test_systems_are_named_beside_their_points_and_failures_are_listed(folder, draw, off):
    figure = draw(standings(folder, SETTINGS, quiet), SETTINGS)
    assert len(figure.axes) == 2
    for axes in figure.axes:
        assert {t.get_text() for t in names(axes)} == {"bicubic", "EDSR", "ours"}
        (listed,) = [t.get_text() for t in axes.texts if t.get_text().startswith("far off")]
        assert f"Diff-FB ({off}" in listed


def test_the_list_of_failures_pushes_no_label_off_the_page(folder):
    systems = (SYSTEMS[0], SYSTEMS[2], SYSTEMS[3])  # all that is drawn is 0 dB or better
    for label, psnr in (("ours", 30.76), ("diff-fb", 3.9)):
        rows = [{"scene": "town", "upscale": 2, "bands": "12", "mpsnr": psnr, "sam": 3.7}]
        put(folder / f"scores/{label}-x2-seed0.json", {"rows": rows})
    settings = FigureSettings(systems, upscales=(2,))
    figure = overview_figure(standings(folder, settings, quiet), settings)
    (axes,) = figure.axes
    assert axes.get_ylim()[0] < 0
    figure.draw_without_rendering()
    assert axes.yaxis.label.get_window_extent().x0 >= 0


def test_no_name_is_crossed_by_the_lines_of_the_reference(folder):
    for axes in overview_figure(standings(folder, SETTINGS, quiet), SETTINGS).axes:
        across, up = axes.lines[:2]
        (bicubic,) = (text for text in names(axes) if text.get_text() == "bicubic")
        box = bicubic.get_window_extent()
        assert not box.y0 < across.get_window_extent().y0 < box.y1
        assert not box.x0 < up.get_window_extent().x0 < box.x1


def test_numbers_of_failures_are_written_out(folder):
    for ratio, told in ((400.0, "−22.0 dB, 100×"), (None, "−22.0 dB, –×")):
        rows = [{"scene": "town", "upscale": 2, "bands": "12", "mpsnr": 8.0, "sam": ratio}]
        put(folder / "scores/diff-fb-x2-seed0.json", {"rows": rows})
        axes = overview_figure(standings(folder, SETTINGS, quiet), SETTINGS).axes[0]
        assert any(f"Diff-FB ({told})" in text.get_text() for text in axes.texts)


def test_names_of_a_crowd_do_not_overlap(folder):
    crowd = tuple(Shown(f"s{i}", f"system of long name {i}") for i in range(16))
    rng = np.random.default_rng(0)
    for shown in crowd:
        rows = [{"scene": "town", "upscale": 2, "bands": "12",
                 "mpsnr": 30 + rng.normal(), "sam": 4 + rng.normal(scale=0.4)}]  # fmt: skip
        put(folder / f"scores/{shown.label}-x2-seed0.json", {"rows": rows})
    settings = FigureSettings((SYSTEMS[0], *crowd), upscales=(2,))
    figure = overview_figure(standings(folder, settings, quiet), settings)
    (axes,) = figure.axes
    boxes = [t.get_window_extent() for t in axes.texts if t.get_text().startswith("system")]
    boxes = [box for box in boxes if box.width > 0]
    assert len(boxes) >= 12
    pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[:i]]
    assert not [1 for a, b in pairs if a.overlaps(b)]


def test_what_is_far_off_is_told_by_those_near_the_reference(folder):
    for label in ("a", "b", "c", "d"):  # more failures than not
        rows = [{"scene": "town", "upscale": 2, "bands": "12", "mpsnr": 10, "sam": 50}]
        put(folder / f"scores/{label}-x2-seed0.json", {"rows": rows})
    failed = tuple(Shown(label, f"failed {label}") for label in "abcd")
    settings = FigureSettings((*SYSTEMS, *failed), upscales=(2,))
    (axes,) = overview_figure(standings(folder, settings, quiet), settings).axes
    assert axes.get_ylim()[0] > -4
    assert axes.get_ylim()[1] > 2
    assert {t.get_text() for t in names(axes)} == {"bicubic", "EDSR", "ours"}
    assert "failed d" in next(t.get_text() for t in axes.texts if "far off" in t.get_text())


def test_times_need_times(folder):
    for path in (folder / "times").iterdir():
        path.unlink()
    assert times_figure(standings(folder, SETTINGS, quiet), SETTINGS) is None


def test_a_number_that_a_record_lacks_is_a_hole(folder):
    put(folder / "scores/ours-x2-seed0.json", {"rows": [row("town", "ours", 2) | {"sam": None}]})
    drawn = texts(pictures_figure(first_scene(folder), SETTINGS))
    assert "32.00 dB, –°" in drawn


# --- group sizes ----------------------------------------------------------------------------------


def test_group_sizes_are_ordered_with_their_numbers(folder):
    found = group_sizes(folder, SETTINGS, quiet)
    assert [(s.group, s.psnr, s.seconds) for s in found[2]] == [(12, 43, None), (16, 44, 9.0)]
    left, right = groups_figure(found[2], 2, SETTINGS).axes
    assert left.get_lines()[0].get_ydata().tolist() == [43, 44]
    assert right.get_lines()[0].get_ydata().tolist() == [9.0]
    assert [t.get_text() for t in left.get_xticklabels()] == ["12 / 4", "16 / 4"]
    assert 4 not in found


# --- looks ----------------------------------------------------------------------------------------


def test_systems_look_different_and_ours_is_the_strongest():
    many = tuple(Shown(f"s{i}", f"S{i}") for i in range(20))
    styles = looks((*SYSTEMS, *many), "bicubic")
    seen = {(look.color, str(look.dashes), look.marker) for look in styles.values()}
    assert len(seen) == len(styles)
    assert max(styles, key=lambda label: styles[label].width) == "ours"
