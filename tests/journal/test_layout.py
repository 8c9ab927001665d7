import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.cube.tiling import TileGrid
from hsisr_geo.journal.layout import Layout, Output
from hsisr_geo.raster.raster import Raster


def output(bands: int, dtype: str, *, needs_mask: bool) -> Output:
    """Return a raster of which only bands and data type matter here."""
    identity = Affine.identity()
    raster = Raster("sr.tif", "GTiff", (2, 2), None, identity, dtype, Bands((Band(),) * bands))
    return Output(raster, needs_mask)


OUTPUTS = (output(3, "uint8", needs_mask=True), output(2, "float32", needs_mask=False))


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 20), st.integers(0, 4))
def test_parts_of_a_record_follow_each_other_and_cover_every_pixel(rows, cols, tile, ramp):
    layout = Layout(TileGrid.of((rows, cols), tile=tile, halo=9, ramp=ramp), 2, OUTPUTS, 4)
    covered = 0
    for each in layout.grid:
        end = 7 * 4 * 8  # of the sums
        for part in layout.parts(each):
            assert part.offset == end
            assert part.offset % 8 == 0
            bands, height, width = part.shape
            size = bands * height * width * part.dtype.itemsize
            end = part.offset + -(-size // 8) * 8
            if part.mask_offset is not None:
                assert part.mask_offset == end
                end += -(-height * width // 8) * 8
            covered += height * width / len(part.cell.tiles)
        assert layout.size(each) == end
    assert covered == len(OUTPUTS) * 4 * rows * cols


@pytest.mark.parametrize("tile", [16, 33, 500])
def test_the_size_of_all_records_needs_no_look_at_each(tile):
    layout = Layout(TileGrid.of((300, 200), tile=tile, halo=9, ramp=2), 3, OUTPUTS, 4)
    exact = sum(map(layout.size, layout.grid))
    assert layout.total_size == pytest.approx(exact, rel=2e-3)
    assert layout.total_size <= exact
