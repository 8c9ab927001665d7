"""Published convolutional systems: parameters, shapes, reach, and that they learn."""

import pytest
import torch
from torch import nn

from hsisr_geo.model.baselines.layers import Branch, PixelShuffleUpsampler, factors


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("channels", "width", "blocks", "published"),
    [
        ((16, 3), 64, 3, 265_858),
        ((8, 3), 64, 3, 261_250),
        ((3, 16), 64, 3, 265_871),
        ((3, 8), 64, 3, 261_255),
        ((102, 102), 32, 2, 101_466),
        ((128, 128), 32, 2, 116_468),
        ((31, 31), 32, 2, 60_499),
    ],
)
def test_coders_of_the_published_autoencoder_are_branches(channels, width, blocks, published):
    with torch.device("meta"):
        assert parameters(Branch(*channels, width, blocks, reduction=3)) == published


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 8])
def test_an_upsampler_enlarges_by_its_factor(factor):
    assert PixelShuffleUpsampler(4, factor)(torch.zeros(2, 4, 5, 7)).shape == (
        2,
        4,
        5 * factor,
        7 * factor,
    )


def test_an_upsampler_enlarges_in_twos():
    assert [factors(n) for n in (1, 2, 3, 4, 6, 8)] == [[], [2], [3], [2, 2], [2, 3], [2, 2, 2]]
