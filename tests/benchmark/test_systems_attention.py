"""CEGATSR and GELIN: published sizes, any image, every upscale; the graph within bounded memory."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from hsisr_geo.benchmark.systems import cegatsr, gelin
from hsisr_geo.benchmark.systems.cegatsr import Cegatsr
from hsisr_geo.benchmark.systems.gelin import Gelin, SelfCalibratedConvolution
from hsisr_geo.benchmark.systems.layers import graph_attention
from hsisr_geo.benchmark.systems.layers.graph_attention import GraphAttention, GraphBlock, nearest
from hsisr_geo.benchmark.systems.system import Regressor
from hsisr_geo.model.back_projection import interpolate

NARROW: list[tuple[type[Regressor], Any]] = [
    (Cegatsr, cegatsr.Settings(width=8, blocks=1)),
    (Cegatsr, cegatsr.Settings(width=8, blocks=1, fuse_convolutions=False)),
    (Gelin, gelin.Settings(width=8, blocks=1, group_size=8, group_overlap=2)),
    (Gelin, gelin.Settings(width=5, blocks=2, group_size=32, group_overlap=8)),
]
COMPARED = cegatsr.Settings(blocks=3, group_size=8, group_overlap=2)  # in DMGASR's comparison
EIGHT_OF_TWO = gelin.Settings(group_size=8, group_overlap=2)


def parameters(kind: type[Regressor], bands: int, upscale: int, settings: object) -> int:
    with torch.device("meta"):
        system = kind(bands, upscale, settings)
    return sum(parameter.numel() for parameter in system.parameters())


@pytest.fixture(params=NARROW, ids=lambda made: f"{made[0].__name__}-{made[1].width}")
def narrow(request: pytest.FixtureRequest) -> Callable[[int, int], Regressor]:
    """A small system for (bands, upscale), as it is used: in evaluation mode."""
    kind, settings = request.param

    def build(bands: int, upscale: int) -> Regressor:
        torch.manual_seed(0)
        return kind(bands, upscale, settings).eval()

    return build


# ----- sizes as published


@pytest.mark.parametrize(
    ("bands", "settings", "published"),
    [(102, COMPARED, 861_882), (128, COMPARED, 906_836), (102, cegatsr.Settings(), 1_105_538)],
)
def test_cegatsr_has_the_published_number_of_parameters(
    bands: int, settings: cegatsr.Settings, published: int
) -> None:
    width = settings.width
    as_published = replace(settings, fuse_convolutions=False)
    assert parameters(Cegatsr, bands, 4, as_published) == published
    # what fusing adds: the other half of one convolution's input; what it lacks: a normalisation
    assert parameters(Cegatsr, bands, 4, settings) == published + 9 * width**2 - 2 * width


@pytest.mark.parametrize(
    ("bands", "settings", "published"),
    [
        (128, gelin.Settings(), 20_981_248),
        (31, gelin.Settings(blocks=8, group_size=8, group_overlap=2), 24_428_552),
        (102, EIGHT_OF_TWO, 20_870_632),
        (102, gelin.Settings(width=128, group_size=8, group_overlap=2), 5_229_304),
    ],
)
def test_gelin_has_the_published_number_of_parameters(
    bands: int, settings: gelin.Settings, published: int
) -> None:
    assert parameters(Gelin, bands, 4, settings) == published


@pytest.mark.parametrize(("bands", "start"), [(102, 94), (128, 120), (31, 23)])
def test_groups_end_with_the_last_band(bands: int, start: int) -> None:
    with torch.device("meta"):
        of_cegatsr = Cegatsr(bands, 4, COMPARED).groups
        of_gelin = Gelin(bands, 4, EIGHT_OF_TWO).groups
    assert of_cegatsr == of_gelin
    assert of_gelin.starts[-1] == start


# ----- any image


@pytest.mark.parametrize("upscale", [2, 3, 4])
@pytest.mark.parametrize("shape", [(5, 7), (1, 1), (2, 1), (8, 8)])
def test_any_size_at_every_upscale(
    narrow: Callable[[int, int], Regressor], upscale: int, shape: tuple[int, int]
) -> None:
    rows, cols = shape
    sr = narrow(11, upscale)(torch.rand(1, 11, rows, cols))
    assert sr.shape == (1, 11, upscale * rows, upscale * cols)
    assert sr.isfinite().all()


@pytest.mark.parametrize("bands", [1, 3, 4, 5, 33])
def test_any_number_of_bands(narrow: Callable[[int, int], Regressor], bands: int) -> None:
    assert narrow(bands, 2)(torch.rand(1, bands, 4, 4)).shape == (1, bands, 8, 8)


def test_images_of_a_batch_do_not_know_each_other(
    narrow: Callable[[int, int], Regressor],
) -> None:
    system, images = narrow(11, 2), torch.rand(3, 11, 6, 5)
    with torch.no_grad():
        together, alone = system(images), [system(image[None]) for image in images]
    assert together.shape == (3, 11, 12, 10)
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-4, atol=1e-5)


def test_all_of_the_image_counts(narrow: Callable[[int, int], Regressor]) -> None:
    system, image = narrow(11, 2), torch.rand(1, 11, 24, 24)
    changed = image.clone()
    changed[..., -1, -1] += 100  # what one of 576 pixels adds is to be seen in float32
    assert system.reach is None
    assert not torch.equal(system(image)[..., 0, 0], system(changed)[..., 0, 0])


@pytest.mark.parametrize(("kind", "settings"), NARROW[:3])
def test_a_patch_can_be_learnt(kind: type[Regressor], settings: Any) -> None:
    torch.manual_seed(0)
    hr = torch.rand(1, 9, 1, 1) * torch.rand(1, 1, 12, 12) + 0.1 * torch.rand(1, 9, 12, 12)
    lr = nn.functional.avg_pool2d(hr, 2)  # of detail that interpolation cannot know
    system = kind(9, 2, replace(settings, width=16)).eval()
    # ^ in training, dropout would have it learn something else at each step
    optimizer = torch.optim.Adam(system.parameters(), lr=5e-3)
    (stage,) = system.stages()
    for _ in range(150):
        optimizer.zero_grad()
        loss = stage.loss(hr, lr, torch.Generator())
        loss.backward()
        optimizer.step()
    assert loss < 0.2 * system.loss(interpolate(lr, 2), hr)


# ----- GELIN


def test_gelin_adds_to_the_interpolated_image() -> None:
    system, image = Gelin(11, 3, NARROW[2][1]), torch.rand(2, 11, 5, 4)
    for parameter in system.tail.parameters():
        nn.init.zeros_(parameter)
    assert torch.equal(system(image), interpolate(image, 3))


def test_gate_of_an_odd_image_lies_where_its_pixels_are() -> None:
    torch.manual_seed(0)
    convolution, odd = SelfCalibratedConvolution(8), torch.rand(1, 8, 5, 7)
    even = nn.functional.pad(odd, (0, 1, 0, 1), mode="replicate")  # of the same means
    inside = (..., slice(3), slice(5))  # two convolutions from the border
    torch.testing.assert_close(convolution(odd)[inside], convolution(even)[inside])


def test_self_calibration_of_an_even_image_is_the_published_one() -> None:
    torch.manual_seed(0)
    made, image = SelfCalibratedConvolution(8), torch.rand(2, 8, 4, 6)
    gated, plain = image.chunk(2, dim=1)
    half = made.context(nn.functional.avg_pool2d(gated, 2))
    gate = torch.sigmoid(gated + nn.functional.interpolate(half, size=(4, 6), mode="nearest"))
    convolved = made.after[0](made.gated(gated) * gate).relu()
    expected = torch.cat([convolved, made.plain[0](plain).relu()], dim=1)
    torch.testing.assert_close(made(image), expected)


def test_gelin_names_the_upscales_that_it_has() -> None:
    with pytest.raises(ValueError, match="2, 3, 4, 8, not by 5"):
        Gelin(11, 5, NARROW[2][1])


def test_first_and_last_group_of_gelin_are_neighbours() -> None:
    torch.manual_seed(0)
    system = Gelin(26, 2, NARROW[2][1]).eval()  # groups 0-7, 6-13, 12-19, 18-25
    image = torch.rand(1, 26, 4, 4)
    changed = image.clone()
    changed[:, :6] += 1  # of the first group only
    moved = (system(image) - interpolate(image, 2)) != (system(changed) - interpolate(changed, 2))
    of_bands = moved.any(dim=3).any(dim=2)[0].tolist()
    assert of_bands == [True] * 14 + [False] * 4 + [True] * 8


# ----- CEGATSR


def test_the_convolutions_count_only_where_they_are_fused() -> None:
    for fused in (True, False):
        torch.manual_seed(0)
        settings = cegatsr.Settings(width=8, blocks=1, fuse_convolutions=fused)
        system, image = Cegatsr(8, 2, settings).eval(), torch.rand(1, 8, 6, 6)
        before = system(image)
        for parameter in system.branch.convolutions.parameters():
            parameter.data += 1
        assert torch.equal(before, system(image)) is not fused


def test_attention_is_that_of_all_pairs_with_a_mask() -> None:
    # CEGATSR as published: scores of all pairs from their joined features, the others masked
    torch.manual_seed(0)
    layer, nodes = GraphAttention(6, 4).double(), torch.randn(30, 6).double()
    joined = nearest(nodes[None])[0]
    h = nodes @ layer.weight
    pairs = torch.cat([h[:, None].expand(-1, 30, -1), h[None].expand(30, -1, -1)], dim=2)
    scores = nn.functional.leaky_relu((pairs @ layer.score)[..., 0], 0.2)
    mask = torch.zeros(30, 30).scatter_(1, joined, 1) > 0
    expected = scores.masked_fill(~mask, -1e12).softmax(dim=1) @ h
    torch.testing.assert_close(layer(nodes, joined), expected)


def by_brute_force(nodes: Tensor, count: int) -> Tensor:
    distances = (nodes[:, :, None] - nodes[:, None]).square().sum(dim=3)
    return distances.argsort(dim=2)[..., :count]


@pytest.mark.parametrize("held", [1, 40, 2**22])
def test_neighbours_are_those_of_brute_force(monkeypatch: pytest.MonkeyPatch, held: int) -> None:
    monkeypatch.setattr(graph_attention, "DISTANCES", held)
    nodes = 5 + torch.randn(3, 20, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(nearest(nodes), by_brute_force(nodes, 7))


def test_a_node_is_its_own_nearest_even_among_equals() -> None:
    assert nearest(torch.ones(2, 9, 3))[..., 0].tolist() == [list(range(9))] * 2


def test_a_graph_of_few_nodes_is_complete() -> None:
    assert nearest(torch.randn(2, 3, 4)).sort(dim=2).values.tolist() == [[[0, 1, 2]] * 3] * 2


class Largest(TorchDispatchMode):
    """Notes how many elements the largest tensor has that any operation makes."""

    elements = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        sizes = [leaf.numel() for leaf in tree_leaves(out) if isinstance(leaf, Tensor)]
        self.elements = max([self.elements, *sizes])
        return out


def test_attention_is_bounded_in_memory() -> None:
    # 128 x 128 pixels are 64 x 64 nodes, of which all pairs would be 17 million (8 times the
    # image's features, and published code makes them 2 · width times); backward pass included
    block, image = GraphBlock(8, 0.6), torch.rand(2, 8, 128, 128, requires_grad=True)
    with Largest() as largest:
        block(image).sum().backward()
    assert largest.elements <= graph_attention.DISTANCES
    assert image.grad is not None
