"""Images of the denoiser on a CPU: framed, and made and read in strips that change nothing."""

import ncnn
import numpy as np
import pytest
from numpy.typing import NDArray

from hsisr_geo.model.plain import image
from hsisr_geo.model.plain.denoiser import PlainDenoiser
from hsisr_geo.model.plain.image import Image, pools, repacked, strips
from hsisr_geo.model.plain.network import load_network
from hsisr_geo.resolver.catalogue import find_model

Floats = NDArray[np.float32]
WINDOW = slice(3, 14), slice(5, 12)


def _denoiser() -> PlainDenoiser:
    network, _ = load_network(find_model("default"))
    return network.denoiser


def _image(channels: int) -> tuple[Image, Floats]:
    """One of 11 x 7 pixels, and its channels (channel, row, col)."""
    known = np.random.default_rng(1).normal(size=(channels, 11, 7)).astype(np.float32)
    pack = next(n for n in (16, 8, 4, 1) if channels % n == 0)
    grouped = known.reshape(-1, pack, 11, 7).transpose(0, 2, 3, 1)
    made = Image.like(grouped, WINDOW)
    made.at(WINDOW)[...] = grouped
    return made, known


def _channels(mat: ncnn.Mat) -> Floats:
    """What ncnn reads in a `Mat`: (channel, row, col)."""
    plain = ncnn.Mat()
    ncnn.convert_packing(mat, plain, 1)
    return np.array(plain)


@pytest.mark.parametrize("channels", [32, 24, 12, 3])
def test_rows_of_an_image_are_read_by_ncnn_with_one_around(channels: int) -> None:
    made, known = _image(channels)
    framed = np.pad(known, ((0, 0), (1, 1), (1, 1)))
    assert np.array_equal(_channels(made.rows(slice(3, 14))), framed)
    assert np.array_equal(_channels(made.rows(slice(6, 8))), framed[:, 3:7])


def test_rows_are_a_view() -> None:
    made, _ = _image(32)
    rows = made.rows(slice(6, 8))
    made.at((slice(6, 7), slice(5, 6)))[...] = 7
    assert (_channels(rows)[:, 1, 1] == 7).all()


@pytest.mark.parametrize("pack", [1, 4, 8, 16])
def test_channels_are_grouped_anew(pack: int) -> None:
    made, known = _image(32)
    grouped = repacked(made.at(WINDOW), pack)
    assert grouped.shape == (32 // pack, 11, 7, pack)
    assert np.array_equal(grouped.transpose(0, 3, 1, 2).reshape(known.shape), known)


@pytest.mark.parametrize(
    ("rows", "heights"), [(47, [24, 23]), (49, [24, 25]), (66, [24, 24, 18]), (1, [1]), (13, [13])]
)
def test_strips_cover_a_window_in_whole_tiles_of_winograd(rows: int, heights: list[int]) -> None:
    window = slice(3, 3 + rows), slice(0, 9)
    cut = list(strips(window, image._STRIP_BYTES // 25))
    assert [rows.stop - rows.start for rows, _ in cut] == heights
    assert [rows.start for rows, _ in cut] == [3 + sum(heights[:n]) for n in range(len(heights))]
    assert all(cols == window[1] for _, cols in cut)


@pytest.mark.parametrize("upscale", [2, 3, 4])
@pytest.mark.parametrize(
    "part",
    [
        (slice(0, 45), slice(0, 38)),  # all
        (slice(20, 27), slice(3, 30)),  # from its context
        (slice(30, 45), slice(0, 10)),  # a corner
    ],
)
def test_strips_change_nothing_but_the_last_rounding(
    upscale: int, part: tuple[slice, slice], monkeypatch: pytest.MonkeyPatch
) -> None:
    denoiser, rng = _denoiser(), np.random.default_rng(0)
    shape = 45 * upscale, 38 * upscale
    y, condition = rng.normal(size=(2, *shape)).astype(np.float32)
    made = []
    for strip_bytes in (1 << 30, 1 << 16, 1):  # one strip; several; of twelve rows
        monkeypatch.setattr(image, "_STRIP_BYTES", strip_bytes)
        made.append(denoiser(y, condition, 0.3, upscale, part))
    assert made[0].shape == tuple(upscale * (side.stop - side.start) for side in part)
    assert made[0].std() > 0
    for some in made[1:]:
        assert np.abs(some - made[0]).max() < 1e-5  # the last layer's, whose products are others
        assert (some == made[0]).mean() > 0.5


def test_pixels_hold_their_memory_when_pools_give_back_the_rest() -> None:
    """Whatever is made next has other memory, as long as a view of an image is there."""
    made, known = _image(32)
    pixels = made.at(WINDOW)
    del made
    for pool in pools():
        pool.clear()
    others = [_image(32)[0] for _ in range(3)]
    for other in others:
        other.pixels[...] = 7
    assert np.array_equal(pixels.transpose(0, 3, 1, 2).reshape(known.shape), known)
