"""Ways to run the network on a CPU: how fast each is, and how far from eager float32.

    python benchmarks/compute.py SCENES [--upscale 2] [--repeat 3] [--threads N] [--no-compile]

SCENES is a folder of rasters. Each is degraded, and its best estimate made in every way, in turns.
Errors are against the first, which is the default, in standard deviations of a band of its result:
the root mean square, and the largest of all. A way may be a default if that is within 1e-3.
"""

import copy
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor, nn

from hsisr_geo.model.inference.resolver import DiffusionResolver, load
from hsisr_geo.model.training.training_data import degraded_pair, load_scenes
from hsisr_geo.resolver.load import Recipe

LIMIT = 1e-3


class Autocast(nn.Module):
    """The denoiser with all that torch's autocast takes in bfloat16."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, *args: object) -> Tensor:
        """Take and give float32."""
        with torch.autocast("cpu", torch.bfloat16):
            out: Tensor = self.inner(*args)
        return out.float()


class Int8Conv(nn.Module):
    """A convolution of 8-bit integers: weights per channel, the input by its range at each call.

    The input takes 7 bits, as products of 8 overflow on processors without VNNI.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        weight = conv.weight.detach()
        scales = weight.abs().amax((1, 2, 3)) / 127
        quantised = torch.quantize_per_channel(
            weight, scales.double(), torch.zeros(len(scales), dtype=torch.int64), 0, torch.qint8
        )
        self.packed = torch.ops.quantized.conv2d_prepack(
            quantised, conv.bias.detach(), conv.stride, conv.padding, conv.dilation, conv.groups
        )

    def forward(self, x: Tensor) -> Tensor:
        """Take and give float32."""
        out: Tensor = torch.ops.quantized.conv2d_dynamic(x, self.packed, True)
        return out


def channels_first(resolver: DiffusionResolver) -> DiffusionResolver:
    """Lay weights and images out one channel after another."""
    resolver.network.denoiser.to(memory_format=torch.contiguous_format)
    return resolver


def compiled(resolver: DiffusionResolver) -> DiffusionResolver:
    """Compile the denoiser, for windows of any size."""
    resolver.network.denoiser = torch.compile(resolver.network.denoiser)
    return resolver


def bfloat16(resolver: DiffusionResolver) -> DiffusionResolver:
    """`--precision bfloat16`: products of the residual blocks only."""
    return replace(resolver, precision="bfloat16")


def autocast(resolver: DiffusionResolver) -> DiffusionResolver:
    """All of the denoiser that autocast takes."""
    resolver.network.denoiser = Autocast(resolver.network.denoiser)
    return resolver


def int8(resolver: DiffusionResolver) -> DiffusionResolver:
    """Convolve in 8-bit integers in the residual blocks."""
    for block in resolver.network.denoiser.blocks:
        block.first, block.second = Int8Conv(block.first), Int8Conv(block.second)
    return resolver


WAYS: dict[str, Callable[[DiffusionResolver], DiffusionResolver]] = {
    "eager float32, channels last": lambda resolver: resolver,
    "channels first": channels_first,
    "torch.compile": compiled,
    "bfloat16 blocks": bfloat16,
    "bfloat16 autocast": autocast,
    "int8 blocks": int8,
}


@dataclass
class Found:
    """Of one way: seconds of all scenes in each turn, the first call's besides, and errors."""

    seconds: list[float]
    first: float
    squares: list[float]
    largest: float


@click.command()
@click.argument("scenes", type=click.Path(exists=True, path_type=Path))
@click.option("--model", default="default", show_default=True)
@click.option("--upscale", default=2, show_default=True)
@click.option("--repeat", default=3, show_default=True)
@click.option("--threads", default=0, help="Of torch; 0 leaves it its own number.")
@click.option("--compile/--no-compile", "compiles", default=True, help="Needs a C++ compiler.")
def main(scenes: Path, model: str, upscale: int, repeat: int, threads: int, compiles: bool) -> None:
    """Print one row for each way."""
    if threads:
        torch.set_num_threads(threads)
    chosen = [degraded_pair(scene, upscale) for scene in load_scenes(scenes)]
    base = load(Recipe(str(model), upscale=upscale, device="cpu", backend="torch"))
    ways = {name: way for name, way in WAYS.items() if compiles or way is not compiled}
    resolvers = {
        name: way(replace(base, network=copy.deepcopy(base.network))) for name, way in ways.items()
    }
    exact, found = {}, {name: Found([], 0.0, [], 0.0) for name in ways}
    for turn in range(repeat + 1):
        for name, resolver in resolvers.items():
            seconds = 0.0
            for pair in chosen:
                resolve, cube = resolver.fit(pair.statistics), pair.lr.numpy()
                started = time.perf_counter()
                result = resolve(cube, (0, 0))
                seconds += time.perf_counter() - started
                if turn == 0:
                    reference = exact.setdefault(pair.name, result)
                    _compare(found[name], result, reference)
            if turn:
                found[name].seconds.append(seconds)
            else:
                found[name].first = seconds
    click.echo(
        f"×{upscale}, {len(chosen)} scenes, torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}\n"
    )
    click.echo(
        "| way | seconds | × the first | first call | rms error | largest error | within 1e-3 |\n"
        "|---|---|---|---|---|---|---|"
    )
    eager = statistics.median(found[next(iter(WAYS))].seconds)
    for name, f in found.items():
        seconds = statistics.median(f.seconds)
        rms = float(np.sqrt(np.mean(f.squares)))
        click.echo(
            f"| {name} | {seconds:.2f} | {seconds / eager:.2f} | {f.first:.1f} | {rms:.1e} | "
            f"{f.largest:.1e} | {'yes' if f.largest <= LIMIT else 'no'} |"
        )


def _compare(found: Found, result: np.ndarray, reference: np.ndarray) -> None:
    deviation = reference.std(axis=(1, 2))
    error = np.abs(result - reference)[deviation > 0] / deviation[deviation > 0][:, None, None]
    found.squares.append(float((error**2).mean()))
    found.largest = max(found.largest, float(error.max()))


if __name__ == "__main__":
    main()
