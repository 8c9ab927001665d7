"""Two sensors over one ground: the fit finds what was done; the finer one is the truth."""

import json
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from commands import call, one_line_error, write

from hsisr_geo.assessment.pair import PairFit, PairGain, SensorPair
from hsisr_geo.resolver.interpolation import BackProjectionResolver

FACTOR = 6
WAVES = [480, 560, 650, 840]


def ground(side: int) -> np.ndarray:
    """Fields of sharp borders, in four bands."""
    rng = np.random.default_rng(5)
    field = rng.integers(0, 6, (side // 20 + 2, side // 26 + 2)).repeat(20, 0).repeat(26, 1)
    return (1000 + 600 * rng.random((4, 6)))[:, field[:side, :side]]


def coarse_of(fine: np.ndarray, mtf: float, shift: float) -> np.ndarray:
    """Blur to a modulation at Nyquist, sample pixels FACTOR times wider, `shift` of them on."""
    sigma = FACTOR * np.sqrt(-2 * np.log(mtf)) / np.pi
    side = fine.shape[1]
    centre = (np.arange(side // FACTOR) + 0.5 - shift) * FACTOR
    weights = np.exp(-0.5 * ((np.arange(side) + 0.5 - centre[:, None]) / sigma) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights @ fine @ weights.T


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder, fine = tmp_path_factory.mktemp("pair"), ground(360)
    place = Affine(5, 0, 4e5, 0, -5, 5e6)
    other = write(folder / "fine.tif", fine.astype("float32"), wavelengths=WAVES, transform=place)
    seen = 2.5 * coarse_of(fine, 0.35, 0.2) - 300
    coarse = np.concatenate([seen, seen[:1]])  # and a band that the other sensor lacks
    one = write(
        folder / "coarse.tif",
        coarse.astype("float32"),
        wavelengths=[*WAVES, 1200],
        transform=place @ Affine.scale(FACTOR),
    )
    return one, other


@pytest.fixture(scope="module")
def fit(pair: tuple[Path, Path]) -> PairFit:
    return SensorPair.open(*pair).fit()


@pytest.fixture
def fitted(pair: tuple[Path, Path], fit: PairFit, monkeypatch: pytest.MonkeyPatch):
    """The pair, which commands need not fit again: that takes seconds."""
    monkeypatch.setattr(SensorPair, "fit", lambda self: fit)
    return pair


def test_the_fit_finds_blur_shift_gain_and_offset(fit: PairFit) -> None:
    assert fit.bands == ((0, 0), (1, 1), (2, 2), (3, 3))
    assert fit.mtf == pytest.approx((0.35, 0.35), abs=0.02)
    assert fit.shift == pytest.approx((0.2, 0.2), abs=0.02)
    assert fit.gain == pytest.approx((2.5,) * 4, rel=0.01)
    assert min(fit.r2) > 0.999


def test_a_result_is_compared_with_what_the_finer_sensor_saw(
    pair: tuple[Path, Path], fit: PairFit
) -> None:
    gain = SensorPair.open(*pair).gains(fit, BackProjectionResolver(2))
    assert len(gain.ours) == 4
    assert min(gain.ours) > 20
    assert 0.3 < gain.mean < 3


def test_the_command_tells_fit_and_gains(fitted: tuple[Path, Path]) -> None:
    """Of a method that predicts no deviation it tells no coverage."""
    asked = ("evaluate", "--pair", *fitted, "--model", "back-projection", "--upscale", 3)
    text = call(*asked).output
    assert "MTF at Nyquist 0.35" in text
    assert "in 4 bands at 480, 560, 650, 840 nm\n" in text
    assert "x3" in text
    assert "deviation" not in text
    found = json.loads(call(*asked, "--json").stdout)
    assert found["scores"][0]["upscale"] == 3
    assert found["scores"][0]["mean_gain"] > 0
    assert found["scores"][0]["within"] is None


def test_deviations_that_are_predicted_are_held_against_the_finer_sensor(
    fitted: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default model predicts some; a wider deviation covers more errors, never fewer."""
    asked = ("evaluate", "--pair", *fitted, "--upscale", 2)
    (told,) = json.loads(call(*asked, "--json").stdout)["scores"]
    one, two = told["within"]
    assert 0.2 < one < two < 1
    assert told["within_both"][0] >= one
    del told["mean_gain"]
    monkeypatch.setattr(SensorPair, "gains", lambda *_: PairGain(**told))
    assert f"{100 * one:.0f} % of the errors within one predicted deviation" in call(*asked).output


def test_what_has_nothing_in_common_is_refused(pair: tuple[Path, Path], tmp_path: Path) -> None:
    coarse, fine = pair
    cube = np.ones((2, 40, 40), "float32")
    place = Affine(30, 0, 4e5, 0, -30, 5e6)
    others = {
        "no good bands": write(tmp_path / "w.tif", cube, wavelengths=[2000, 2100], transform=place),
        "coordinate reference systems differ": write(
            tmp_path / "c.tif", cube, wavelengths=WAVES[:2], transform=place, crs="EPSG:32634"
        ),
        "askew": write(
            tmp_path / "a.tif", cube, wavelengths=WAVES[:2], transform=place @ Affine.rotation(20)
        ),
        "too few pixels": write(
            tmp_path / "f.tif",
            cube,
            wavelengths=WAVES[:2],
            transform=Affine(30, 0, 9e5, 0, -30, 5e6),
        ),
    }
    for told, path in others.items():
        assert told in one_line_error(call("evaluate", "--pair", path, fine, code=1))
    assert "twice as fine" in one_line_error(call("evaluate", "--pair", fine, coarse, code=1))
