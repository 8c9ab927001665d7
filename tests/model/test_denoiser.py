"""The local U-Net: its reach is what it says, for every upscale, and a batch stays a batch."""

import pytest
import torch

from hsisr_geo.model.denoiser import LocalUNet


def _network(blocks: int = 2) -> LocalUNet:
    torch.manual_seed(0)
    network = LocalUNet((2, 3, 4), width=8, blocks=blocks, fine_width=4)
    for parameter in network.parameters():  # the zero-initialised layers would hide the reach
        torch.nn.init.normal_(parameter, std=0.3)
    return network.eval()


@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_output_depends_on_no_more_than_the_reach(upscale: int) -> None:
    blocks, side = 2, 31
    network, centre = _network(blocks), side // 2
    condition = torch.randn(1, 1, side * upscale, side * upscale, requires_grad=True)
    out = network(torch.zeros_like(condition), condition, torch.zeros(1), upscale)
    core = slice(centre * upscale, (centre + 1) * upscale)
    out[..., core, core].sum().backward()
    assert condition.grad is not None
    rows = condition.grad[0, 0].abs().sum(1).nonzero()[:, 0] // upscale
    reached = max(centre - int(rows.min()), int(rows.max()) - centre)
    assert reached <= LocalUNet.reach(blocks)
    assert reached >= 2 * blocks  # the bound is not idle


@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_a_batch_of_n_gives_the_n_single_results(upscale: int) -> None:
    network = _network()
    y, condition = torch.randn(2, 3, 1, 6 * upscale, 5 * upscale).unbind(0)
    level = torch.tensor([0.0, 0.5, 0.9])
    with torch.no_grad():
        together = network(y, condition, level, upscale)
        alone = [
            network(y[i : i + 1], condition[i : i + 1], level[i : i + 1], upscale) for i in range(3)
        ]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-4, atol=1e-4)


def test_the_level_reaches_the_output() -> None:
    network = _network()
    y = condition = torch.randn(1, 1, 12, 12)
    with torch.no_grad():
        noisy = network(y, condition, torch.tensor([0.1]), 2)
        clean = network(y, condition, torch.tensor([0.9]), 2)
    assert (noisy - clean).abs().max() > 1e-3


@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_rounding_of_autocast_changes_little(upscale: int) -> None:
    """Wherever torch rounds to bfloat16, which with AMX and a stride it did not (torch 2.13.0)."""
    torch.manual_seed(0)
    net = LocalUNet((2, 3, 4), width=96, blocks=2)
    torch.nn.init.normal_(net.tail.weight, std=0.1)
    y, c = torch.randn(2, 2, 1, 12 * upscale, 12 * upscale)
    level = torch.tensor([0.0, 0.7])
    with torch.inference_mode():
        exact = net(y, c, level, upscale)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rounded = net(y, c, level, upscale).float()
    assert float((rounded - exact).square().mean().sqrt() / exact.std()) < 0.03
