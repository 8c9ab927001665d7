"""The group autoencoder: groups as published, any number of bands, and detail that is carried."""

import pytest
import torch

from hsisr_geo.model.autoencoder import GroupAutoencoder
from hsisr_geo.model.groups import group_starts


@pytest.mark.parametrize(
    ("bands", "size", "overlap", "starts"),
    [
        (102, 16, 4, [*range(0, 85, 12), 86]),
        (128, 16, 4, [*range(0, 109, 12), 112]),
        (31, 8, 2, [0, 6, 12, 18, 23]),
        (16, 16, 4, [0]),
        (17, 16, 4, [0, 1]),
    ],
)
def test_groups_are_those_of_the_paper(
    bands: int, size: int, overlap: int, starts: list[int]
) -> None:
    assert group_starts(bands, size, overlap) == starts


@pytest.mark.parametrize("bands", [1, 2, 15, 16, 17, 64, 103])
def test_any_number_of_bands_goes_in_and_comes_out(bands: int) -> None:
    autoencoder = GroupAutoencoder()
    cube = torch.randn(bands, 3, 5)
    z = autoencoder.encode(cube)
    assert z.shape[1:] == (5, 3, 5)
    assert autoencoder.decode(z, bands).shape == cube.shape


def test_no_change_of_the_latents_is_no_detail() -> None:
    autoencoder = GroupAutoencoder()
    z = autoencoder.encode(torch.randn(40, 4, 4))
    assert torch.equal(autoencoder.detail(z, z, 40), torch.zeros(40, 4, 4))


def test_a_pixel_knows_nothing_of_its_neighbours() -> None:
    autoencoder = GroupAutoencoder()
    cube = torch.randn(40, 4, 4)
    changed = cube.clone()
    changed[:, 0, 0] += 1
    difference = (autoencoder(changed) - autoencoder(cube)).abs().sum(0)
    assert difference[0, 0] > 0
    assert difference.flatten()[1:].max() < 1e-5
