"""Checkpoints of others: the published autoencoder's numbers come over, and no code ever runs.

The network is written here once more, in the published form: classes with its attribute names, kept
in a module of their own, saved whole by torch. Nothing of the package is used for that.
"""

import io
import math
import os
import pickle
import struct
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch
from click.testing import CliRunner
from hsisr_geo.cli.main import cli
from safetensors.torch import load_file
from torch import nn

from hsisr_geo.benchmark.systems.checkpoint import load_system
from hsisr_geo.benchmark.systems.dmgasr import Dmgasr, Settings
from hsisr_geo.benchmark.systems.foreign.checkpoint import read_checkpoint
from hsisr_geo.benchmark.systems.foreign.dmgasr_weights import import_autoencoder
from hsisr_geo.benchmark.systems.training.start import check_start, start_from
from hsisr_geo.benchmark.systems.training.train import train_system
from hsisr_geo.benchmark.systems.training_run import Budget, NamedCube, TrainingRun
from hsisr_geo.errors import ModelError
from hsisr_geo.resolver.header import read_header
from hsisr_geo.resolver.load import load_resolver
from hsisr_geo.resolver.system_config import OWN, SystemConfig

PUBLISHED = """
import math
import torch
from torch import nn


class ResBlock(nn.Module):
    def __init__(self, width, act):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), act, nn.Conv2d(width, width, 3, padding=1)
        )
        self.res_scale = 0.1

    def forward(self, x):
        return x + self.res_scale * self.body(x)


class CALayer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.conv_du = nn.Sequential(
            nn.Conv2d(width, width // 3, 1), nn.ReLU(), nn.Conv2d(width // 3, width, 1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return x * self.conv_du(self.avg_pool(x))


class ResAttentionBlock(nn.Module):
    def __init__(self, width, act):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 1), act, nn.Conv2d(width, width, 1), CALayer(width)
        )
        self.res_scale = 0.1

    def forward(self, x):
        return x + self.res_scale * self.body(x)


class SSB(nn.Module):
    def __init__(self, width, act):
        super().__init__()
        self.spa, self.spc = ResBlock(width, act), ResAttentionBlock(width, act)

    def forward(self, x):
        return self.spc(self.spa(x))


class SSPN(nn.Module):
    def __init__(self, width, count, act):
        super().__init__()
        self.net = nn.Sequential(*(SSB(width, act) for _ in range(count)))

    def forward(self, x):
        return x + self.net(x)


class Upsampler(nn.Sequential):
    pass


class BranchUnit(nn.Module):
    def __init__(self, taken, width, count):
        super().__init__()
        self.head = nn.Conv2d(taken, width, 3, padding=1)
        self.body = SSPN(width, count, nn.LeakyReLU())
        self.upsample = Upsampler()
        self.tail = None

    def forward(self, x):
        return self.upsample(self.body(self.head(x)))


class Encoder(nn.Module):
    def __init__(self, taken, made, width):
        super().__init__()
        self.input_channel = taken
        self.branch = BranchUnit(taken, width, 3)
        self.final = nn.Conv2d(width, made, 3, padding=1)

    def forward(self, x):
        return self.final(self.branch(x))


class Decoder(Encoder):
    pass


class Codebook(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(5, 3)


class GAE(nn.Module):
    def __init__(self, n_subs, n_ovls, n_colors, width, remnants=True):
        super().__init__()
        self.Encoder, self.Decoder = Encoder(n_subs, 3, width), Decoder(3, n_subs, width)
        self.device = "cuda:0"
        self.G = math.ceil((n_colors - n_ovls) / (n_subs - n_ovls))
        self.trunk = BranchUnit(n_colors, 8, 2)
        self.final = nn.Conv2d(8, n_colors, 3, padding=1)
        self.start_idx, self.end_idx = [], []
        for g in range(self.G):
            start = min((n_subs - n_ovls) * g, n_colors - n_subs)
            self.start_idx.append(start)
            self.end_idx.append(start + n_subs)
        if remnants:
            self.codebook = Codebook()
            self.quant_conv = nn.Conv2d(3, 3, 1)

    def encode(self, x):
        return [self.Encoder(x[:, a:b]) for a, b in zip(self.start_idx, self.end_idx)]

    def local(self, z):
        total, count = 0, 0
        for part, a, b in zip(z, self.start_idx, self.end_idx):
            made = self.Decoder(part)
            whole = made.new_zeros(len(made), self.end_idx[-1], *made.shape[2:])
            whole[:, a:b] = made
            here = torch.zeros(self.end_idx[-1], 1, 1)
            here[a:b] = 1
            total, count = total + whole, count + here
        return total / count

    def decode(self, z):
        y = self.local(z)
        return y + self.final(self.trunk(y))


class AE_duichen(GAE):
    def decode(self, z):
        return self.local(z)
"""


@pytest.fixture
def published(monkeypatch):
    """The published classes, in a module as its program had them."""
    module = ModuleType("AE")
    exec(PUBLISHED, module.__dict__)
    for value in vars(module).values():
        if isinstance(value, type):
            value.__module__ = "AE"
    monkeypatch.setitem(sys.modules, "AE", module)
    torch.manual_seed(0)
    return module


def saved(network, path):
    """Save a network whole, from where its classes can be found, and forget them."""
    torch.save(network, path)
    return path


@pytest.mark.parametrize(("bands", "size", "overlap"), [(31, 8, 2), (34, 16, 4), (12, 8, 2)])
def test_an_imported_autoencoder_gives_the_published_numbers(
    published, tmp_path, monkeypatch, bands, size, overlap
):
    network = published.GAE(size, overlap, bands, 12).eval()
    path = saved(network, tmp_path / "GAE.pth")
    monkeypatch.delitem(sys.modules, "AE")  # here these classes are unknown
    card = import_autoencoder(path, tmp_path / "gae.safetensors")
    ours = load_system(tmp_path / "gae.safetensors")[0].autoencoder
    cube = torch.rand(2, bands, 9, 7)
    with torch.inference_mode():
        z = network.encode(cube)
        torch.testing.assert_close(ours.encode(cube), torch.stack(z, dim=1), atol=1e-6, rtol=0)
        torch.testing.assert_close(
            ours.decode(torch.stack(z, dim=1), bands), network.decode(z), atol=1e-6, rtol=0
        )
    assert card["bands"] == bands
    assert card["group_starts"] == network.start_idx
    assert "codebook.embedding.weight" in card["unused"]


def test_other_ways_to_save_the_same(published, tmp_path):
    network = published.GAE(8, 2, 31, 12).eval().half().float()
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    torch.save(nn.DataParallel(network), tmp_path / "parallel.pth")
    torch.save(network.half(), tmp_path / "half.pth", pickle_protocol=4)
    network.float()
    cube = torch.rand(1, 31, 5, 5)
    for name in ("weights", "parallel", "half"):
        import_autoencoder(tmp_path / f"{name}.pth", tmp_path / f"{name}.safetensors")
        ours = load_system(tmp_path / f"{name}.safetensors")[0].autoencoder
        with torch.inference_mode():
            theirs = network.decode(network.encode(cube))
            torch.testing.assert_close(ours(cube), theirs, atol=1e-6, rtol=0)


def test_the_ablation_without_global_decoder(published, tmp_path):
    network = published.AE_duichen(8, 2, 31, 12).eval()
    import_autoencoder(saved(network, tmp_path / "a.pth"), tmp_path / "a.safetensors")
    system, header = load_system(tmp_path / "a.safetensors")
    assert header.config.bands == 0
    assert not header.config.settings["global_decoding"]
    cube = torch.rand(1, 31, 5, 5)
    with torch.inference_mode():
        theirs = network.decode(network.encode(cube))
        torch.testing.assert_close(system.autoencoder(cube), theirs, atol=1e-6, rtol=0)


def test_one_group_of_all_bands(published, tmp_path):
    network = published.GAE(12, 4, 12, 12).eval()
    import_autoencoder(saved(network, tmp_path / "a.pth"), tmp_path / "a.safetensors")
    system, header = load_system(tmp_path / "a.safetensors")
    assert not header.config.settings["grouping"]
    assert system.autoencoder.groups(12).starts == (0,)


def test_it_tells_what_it_is_when_it_is_run(published, tmp_path):
    out = tmp_path / "gae.safetensors"
    import_autoencoder(saved(published.GAE(8, 2, 31, 12), tmp_path / "GAE.pth"), out)
    header = read_header(out)
    assert (header.config.architecture, header.config.bands) == ("gae", 31)
    for upscale in (2, 4):
        with pytest.raises(ModelError, match="holds an autoencoder only"):
            load_resolver(str(out), upscale=upscale)


def test_a_system_starts_from_it(published, tmp_path):
    out = tmp_path / "gae.safetensors"
    import_autoencoder(saved(published.GAE(8, 2, 31, 12), tmp_path / "GAE.pth"), out)
    sizes = {"group_size": 8, "group_overlap": 2, "width": 12, "global_width": 8}
    unet = {"unet_width": 8, "unet_widths": "1 1", "unet_depth": 1}
    system = Dmgasr(31, 2, Settings(**sizes, **unet))
    start_from(system, config_of(sizes | unet), out)
    imported = load_system(out)[0].autoencoder.state_dict()
    assert all(
        torch.equal(value, imported[name])
        for name, value in system.autoencoder.state_dict().items()
    )
    fresh = Dmgasr(31, 2, Settings(**{**sizes, "width": 9}, **unet))
    with pytest.raises(ModelError, match=r"autoencoder\.encoder\.0\.weight"):
        start_from(fresh, config_of({**sizes, "width": 9, **unet}), out)


def config_of(settings, bands=31):
    return SystemConfig("d", "1", (2,), "dmgasr", bands, settings)


FITTING = {
    "group_size": 8, "group_overlap": 2, "width": 12, "global_width": 8,
    "unet_width": 8, "unet_widths": "1 1", "unet_depth": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "bands", "told"),
    [
        ({"group_size": 16}, 31, "group_size is 8 there, 16 here"),
        ({"group_overlap": 4}, 31, "group_overlap is 2 there, 4 here"),  # shapes are the same
        ({"blocks": 2}, 31, "blocks is 3 there, 2 here"),  # and here some would be left out
        ({"global_decoding": False}, 31, "global_decoding is true there, false here"),
        ({"width": 16, "latents": 4}, 31, "latents is 3 there, 4 here, width is 12 there, 16 here"),
        ({}, 60, "it is for 31 bands, the system that is to start from it for 60"),
    ],
)
def test_what_does_not_fit_is_not_started_from(published, tmp_path, change, bands, told):
    out = tmp_path / "gae.safetensors"
    import_autoencoder(saved(published.GAE(8, 2, 31, 12), tmp_path / "GAE.pth"), out)
    check_start(config_of(FITTING), out)
    with pytest.raises(ModelError, match=told):
        check_start(config_of(FITTING | change, bands), out)


def test_a_training_starts_from_it_and_leaves_it_as_it_is(published, tmp_path):
    """The diffusion alone is trained: the autoencoder in the result is the imported one."""
    start, out = tmp_path / "gae.safetensors", tmp_path / "d.safetensors"
    import_autoencoder(saved(published.GAE(8, 2, 12, 12), tmp_path / "GAE.pth"), start)
    run = TrainingRun(
        "d", "dmgasr", 2, 12, Budget(steps=2), FITTING | {"autoencoder_share": 0},
        batch=1, patch=4, device="cpu", start=start,
    )  # fmt: skip
    cube = NamedCube("a", torch.rand(12, 8, 8).numpy())
    train_system(run, [cube], [], out, lambda _: None)
    card, trained = read_header(out).card, load_file(out)
    assert card["started_from"] == "gae.safetensors"
    assert [(stage["name"], stage["steps"]) for stage in card["stages"]] == [("diffusion", 2)]
    for name, weight in load_file(start).items():
        assert torch.equal(trained[name], weight)
    with pytest.raises(ModelError, match="starts from no other model"):
        train_system(replace(run, architecture=OWN, settings={}), [cube], [], out, lambda _: None)


def test_the_command(published, tmp_path):
    path = saved(published.GAE(8, 2, 31, 12), tmp_path / "GAE.pth")
    run = CliRunner().invoke
    result = run(cli, ["models", "import", str(path)])
    assert result.exit_code == 0, result.output
    assert "31 bands" in result.output
    assert (tmp_path / "GAE.safetensors").is_file()
    once_more = run(cli, ["models", "import", str(path)])
    assert (once_more.exit_code, "--overwrite" in once_more.output) == (1, True)
    again = run(cli, ["models", "import", str(path), "--overwrite", "--json"])
    assert '"bands":31' in again.output.replace(" ", "")
    missing = run(cli, ["models", "import", str(tmp_path / "none.pth")])
    assert (missing.exit_code, "does not exist" in missing.output) == (1, True)


@pytest.mark.parametrize("more", [(), ("--overwrite",), ("--out", "new.safetensors")])
def test_a_model_file_is_not_imported(tmp_path, more):
    path = tmp_path / "gae.safetensors"
    path.write_bytes(b"a model")
    done = CliRunner().invoke(cli, ["models", "import", str(path), *more])
    assert done.exit_code == 1
    assert "what is imported is a checkpoint as torch saves it, such as GAE.pth" in done.output
    assert path.read_bytes() == b"a model"


def test_another_network_is_none_of_these(tmp_path):
    torch.save(nn.Sequential(nn.Conv2d(3, 4, 3)), tmp_path / "other.pth")
    with pytest.raises(ModelError, match="not the published autoencoder"):
        import_autoencoder(tmp_path / "other.pth", tmp_path / "o.safetensors")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.pth"]


def test_groups_that_start_elsewhere_are_refused(published, tmp_path):
    network = published.GAE(8, 2, 31, 12)
    network.start_idx[1] = 5
    with pytest.raises(ModelError, match="start at bands"):
        import_autoencoder(saved(network, tmp_path / "a.pth"), tmp_path / "a.safetensors")


# What is in no network


def archive(path: Path, data: bytes, **records: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", data)
        for key, record in records.items():
            file.writestr(f"archive/data/{key.removeprefix('s')}", record)
    return path


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def _global(module: str, name: str, *, stack: bool = False) -> bytes:
    if stack:
        texts = b"".join(b"\x8c" + bytes([len(t)]) + t.encode() for t in (module, name))
        return b"\x80\x04" + texts + b"\x93"
    return b"\x80\x02c" + f"{module}\n{name}\n".encode()


EVIL = {
    "os.system": (pickle.dumps(Calls(os.system, "touch HACKED"), 2), "system"),
    "builtins.eval": (pickle.dumps(Calls(eval, "open('HACKED', 'w')"), 2), "eval"),
    "builtins.eval by protocol 4": (pickle.dumps(Calls(eval, "open('HACKED', 'w')"), 4), "eval"),
    "getattr": (pickle.dumps(Calls(getattr, "x", "y"), 2), "getattr"),
    "a dotted name": (_global("torch.nn", "Conv2d.__init__", stack=True) + b".", "__init__"),
    "a function of torch.nn": (_global("torch.nn.modules.module", "register") + b".", "register"),
    "torch.load": (_global("torch", "load") + b"X\x01\x00\x00\x00x\x85R.", "torch.load"),
    "torch.hub": (_global("torch.hub", "load") + b".", "torch.hub.load"),
    "numpy": (
        _global("numpy.core.multiarray", "_reconstruct") + b".", "numpy.core.multiarray"
    ),
    "copyreg": (_global("copyreg", "_reconstructor") + b".", "copyreg"),
    "a class that is called": (_global("AE", "GAE") + b")R.", "calls AE.GAE"),
    "a class with arguments": (_global("AE", "GAE") + b"K\x01\x85\x81.", "makes an object"),
    "attributes of a class": (_global("AE", "GAE") + b"}b.", "sets attributes of AE.GAE"),
    "a function as an object": (_global("collections", "OrderedDict") + b")\x81.", "makes"),
    "another reference": (b"\x80\x02X\x06\x00\x00\x00modulecAE\nGAE\n\x86Q.", "'module'"),
    "a reference by text": (b"P12\n.", "PERSID"),
    "an instance, the old way": (b"(ios\nsystem\n.", "INST"),
    "a registered extension": (b"\x80\x02\x82\x01.", "EXT1"),
    "bytes": (b"\x80\x03C\x01x.", "SHORT_BINBYTES"),
    "no network": (b"\x80\x02K\x01.", "neither a network"),
    "torn": (b"\x80\x02}q\x00(", "corrupt"),
    "nothing on the stack": (b"\x80\x02a.", "corrupt"),
    "an unknown operation": (b"\x80\x02\xff.", "corrupt"),
    "empty": (b"", "corrupt"),
    "numbers as keys' values": (b"\x80\x02}]]s.", "corrupt"),
    "a name that is doubled forty times": (
        b"\x80\x04K\x01" + b"\x94h\x00\x86" + b"".join(
            b"\x94h" + bytes([n]) + b"\x86" for n in range(1, 40)
        ) + b"\x8c\x01x\x93.", "corrupt",
    ),
    "attributes that are set twice": (
        b"\x80\x02cAE\nGAE\n)\x81}X\x01\x00\x00\x00aK\x01sb}b.", "sets attributes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EVIL)
def test_anything_else_is_refused_by_its_name_and_never_run(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    data, said = EVIL[name]
    path = archive(tmp_path / "evil.pth", data)
    with pytest.raises(ModelError) as caught:
        import_autoencoder(path, tmp_path / "out.safetensors")
    assert said in str(caught.value)
    assert "evil.pth" in str(caught.value)
    assert sorted(os.listdir(tmp_path)) == ["evil.pth"]


def test_evil_within_a_network_is_refused(published, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = published.GAE(8, 2, 31, 12)
    network.hook = Calls(os.system, "touch HACKED")
    with pytest.raises(ModelError, match=r"\.system"):
        read_checkpoint(saved(network, tmp_path / "a.pth"))
    assert not (tmp_path / "HACKED").exists()


def tensor(count: int, *, offset: int = 0, side: int = 2, stride: int = 1) -> bytes:
    """A pickled dictionary with a tensor of one side, in storage 0 of so many float32."""

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if isinstance(value, slice):
                return ("storage", torch.FloatStorage, "0", "cpu", value.stop)
            return None

    rebuilt = Calls(torch._utils._rebuild_tensor_v2, slice(count), offset, (side,), (stride,))
    rebuilt.call = (rebuilt.call[0], (*rebuilt.call[1], False, {}))
    file = io.BytesIO()
    Pickler(file, 2).dump({"a": rebuilt})
    return file.getvalue()


def test_a_tensor_is_what_it_says(tmp_path):
    record = struct.pack("<4f", 1, 2, 3, 4)
    path = archive(tmp_path / "a.pth", tensor(4, offset=1, stride=2), s0=record)
    assert read_checkpoint(path).tensors["a"].tolist() == [2, 4]


@pytest.mark.parametrize(
    ("data", "records", "said"),
    [
        (tensor(4), {}, "truncated"),
        (tensor(4), {"s0": b"\0" * 15}, "truncated"),
        (tensor(4), {"s0": b"\0" * 17}, "larger"),
        (tensor(2**40), {"s0": b"\0" * 16}, "truncated"),
        (tensor(4, side=5), {"s0": b"\0" * 16}, "reaches beyond"),
        (tensor(4, offset=3), {"s0": b"\0" * 16}, "reaches beyond"),
        (tensor(4, side=2**40, stride=0), {"s0": b"\0" * 16}, "reaches beyond"),
        (tensor(4, stride=-1), {"s0": b"\0" * 16}, "corrupt"),
        (tensor(4, offset=-1), {"s0": b"\0" * 16}, "corrupt"),
    ],
)
def test_storages_that_are_too_short_or_too_long_are_refused(tmp_path, data, records, said):
    with pytest.raises(ModelError, match=said):
        read_checkpoint(archive(tmp_path / "a.pth", data, **records))


def test_compressed_records_are_refused(tmp_path):
    path = tmp_path / "a.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", tensor(4))
    with pytest.raises(ModelError, match="compressed"):
        read_checkpoint(path)


def _text(text: str) -> bytes:
    return b"X" + struct.pack("<I", len(text)) + text.encode()


def _doubled(level: int) -> bytes:
    """A module that holds the next lower one under two names."""
    made = b"cAE\nGAE\n)\x81"
    if level:
        twice = _text("a") + _doubled(level - 1) + _text("b") + b"h" + bytes([level - 1])
        made += b"}" + _text("_modules") + b"}(" + twice + b"usb"
    return made + b"q" + bytes([level])


def test_modules_within_modules_without_end_are_refused(tmp_path):
    """Thirty levels of two names for the same module would be a thousand million modules."""
    few = archive(tmp_path / "few.pth", b"\x80\x02" + _doubled(3) + b".")
    assert read_checkpoint(few).kind == "GAE"
    for levels in (30, 100):
        path = archive(tmp_path / "many.pth", b"\x80\x02" + _doubled(levels) + b".")
        with pytest.raises(ModelError, match="more modules than any network has"):
            read_checkpoint(path)


def _state(entries: bytes) -> bytes:
    """A module of these attributes."""
    return b"cAE\nGAE\n)\x81}(" + entries + b"ub"


def test_modules_that_share_many_parameters_are_refused(tmp_path):
    """Two thousand modules, each with the same two thousand parameters, in a few kilobytes."""
    names = b"".join(_text(str(n)) + b"N" for n in range(2000))
    first = _state(_text("_parameters") + b"}q\x00(" + names + b"u")
    other = _state(_text("_parameters") + b"h\x00")
    inner = _text("first") + first + b"".join(_text(str(n)) + other for n in range(2000))
    root = _state(_text("_modules") + b"}(" + inner + b"u")
    with pytest.raises(ModelError, match="or more tensors"):
        read_checkpoint(archive(tmp_path / "many.pth", b"\x80\x02" + root + b"."))


def test_a_module_of_an_endless_name_is_refused(tmp_path):
    inner = _text("_modules") + b"}" + _text("x" * 2000) + _state(b"") + b"s"
    with pytest.raises(ModelError, match="longer than 1000 characters"):
        read_checkpoint(archive(tmp_path / "a.pth", b"\x80\x02" + _state(inner) + b"."))


def test_modules_that_are_none_are_refused(tmp_path):
    for entries in (b"K\x05", b"]]a"):
        data = b"\x80\x02" + _state(_text("_modules") + entries) + b"."
        with pytest.raises(ModelError, match="_modules is no dictionary"):
            read_checkpoint(archive(tmp_path / "a.pth", data))


def test_one_storage_under_many_names_is_refused(tmp_path):
    """What is converted would be copied as often as it has names."""
    data = tensor(1000, side=1000)
    names = b"".join(_text(str(n)) + b"h\x0c" for n in range(1000))
    record = {"s0": b"\0" * 4000}
    assert read_checkpoint(archive(tmp_path / "one.pth", data, **record)).tensors.keys() == {"a"}
    path = archive(tmp_path / "many.pth", data[:-1] + b"(" + names + b"u.", **record)
    with pytest.raises(ModelError, match="tensors are larger than the file"):
        read_checkpoint(path)


def test_files_of_other_kinds_are_refused(published, tmp_path):
    network = published.GAE(8, 2, 31, 12)
    torch.save(network.state_dict(), tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    (tmp_path / "text.pth").write_text("hello")
    (tmp_path / "empty.pth").write_bytes(b"")
    with zipfile.ZipFile(tmp_path / "zip.pth", "w") as file:
        file.writestr("readme.txt", "hello")
    whole = saved(network, tmp_path / "whole.pth").read_bytes()
    (tmp_path / "torn.pth").write_bytes(whole[: len(whole) // 2])
    said = {
        "old": "before 1.6", "text": "not a file that torch.save wrote", "torn": "torch.save",
        "empty": "not a file that torch.save wrote", "zip": "not one that torch.save wrote",
    }  # fmt: skip
    for name, words in said.items():
        with pytest.raises(ModelError, match=f"{name}.pth.*{words}"):
            read_checkpoint(tmp_path / f"{name}.pth")
    with pytest.raises(ModelError, match=r"cannot read .*missing\.pth"):
        read_checkpoint(tmp_path / "missing.pth")


def test_a_flipped_bit_is_an_error_and_no_crash(published, tmp_path):
    whole = saved(published.GAE(8, 2, 31, 12), tmp_path / "a.pth").read_bytes()
    place = whole.index(b"data.pkl")
    path = tmp_path / "b.pth"
    for step in range(60):
        at = place + 100 + 37 * step
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        with pytest.raises(ModelError):
            read_checkpoint(path)  # the checksum of the record, at the least


def test_the_shape_of_what_is_read_does_not_hang_on_torch_load(monkeypatch, published, tmp_path):
    path = saved(published.GAE(8, 2, 31, 12), tmp_path / "a.pth")

    def refused(*_, **__):
        raise AssertionError("a pickle was run")

    monkeypatch.setattr(torch, "load", refused)
    monkeypatch.setattr(pickle, "load", refused)
    monkeypatch.setattr(pickle, "Unpickler", refused)
    network = read_checkpoint(path)
    assert network.kind == "GAE"
    assert math.prod(network.tensors["Encoder.final.weight"].shape) == 3 * 12 * 9
