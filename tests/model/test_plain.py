"""The network by NumPy and ncnn makes what torch makes, and says that it did."""

import sys
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from hsisr_geo.errors import Canceled, ModelError
from hsisr_geo.model.inference import backends
from hsisr_geo.model.inference.backends import choose_backend
from hsisr_geo.model.inference.resolver import DiffusionResolver, load
from hsisr_geo.model.network import Network
from hsisr_geo.model.plain.network import load_network, shapes
from hsisr_geo.model.plain.spectra import PlainAutoencoder
from hsisr_geo.raster.survey import statistics_of
from hsisr_geo.resolver.catalogue import find_model
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.header import CHECKSUM_KEY
from hsisr_geo.resolver.load import Recipe
from hsisr_geo.resolver.watch import Watch
from hsisr_geo.threads import cores, each, products_in_one_thread

LIMIT = 1e-3  # standard deviations of a band, the largest error of all


def _on(backend: str, upscale: int = 2, **options: object) -> DiffusionResolver:
    return load(Recipe("default", upscale=upscale, device="cpu", backend=backend, **options))  # type: ignore[arg-type]


def _few_steps(model: DiffusionResolver) -> DiffusionResolver:
    """A sample of its in two evaluations."""
    return replace(model, config=replace(model.config, diffusion_steps=2))


def _ground(bands: int = 30, rows: int = 24, cols: int = 33) -> NDArray[np.float32]:
    """Blocks of four materials with smooth spectra, and a little noise."""
    rng = np.random.default_rng(2)
    field = rng.integers(0, 4, (-(-rows // 5), -(-cols // 5))).repeat(5, 0).repeat(5, 1)
    spectra = 3000 + 1500 * np.sin(np.linspace(0, 3, bands) + np.arange(4)[:, None])
    cube = spectra[field[:rows, :cols]].transpose(2, 0, 1)
    return (cube + rng.normal(scale=20, size=cube.shape)).astype(np.float32)


def _error(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    return float((np.abs(ours - theirs) / theirs.std(axis=(1, 2), keepdims=True)).max())


@pytest.mark.parametrize("detail", [0.0, 0.7])
@pytest.mark.parametrize("upscale", [2, 3, 4])
def test_both_backends_make_the_same(upscale: int, detail: float) -> None:
    cube = _ground(30, 15, 19)
    ours, theirs = (
        _on(name, upscale, detail=detail).fit(statistics_of(cube))(cube, (3, 5))
        for name in ("ncnn", "torch")
    )
    assert 0 < _error(ours, theirs) < LIMIT


def test_both_normalise_a_blur_alike() -> None:
    cube = _ground(30, 40, 40)
    ours, theirs = (
        _on(name, psf="gaussian:0.15").fit(statistics_of(cube))(cube, (0, 0))
        for name in ("ncnn", "torch")
    )
    assert _error(ours, theirs) < LIMIT


@pytest.mark.parametrize("bands", [1, 3, 16, 17, 45])
def test_both_take_any_number_of_bands(bands: int) -> None:
    cube = _ground(bands, 9, 12)
    ours, theirs = (_on(name).fit(statistics_of(cube))(cube, (0, 0)) for name in ("ncnn", "torch"))
    assert _error(ours, theirs) < LIMIT


def test_both_tell_the_same_uncertainty() -> None:
    cube, part = _ground(20, 12, 14), (slice(1, 11), slice(2, 14))
    ours, theirs = (
        _on(name).sampled(2).fit(statistics_of(cube), Event())(cube, (0, 0), part)
        for name in ("ncnn", "torch")
    )
    for cube_of_ours, cube_of_theirs in zip(ours, theirs, strict=True):
        assert _error(cube_of_ours, cube_of_theirs) < LIMIT


@pytest.mark.parametrize("detail", [0.0, 1.0])
def test_a_part_is_that_part_of_the_whole(detail: float) -> None:
    """Wherever the products of Winograd start counting."""
    cube, model = _ground(4, 150, 28), _few_steps(_on("ncnn", detail=detail))
    statistics = statistics_of(cube)
    whole = model.fit(statistics)(cube, (0, 0))
    for rows in (slice(60, 97), slice(131, 150)):
        part = rows, slice(3, 19)
        (some,) = model.fit_parts(statistics, Event())(cube, (0, 0), part)
        here = whole[:, 2 * rows.start : 2 * rows.stop, 6:38]
        assert _error(some, here) < 2e-5


@pytest.mark.parametrize("detail", [0.0, 1.0])
def test_a_spectrum_is_encoded_once(detail: float, monkeypatch: pytest.MonkeyPatch) -> None:
    cube, encoded = _ground(5, 90, 33), []
    resolver = _few_steps(_on("ncnn", detail=detail))
    bound = resolver.fit_parts(statistics_of(cube), Event())
    encode = PlainAutoencoder.encode

    def counted(net: PlainAutoencoder, spectra: NDArray[np.float32]) -> NDArray[np.float32]:
        encoded.append(spectra.shape[1])
        return encode(net, spectra)

    monkeypatch.setattr(PlainAutoencoder, "encode", counted)
    part = slice(3, 5), slice(0, 33)
    bound(cube, (0, 0), part)
    rows, cols = resolver.extents((90, 33), part).seen(resolver.evaluations)
    assert sum(encoded) == 4 * (rows.stop - rows.start) * (cols.stop - cols.start)


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cube = _ground()
    made = []
    for threads in ("1", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        model = _on("ncnn")
        assert model.execution.images == int(threads)
        made.append(model.fit(statistics_of(cube))(cube, (0, 0)))
    assert np.array_equal(*made)


def test_weights_are_named_and_shaped_as_torchs() -> None:
    for config in (
        ModelConfig("a", "0", (2, 3, 4)),
        ModelConfig("b", "0", (3,), global_width=0, autoencoder_depth=1, denoiser_blocks=3),
    ):
        state = Network(config).state_dict()
        assert dict(shapes(config)) == {name: tuple(w.shape) for name, w in state.items()}


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_an_autoencoder_of_any_depth(depth: int) -> None:
    torch.manual_seed(0)
    config = ModelConfig("a", "0", (2,), autoencoder_depth=depth)
    network = Network(config).requires_grad_(False)
    for parameter in network.autoencoder.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    weights = {name: weight.numpy() for name, weight in network.state_dict().items()}
    ours = PlainAutoencoder.of(weights, config.group_size, config.group_overlap)
    spectra = np.random.default_rng(0).normal(size=(30, 40)).astype(np.float32)
    theirs = network.autoencoder.encode(torch.from_numpy(spectra)[:, :, None])[..., 0]
    expected = theirs.numpy().transpose(1, 0, 2).reshape(config.latent_channels, -1)
    np.testing.assert_allclose(ours.encode(spectra), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("backend", ["ncnn", "torch"])
@pytest.mark.parametrize("part", ["denoiser.blocks", "autoencoder.encoder", "autoencoder.decoder"])
@pytest.mark.parametrize(("detail", "samples"), [(0.0, 0), (1.0, 0), (0.0, 2)])
def test_weights_that_lead_beyond_float32_are_told_as_damage(
    tmp_path: Path, backend: str, part: str, detail: float, samples: int
) -> None:
    path, cube = tmp_path / "model.safetensors", _ground(12, 6, 7)
    weights = load_file(find_model("default"))
    large = {n: np.full_like(w, 9e5) for n, w in weights.items() if n.startswith(part)}
    save_file({**weights, **large}, path, _metadata(find_model("default")))
    resolver = load(Recipe(str(path), 2, detail, device="cpu", backend=backend))
    asked = resolver.sampled(samples).fit if samples else resolver.fit_parts
    with pytest.raises(ModelError, match=r"model\.safetensors: .*the file is damaged"):
        asked(statistics_of(cube), Event())(cube, (0, 0), (slice(0, 6), slice(0, 7)))


def test_values_without_room_in_float32_are_told_as_such() -> None:
    cube = np.full((12, 6, 7), 3.4e38, np.float32) * np.float32([-1, 1, 1, -1, -1, 1, 1])
    with pytest.raises(
        ModelError, match=r"values of up to 3\.4e\+38 lead beyond float32: .*--nodata"
    ):
        _on("ncnn").fit(statistics_of(cube))(cube, (0, 0))


def test_a_file_with_other_weights_than_it_says_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    source = find_model("default")
    weights, header = load_file(source), _metadata(source)
    wrong = {**weights, "denoiser.head.bias": np.zeros(3, np.float32)}
    nan = {**weights, "denoiser.head.bias": np.full(16, np.nan, np.float32)}
    flipped = {**weights, "denoiser.head.bias": np.full(16, -2e19, np.float32)}
    for changed, told in ((wrong, "do not fit"), (nan, "not finite"), (flipped, "a value of 2e")):
        save_file(changed, path, header)
        with pytest.raises(ModelError, match=f"model.safetensors: .*{told}"):
            load_network(path)


def _metadata(path: Path) -> dict[str, str]:
    from safetensors import safe_open

    with safe_open(path, "numpy") as file:
        metadata: dict[str, str] = file.metadata()
    del metadata[CHECKSUM_KEY]  # as files of before version 0.2 are
    return metadata


def test_a_tile_that_was_given_up_ends() -> None:
    cube, given_up = _ground(8, 10, 10), Event()
    resolve = _on("ncnn").fit_parts(statistics_of(cube), given_up)
    given_up.set()
    with pytest.raises(Canceled):
        resolve(cube, (0, 0), (slice(0, 10), slice(0, 10)))


@pytest.mark.parametrize("backend", ["ncnn", "torch"])
def test_a_tile_tells_of_each_component_and_evaluation(backend: str) -> None:
    cube = _ground(8, 10, 10)
    told: dict[float, list[float]] = {0.0: [], 1.0: []}

    class Told(Watch):
        def advance(self, share: float) -> None:
            told[detail].append(share)

    for detail in told:
        resolver = _on(backend, detail=detail)
        resolver.fit_parts(statistics_of(cube), Told())(cube, (0, 0), (slice(0, 10), slice(0, 10)))
        assert sum(told[detail]) == pytest.approx(0.85)
    assert len(told[1.0]) == resolver.evaluations * len(told[0.0]) > resolver.evaluations


def test_the_output_says_which_backend_made_it() -> None:
    assert _on("ncnn").provenance()["backend"].startswith("ncnn ")
    assert _on("torch").provenance()["backend"] == f"torch {torch.__version__}"


def test_other_processes_compute_with_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    load_again, arguments = _on("torch").__reduce__()[:2]
    monkeypatch.setenv(backends.VARIABLE, "ncnn")
    assert load_again(*arguments).backend.name.startswith("torch ")


def test_who_computes_what(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe("default", 2, device="cpu")
    assert choose_backend(recipe) == "ncnn"
    assert choose_backend(replace(recipe, precision="bfloat16")) == "torch"
    assert choose_backend(replace(recipe, device="cuda:1")) == "torch"
    monkeypatch.setenv(backends.VARIABLE, "torch")
    assert choose_backend(recipe) == "torch"
    assert choose_backend(replace(recipe, backend="ncnn")) == "ncnn"
    monkeypatch.setenv(backends.VARIABLE, "abacus")
    with pytest.raises(ModelError, match=r"unknown backend 'abacus'.*HSISR_GEO_BACKEND"):
        choose_backend(recipe)
    monkeypatch.setenv(backends.VARIABLE, "ncnn")
    with pytest.raises(ModelError, match="float32 on a CPU only"):
        choose_backend(replace(recipe, precision="bfloat16"))


def test_without_ncnn_torch_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ncnn", None)
    monkeypatch.setattr(backends, "find_spec", lambda name: None)
    assert choose_backend(Recipe("default", 2)) == "torch"


def test_threads_are_the_cores_or_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3,1")
    assert cores() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert cores() >= 1


def test_the_first_failure_of_many_tasks_is_raised() -> None:
    def fail(number: int) -> None:
        if number == 2:
            raise ModelError("two")

    with pytest.raises(ModelError, match="two"):
        each(fail, range(5), 2)


def test_tasks_that_have_tasks_do_them_themselves() -> None:
    done: list[int] = []
    each(lambda _: each(done.append, range(3), 2), range(4), 2)  # else all threads wait for ever
    assert sorted(done) == sorted([0, 1, 2] * 4)


def test_products_are_computed_in_one_thread_until_the_last_has_left() -> None:
    from threadpoolctl import threadpool_info

    def threads() -> set[int]:
        return {found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"}

    before = threads()
    first, second = products_in_one_thread(), products_in_one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert threads() == {1}
    second.__exit__(None, None, None)
    assert threads() == before
