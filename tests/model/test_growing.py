"""A grown denoiser starts with what the small one knew, and can learn more."""

from dataclasses import replace

import pytest
import torch

from hsisr_geo.errors import ModelError
from hsisr_geo.model.network import Network
from hsisr_geo.model.training.grow import grown
from hsisr_geo.resolver.config import ModelConfig

CONFIG = ModelConfig(
    name="tiny",
    version="0",
    upscales=(2, 4),
    denoiser_width=8,
    denoiser_blocks=1,
    components=3,
    sigma_y=(1.0, 1.0),
)


@pytest.fixture
def network() -> Network:
    """A denoiser that answers something, as if it had been trained."""
    torch.manual_seed(1)
    network = Network(CONFIG)
    torch.nn.init.normal_(network.denoiser.tail.weight)
    return network


def _answer(network: Network) -> torch.Tensor:
    image = torch.sin(torch.arange(16 * 16.0)).reshape(1, 1, 16, 16)
    return network.denoiser(image, image.flip(2), torch.tensor([0.4]), 4)


def test_more_blocks_answer_the_same_until_they_are_trained(network: Network) -> None:
    larger, config = grown(network, CONFIG, blocks=3, components=None)
    assert (config.denoiser_blocks, config.components) == (3, 3)
    assert len(larger.denoiser.blocks) == 3
    torch.testing.assert_close(_answer(larger), _answer(network))


def test_every_new_weight_can_learn_after_one_step(network: Network) -> None:
    larger, _ = grown(network, CONFIG, blocks=2, components=None)
    new = larger.denoiser.blocks[1]
    optimiser = torch.optim.SGD(larger.parameters(), 0.1)
    for _ in range(2):
        optimiser.zero_grad()
        _answer(larger).square().mean().backward()
        optimiser.step()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in new.parameters())


def test_fewer_blocks_are_refused(network: Network) -> None:
    larger, config = grown(network, CONFIG, blocks=2, components=5)
    assert config.components == 5
    with pytest.raises(ModelError, match="has 2 blocks"):
        grown(larger, config, blocks=1, components=None)


def test_before_the_second_stage_any_number_of_blocks_will_do(network: Network) -> None:
    first_stage = replace(CONFIG, denoiser_blocks=3, sigma_y=())
    smaller, config = grown(Network(first_stage), first_stage, blocks=2, components=None)
    assert config.denoiser_blocks == len(smaller.denoiser.blocks) == 2
