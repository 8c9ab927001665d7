"""Groups of bands are the published ones; taking apart and putting together loses nothing."""

import pytest
import torch

from hsisr_geo.benchmark.systems.layers.groups import average, group_bands, split


@pytest.mark.parametrize(
    ("bands", "size", "overlap", "starts"),
    [
        (102, 16, 4, (0, 12, 24, 36, 48, 60, 72, 84, 86)),
        (128, 16, 4, (0, 12, 24, 36, 48, 60, 72, 84, 96, 108, 112)),
        (31, 8, 2, (0, 6, 12, 18, 23)),
        (128, 32, 8, (0, 24, 48, 72, 96)),
        (16, 16, 4, (0,)),
        (17, 16, 4, (0, 1)),
    ],
)
def test_published_groups(bands: int, size: int, overlap: int, starts: tuple[int, ...]) -> None:
    groups = group_bands(bands, size, overlap)
    assert groups.starts == starts
    assert groups.size == size
    assert len(groups) == len(starts)


@pytest.mark.parametrize("bands", [1, 2, 7])
def test_fewer_bands_than_a_group_are_one_group(bands: int) -> None:
    groups = group_bands(bands, 8, 2)
    assert (groups.starts, groups.size) == ((0,), bands)


@pytest.mark.parametrize("overlap", [-1, 8, 9])
def test_an_overlap_that_leaves_no_step_is_refused(overlap: int) -> None:
    with pytest.raises(ValueError, match=r"0 \.\.\. 7"):
        group_bands(102, 8, overlap)


@pytest.mark.parametrize(("bands", "size", "overlap"), [(102, 16, 4), (31, 8, 2), (5, 8, 2)])
def test_the_average_of_what_was_split_is_the_cube(bands: int, size: int, overlap: int) -> None:
    cube = torch.randn(2, bands, 3, 4)
    groups = group_bands(bands, size, overlap)
    parts = split(cube, groups)
    assert parts.shape == (2, len(groups), groups.size, 3, 4)
    assert torch.equal(parts[:, -1], cube[:, bands - groups.size :])
    assert torch.allclose(average(parts, groups), cube)


def test_each_band_is_the_plain_mean_of_the_groups_that_have_it() -> None:
    groups = group_bands(7, 4, 2)  # 0-3, 2-5, 3-6
    parts = torch.tensor([1.0, 10.0, 100.0]).view(1, 3, 1, 1, 1).expand(1, 3, 4, 1, 1)
    of_bands = [1.0, 1.0, 5.5, 37.0, 55.0, 55.0, 100.0]
    assert average(parts, groups).flatten().tolist() == pytest.approx(of_bands)
