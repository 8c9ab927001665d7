"""The published network at its published size, and its sampler, as they are described."""

import re

import pytest
import torch
from flop_counting import needs_counting
from test_docs import ROOT
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.cost import multiply_adds
from hsisr_geo.benchmark.systems.layers.sampler import STEPS, alpha_bars, drawn, sample_group
from hsisr_geo.benchmark.systems.layers.unet import PARAMETERS, PublishedUNet


def test_the_network_has_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        network = PublishedUNet()
    assert sum(p.numel() for p in network.parameters()) == PARAMETERS == 97_807_491


@needs_counting
def test_its_multiply_adds_are_the_published_ones() -> None:
    """11.46 G at 64 pixels, 45.84 G at 128; attention's own products come on top of these."""
    with torch.device("meta"):
        network, level = PublishedUNet().eval(), torch.zeros(1)
        for side, published in ((64, 11.46e9), (128, 45.84e9)):
            images = torch.zeros(1, 3, side, side)
            with FlopCounterMode(display=False) as counter, torch.inference_mode():
                assert network(images, images, level).shape == images.shape
            assert counter.get_total_flops() / 2 == pytest.approx(published, rel=0.01)


@needs_counting
def test_a_best_estimate_of_ours_takes_what_the_page_says() -> None:
    """The command of its table counts, whichever backend is the default."""
    page = (ROOT / "docs/quality.md").read_text(encoding="utf-8")
    told = float(re.search(r"<!-- cost -->.*?\| ×4 \| ([\d.]+)", page, re.DOTALL)[1])
    counted = multiply_adds("default", 4, 102, 32) * (128 / 32) ** 2
    assert counted / 1e12 == pytest.approx(told, rel=0.02)


def test_the_network_sees_both_images_and_the_level() -> None:
    torch.manual_seed(0)
    network = PublishedUNet(width=32, widths=(1, 1, 1, 1, 1)).eval()
    images, others = torch.randn(2, 1, 3, 32, 32)
    half, full = torch.tensor([0.5]), torch.tensor([1.0])
    with torch.inference_mode():
        base = network(images, others, half)
        assert not torch.allclose(base, network(others, others, half))
        assert not torch.allclose(base, network(images, images, half))
        assert not torch.allclose(base, network(images, others, full))


def test_the_schedule_is_the_published_one() -> None:
    published = """0.992 0.972 0.941 0.899 0.847 0.787 0.720 0.648 0.572 0.494 0.416 0.341 0.269
        0.203 0.144 0.094 0.054 0.024 0.0061 6.1e-6"""
    bars = alpha_bars()
    assert len(bars) == STEPS == 20
    assert bars == pytest.approx([float(bar) for bar in published.split()], abs=6e-4)
    assert bars[-1] == pytest.approx(6.1e-6, rel=0.02)


def test_a_perfect_predictor_gives_the_truth_and_is_asked_once_a_step() -> None:
    torch.manual_seed(0)
    truth = torch.rand(1, 3, 8, 8) * 1.8 - 0.9
    levels: list[float] = []

    def perfect(condition: torch.Tensor, z: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
        levels.append(float(level))
        a = level[:, None, None, None]
        return (z - a * truth) / (1 - a * a).sqrt()

    sample = sample_group(perfect, truth, drawn(truth))
    torch.testing.assert_close(sample, truth, atol=2e-3, rtol=0)
    assert len(levels) == STEPS
    assert levels == sorted(levels)
