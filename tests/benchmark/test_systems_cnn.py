"""Published convolutional systems: parameters, shapes, groups, reach, and that they learn."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from hsisr_geo.benchmark.systems import edsr, gdrrn, mcnet, sspsr
from hsisr_geo.benchmark.systems.build import settings_of
from hsisr_geo.benchmark.systems.checkpoint import load_system
from hsisr_geo.benchmark.systems.layers.layers import (
    Branch,
    ChannelAttention,
    PixelShuffleUpsampler,
    ResidualBlock,
    SpatialSpectralBlock,
    SpatialSpectralNet,
    factors,
    reach_through_bicubic,
)
from hsisr_geo.benchmark.systems.resolver.cost import rate_of
from hsisr_geo.benchmark.systems.system import System
from hsisr_geo.benchmark.systems.training.train import train_system
from hsisr_geo.benchmark.systems.training_run import Budget, NamedCube, TrainingRun
from hsisr_geo.cube.resampling import cubic_upsampling
from hsisr_geo.errors import ModelError
from hsisr_geo.model.back_projection import interpolate

BANDS = 5

TINY: dict[str, Callable[[int, int], System]] = {
    "edsr": lambda bands, upscale: edsr.EDSR(bands, upscale, edsr.Settings(width=8, blocks=2)),
    "edsr with a skip": lambda bands, upscale: edsr.EDSR(
        bands, upscale, edsr.Settings(width=8, blocks=2, bicubic_skip=True)
    ),
    "gdrrn": lambda bands, upscale: gdrrn.GDRRN(bands, upscale, gdrrn.Settings(width=8)),
    "sspsr": lambda bands, upscale: sspsr.SSPSR(
        bands, upscale, sspsr.Settings(width=8, blocks=1, group_size=3, group_overlap=1)
    ),
    "mcnet": lambda bands, upscale: mcnet.MCNet(bands, upscale, mcnet.Settings(width=4, modules=2)),
    "mcnet with means": lambda bands, upscale: mcnet.MCNet(
        bands, upscale, mcnet.Settings(width=4, modules=2, band_mean=True)
    ),
}

LOCAL = [name for name in TINY if name != "sspsr"]


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def on_meta(make: Callable[[], nn.Module]) -> int:
    with torch.device("meta"):
        return parameters(make())


def no_noise(channels: int, step: int) -> Tensor:
    raise AssertionError("no noise in these")


def cubes(images: int = 1, rows: int = 5, cols: int = 7, bands: int = BANDS) -> Tensor:
    return torch.rand(images, bands, rows, cols, generator=torch.Generator().manual_seed(1))


def made(name: str, upscale: int, bands: int = BANDS) -> System:
    torch.manual_seed(0)
    return TINY[name](bands, upscale)


# parameters


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
    assert on_meta(lambda: Branch(*channels, width, blocks, reduction=3)) == published


@pytest.mark.parametrize(
    ("bands", "width", "published"),
    [
        (31, 64, 1_402_143),
        (31, 128, 5_532_191),
        (102, 64, 1_484_006),
        (102, 128, 5_695_846),
        (128, 64, 1_513_984),
        (128, 128, 5_755_776),
    ],
)
def test_edsr_has_as_many_parameters_as_published(bands, width, published):
    assert on_meta(lambda: edsr.EDSR(bands, 2, edsr.Settings(width))) == published


@pytest.mark.parametrize(
    ("bands", "groups", "published"),
    [
        (31, 2, 218_880),
        (102, 2, 382_464),
        (128, 2, 442_368),
        (31, 1, 366_336),
        (102, 1, 529_920),
        (128, 1, 589_824),
    ],
)
def test_gdrrn_has_as_many_parameters_as_published(bands, groups, published):
    assert on_meta(lambda: gdrrn.GDRRN(bands, 4, gdrrn.Settings(groups=groups))) == published


@pytest.mark.parametrize(
    ("bands", "upscale", "published"),
    [(128, 4, 13_564_392), (128, 8, 15_924_712), (102, 4, 13_384_654)],
)
def test_sspsr_has_as_many_parameters_as_published(bands, upscale, published):
    assert on_meta(lambda: sspsr.SSPSR(bands, upscale)) == published


@pytest.mark.parametrize(
    ("upscale", "width", "published"),
    [
        (2, 64, 1_928_334),
        (3, 64, 2_038_926),
        (4, 64, 2_174_094),
        (2, 32, 484_942),
        (3, 32, 512_590),
        (4, 32, 546_382),
    ],
)
def test_mcnet_has_as_many_parameters_as_published(upscale, width, published):
    settings = mcnet.Settings(width)
    assert on_meta(lambda: mcnet.MCNet(0, upscale, settings)) == published
    means = mcnet.Settings(width, band_mean=True)
    assert on_meta(lambda: mcnet.MCNet(31, upscale, means)) == published


@pytest.mark.parametrize(("make", "published"), [(sspsr.SSPSR, 145.6), (gdrrn.GDRRN, 25.6)])
def test_as_many_multiplications_as_published_for_pavia(make, published):
    with torch.device("meta"):
        rate = rate_of(make(102, 4), 102, 32)
    assert 32**2 * rate.multiply_adds / 1e9 == pytest.approx(published, abs=0.05)


# shapes


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (1, 4)])
@pytest.mark.parametrize("upscale", [2, 3, 4])
@pytest.mark.parametrize("name", TINY)
def test_any_size_is_enlarged(name, upscale, size):
    rows, cols = size
    sr = made(name, upscale).resolve(cubes(2, rows, cols), no_noise)
    assert sr.shape == (2, BANDS, upscale * rows, upscale * cols)
    assert sr.isfinite().all()


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize("name", TINY)
def test_few_bands_are_enlarged(name, bands):
    sr = made(name, 2, bands).resolve(cubes(bands=bands), no_noise)
    assert sr.shape == (1, bands, 10, 14)


@pytest.mark.parametrize("name", TINY)
def test_each_image_of_a_batch_is_answered_as_if_alone(name):
    system, batch = made(name, 2).double(), cubes(3).double()
    together = system.resolve(batch, no_noise)
    alone = torch.cat([system.resolve(image[None], no_noise) for image in batch])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 8])
def test_an_upsampler_enlarges_by_its_factor(factor):
    enlarged = PixelShuffleUpsampler(4, factor)(torch.zeros(2, 4, 5, 7))
    assert enlarged.shape == (2, 4, 5 * factor, 7 * factor)


def test_an_upsampler_enlarges_in_twos():
    assert [factors(n) for n in (1, 2, 3, 4, 6, 8)] == [[], [2], [3], [2, 2], [2, 3], [2, 2, 2]]


def test_sspsr_leaves_two_to_the_trunk():
    assert [sspsr.steps(n) for n in (2, 3, 4, 8)] == [(1, 2), (3, 1), (2, 2), (4, 2)]


def test_one_mcnet_serves_any_bands():
    system = made("mcnet", 2)
    assert system.any_bands
    assert system.bands == 0
    for bands in (1, 4, 11):
        assert system.resolve(cubes(bands=bands), no_noise).shape == (1, bands, 10, 14)


# groups and the published behaviour


@pytest.mark.parametrize(
    ("bands", "size", "overlap", "starts"),
    [
        (102, 8, 2, [*range(0, 91, 6), 94]),
        (128, 8, 2, list(range(0, 121, 6))),
        (31, 4, 1, list(range(0, 28, 3))),
    ],
)
def test_groups_of_sspsr_are_the_published_ones(bands, size, overlap, starts):
    settings = sspsr.Settings(8, 1, size, overlap)
    assert list(sspsr.SSPSR(bands, 4, settings).groups.starts) == starts


def test_all_groups_pass_one_branch_and_are_averaged():
    system = made("sspsr", 3)
    lr = cubes()
    seen = {}
    system.trunk.register_forward_pre_hook(lambda module, args: seen.update(cube=args[0]))
    system(lr)
    first, second = (system.branch(lr[:, bands]) for bands in (slice(0, 3), slice(2, 5)))
    expected = torch.cat([first[:, :2], (first[:, 2:] + second[:, :1]) / 2, second[:, 1:]], 1)
    torch.testing.assert_close(seen["cube"], expected)


def test_channel_attention_multiplies_by_what_means_tell():
    attention = ChannelAttention(6, reduction=3)
    x = cubes(bands=6)
    weights = attention(x) / x
    torch.testing.assert_close(weights, weights[..., :1, :1].expand_as(x))
    assert (weights > 0).all()
    assert (weights < 1).all()


def test_attention_of_a_narrow_network_keeps_one_channel():
    assert ChannelAttention(4, reduction=16).weigh[0].out_channels == 1


def test_a_residual_block_does_not_touch_its_input():
    x = cubes(bands=4) - 0.5
    before = x.clone()
    ResidualBlock(4, 0.1, slope=0.01)(x)
    assert torch.equal(x, before)


def test_gdrrn_is_the_published_network_with_its_relu_that_overwrites():
    system = made("gdrrn", 2)
    relu = nn.ReLU(inplace=True)

    def as_published(x: Tensor) -> Tensor:
        residual = x
        first = system.head(relu(x))
        out = first
        for _ in range(9):
            out = system.unit[1](relu(system.unit[0](relu(out)))) + first
        return system.tail(relu(out)) + residual

    lr = cubes() - 0.3
    with torch.no_grad():
        expected = as_published(interpolate(lr, 2))
        torch.testing.assert_close(system(lr), expected)
        drawn = gdrrn.GDRRN(BANDS, 2, gdrrn.Settings(width=8, rectified=False))
        drawn.load_state_dict(system.state_dict())
        assert not torch.allclose(drawn(lr), expected, atol=0.1)


def test_gdrrn_starts_at_the_published_deviation():
    torch.manual_seed(0)
    system = gdrrn.GDRRN(102, 2)
    for layer in (system.head, *system.unit, system.tail):
        assert layer.weight.std().item() == pytest.approx(
            (2 / (9 * layer.out_channels)) ** 0.5, rel=0.02
        )


def test_groups_that_do_not_divide_the_width_are_an_error():
    with pytest.raises(ModelError, match="gdrrn: 3 groups cannot share 8 channels"):
        settings_of("gdrrn", {"width": 8, "groups": 3})


@pytest.mark.parametrize("architecture", ["edsr", "gdrrn", "sspsr", "mcnet"])
def test_a_network_without_channels_is_an_error(architecture):
    with pytest.raises(ModelError, match=f"{architecture}: a network of width 0"):
        settings_of(architecture, {"width": 0})


def test_losses_are_the_published_ones():
    sr, hr = cubes(2), cubes(2).flip(0)
    angle = torch.nn.functional.cosine_similarity(sr, hr).arccos().mean()
    squared = ((sr - hr) ** 2).sum() / 2 / 2
    torch.testing.assert_close(made("gdrrn", 2).loss(sr, hr), squared + 0.1 * angle)
    l1 = (sr - hr).abs().mean()
    torch.testing.assert_close(made("mcnet", 2).loss(sr, hr), l1)
    torch.testing.assert_close(made("edsr", 2).loss(sr, hr), l1)
    variations = sum(
        weight * sr.diff(dim=axis).square().mean() for axis, weight in ((1, 2), (2, 1), (3, 1))
    )
    torch.testing.assert_close(made("sspsr", 2).loss(sr, hr), l1 + 1e-3 * variations)


def test_edsr_with_a_skip_adds_to_the_interpolated_cube():
    plain, skip = made("edsr", 3), made("edsr with a skip", 3)
    lr = cubes()
    torch.testing.assert_close(skip(lr) - plain(lr), interpolate(lr, 3))


def test_2d_views_of_mcnet_are_3d_convolutions():
    torch.manual_seed(0)
    x = torch.rand(2, 4, 5, 3, 6)
    block, merge = mcnet.SeparableBlock(4), mcnet.Merge(4)
    spatial, spectral = block.spatial, block.spectral
    deep = nn.functional.conv3d(x, spatial.weight[:, :, None], spatial.bias, padding=(0, 1, 1))
    deep = nn.functional.conv3d(
        deep.relu(), spectral.weight[..., None], spectral.bias, padding=(1, 0, 0)
    ).relu()
    torch.testing.assert_close(block(x), deep)
    one = nn.functional.conv3d(x, merge.conv.weight, merge.conv.bias, padding=1)[:, 0]
    torch.testing.assert_close(merge(x), one)


def test_an_mcnet_module_mixes_three_depths_and_adds_its_input():
    torch.manual_seed(0)
    x = torch.rand(2, 4, 5, 3, 6)
    module = mcnet.MixedModule(4)
    module.weights.data = torch.tensor([0.5, 2.0, 3.0])
    one = module.chain[0](x) + x
    two = module.chain[1](one) + one
    three = module.chain[2](two) + two
    seen = [
        weight * torch.stack([planes(band) for band in depth.unbind(2)], dim=2)
        for weight, planes, depth in zip(
            (0.5, 2.0, 3.0), module.planes, (one, two, three), strict=True
        )
    ]
    joined = torch.stack([module.join(band) for band in torch.cat(seen, 1).unbind(2)], dim=2)
    torch.testing.assert_close(module(x), module.last(joined.relu() + x))


def test_every_mcnet_module_gets_the_first_features_again():
    system = made("mcnet", 2)
    first, second = system.mixed
    lr = cubes()
    head = system.head(lr[:, None])
    expected = system.tail(second(first(head) + head) + head)
    torch.testing.assert_close(system(lr), expected)


def test_an_ssb_adds_a_tenth_of_what_it_finds_in_space_and_then_in_spectra():
    torch.manual_seed(0)
    block, x = SpatialSpectralBlock(4, reduction=2), cubes(bands=4)
    x1 = x + 0.1 * block.spatial.body(x)
    torch.testing.assert_close(block(x), x1 + 0.1 * block.spectral(x1))
    net = SpatialSpectralNet(4, 2, reduction=2)
    torch.testing.assert_close(net(x), x + net.blocks[1](net.blocks[0](x)))


def test_means_of_bands_are_those_of_the_training_and_pass_the_network_by():
    system = made("mcnet with means", 2)
    (stage,) = system.stages()
    batches = [cubes(2), cubes(2).flip(0) + 1, cubes(2) * torch.arange(5)[:, None, None]]
    for lr in batches:
        stage.loss(interpolate(lr, 2), lr, torch.Generator())
    with torch.no_grad():  # a check is not training
        stage.loss(cubes(1, 10, 14), cubes(), torch.Generator())
    mean = torch.cat(batches).mean(dim=(0, 2, 3))
    torch.testing.assert_close(system.mean[:, 0, 0], mean)
    without = made("mcnet", 2)
    without.load_state_dict(system.state_dict(), strict=False)
    shifted = without(cubes() - mean[:, None, None]) + mean[:, None, None]
    torch.testing.assert_close(system(cubes()), shifted)


@pytest.mark.parametrize(("band_mean", "bands"), [(False, 0), (True, BANDS)])
def test_mcnet_is_trained_for_the_bands_that_its_settings_ask_for(tmp_path, band_mean, bands):
    settings = {"width": 4, "modules": 1, "band_mean": band_mean}
    run = TrainingRun("tiny", "mcnet", 2, BANDS, Budget(steps=2), settings, patch=4)
    train, held = (NamedCube(name, cubes(1, 16, 16)[0].numpy()) for name in ("train", "held"))
    path = tmp_path / "mcnet.safetensors"
    train_system(run, [train], [held], path, lambda _: None)
    system, header = load_system(path)
    assert header.config.bands == system.bands == bands
    assert system.any_bands is not band_mean
    assert not band_mean or (system.mean > 0.3).all()


def test_means_of_any_bands_are_an_error():
    with pytest.raises(ModelError, match="band_mean needs a fixed number of bands"):
        mcnet.MCNet(0, 2, mcnet.Settings(width=4, band_mean=True))


# reach


def sensitivity(system: System, along: int) -> Tensor:
    """Return by how much the output of a strip's middle pixel follows each of its pixels."""
    assert system.reach is not None
    for parameter in system.parameters():
        parameter.data.abs_()  # so that no unit is idle
    middle, upscale = system.reach + 2, system.upscale
    lr = cubes(1, 2 * middle + 1, 1).double()
    lr = (lr if along == 2 else lr.transpose(2, 3)).requires_grad_()
    sr = system(lr).transpose(along, 2)
    (gradient,) = torch.autograd.grad(sr[:, :, upscale * middle : upscale * (middle + 1)].sum(), lr)
    return gradient.abs().sum(dim=(0, 1)).flatten()


@pytest.mark.parametrize("along", [2, 3])
@pytest.mark.parametrize("upscale", [2, 3, 4])
@pytest.mark.parametrize("name", LOCAL)
def test_reach_is_exact(name, upscale, along):
    follows = sensitivity(made(name, upscale).double(), along)
    assert torch.equal(follows[:2], torch.zeros(2, dtype=torch.float64))
    assert torch.equal(follows[-2:], torch.zeros(2, dtype=torch.float64))
    assert follows[2] > 0
    assert follows[-3] > 0


@pytest.mark.parametrize("upscale", [2, 3, 4])
@pytest.mark.parametrize("pixels", range(9))
def test_reach_through_bicubic_is_that_of_its_weights(pixels, upscale):
    middle = 12
    outputs = slice(upscale * middle - pixels, upscale * (middle + 1) + pixels)
    used = cubic_upsampling(2 * middle + 1, upscale)[outputs].any(axis=0).nonzero()[0]
    assert (used[0], used[-1]) == (
        middle - reach_through_bicubic(pixels, upscale),
        middle + reach_through_bicubic(pixels, upscale),
    )


def test_published_networks_reach_as_far_as_their_convolutions():
    assert [edsr.EDSR(2, s, edsr.Settings(4)).reach for s in (2, 3, 4)] == [36, 36, 36]
    assert [gdrrn.GDRRN(2, s, gdrrn.Settings(4)).reach for s in (2, 3, 4)] == [12, 8, 7]
    assert mcnet.MCNet(0, 4, mcnet.Settings(4)).reach == 26
    assert made("sspsr", 2).reach is None


# learning


def patch() -> Tensor:
    """Return a cube of sharp-edged fields, which bicubic interpolation blurs."""
    fields = torch.rand(1, 1, 5, 5, generator=torch.Generator().manual_seed(2)) > 0.5
    spectrum = torch.tensor([0.5, 0.8, 1.0])[:, None, None]
    enlarged = nn.functional.interpolate(fields.float(), scale_factor=3.3, mode="nearest")
    return 0.2 + 0.6 * enlarged * spectrum


@pytest.mark.parametrize(
    ("make", "rate", "steps"),
    [
        (TINY["edsr"], 1e-2, 100),
        (TINY["edsr with a skip"], 3e-3, 60),
        (lambda bands, s: gdrrn.GDRRN(bands, s, gdrrn.Settings(width=32)), 3e-3, 120),
        (TINY["sspsr"], 1e-2, 100),
        (lambda bands, s: mcnet.MCNet(bands, s, mcnet.Settings(8, 1)), 1e-2, 100),
        (lambda bands, s: mcnet.MCNet(bands, s, mcnet.Settings(8, 1, band_mean=True)), 1e-2, 60),
    ],
    ids=TINY.keys(),
)
def test_one_patch_can_be_learned(make, rate, steps):
    hr = patch()
    lr = nn.functional.avg_pool2d(hr, 2)
    bicubic = (interpolate(lr, 2) - hr).abs().mean()
    torch.manual_seed(0)
    system = make(3, 2)
    (stage,) = system.stages()
    optimiser = torch.optim.Adam(stage.trained.parameters(), lr=rate)
    for _ in range(steps):
        optimiser.zero_grad()
        stage.loss(hr, lr, torch.Generator()).backward()
        optimiser.step()
    assert (system.resolve(lr, no_noise) - hr).abs().mean() < 0.7 * bicubic
