"""The cases: the demo, six products, five formats, missions, scores, batch, refusals, texts."""

from pathlib import Path

from . import scenes
from .case import Case

RUN = ("hsisr-geo", "run")
ASSESS = ("--upscale", "2", "--window", "32", "--report", "report", "--json")
MISSIONS = ("enmap", "desis", "prisma_l2d.he5", "prisma_l1.he5", "emit.nc", "neon.h5")
COMMANDS = (
    "adapt", "assess", "batch", "benchmark", "completion", "config", "doctor", "evaluate", "info",
    "models", "models import", "run", "train autoencoder", "train diffusion",
)  # fmt: skip


def all_cases(folder: Path) -> list[Case]:
    """Return every case, the quickest first.

    Parameters
    ----------
    folder : of the scenes
    """
    return [
        *_texts(), _refusals(), *_missions(), _python(),
        *_products(folder), *_formats(folder), *_ways(folder), *_many(), *_scores(), *_learnt(),
    ]  # fmt: skip


def given(name: str) -> str:
    """Return how a scene is called from where a case runs: both versions call it the same."""
    return f"../../../scenes/{name}"


def _texts() -> list[Case]:
    helps = [("hsisr-geo", *name.split(), "--help") for name in ("", *COMMANDS)]
    models = [("--json",), ("show", "default"), ("show", "bicubic")]
    return [
        Case("help", tuple(helps)),
        Case("models", tuple(("hsisr-geo", "models", *rest) for rest in models)),
        Case("config", (("hsisr-geo", "config"),)),
        Case("completion", (("hsisr-geo", "completion", "bash"),)),
    ]


def _refusals() -> Case:
    tile, emit = given(scenes.TILE), given(scenes.EMIT)
    bicubic = ("--upscale", "2", "--model", "bicubic")
    refused = {
        (*RUN, "none.tif", "a.tif", *bicubic): 1,
        (*RUN, tile, "a.tif", "--upscale", "5"): 2,
        (*RUN, tile, "a.tif", "--upscale", "2", "--model", "none"): 1,
        (*RUN, tile, "a.tif", *bicubic, "--bounds", "0", "0", "1", "1"): 1,
        (*RUN, tile, "a.tif", *bicubic, "--bands", "900-800nm"): 1,
        (*RUN, tile, "a.tif", *bicubic, "--co", "NONE=1"): 1,
        (*RUN, tile, "a.unknown", *bicubic): 1,
        (*RUN, emit, "a.tif", *bicubic, "--orthorectify"): 1,
        ("hsisr-geo", "assess", emit, *ASSESS): 1,
        ("hsisr-geo", "adapt", emit, "--out", "adapted.safetensors", "--upscale", "2"): 1,
        (*RUN, emit, "there.tif", *bicubic): 0,
        (*RUN, emit, "there.tif", *bicubic, "-q"): 1,
        ("hsisr-geo", "evaluate", "there.tif", tile): 1,
    }
    return Case("refusals", tuple(refused), tuple(refused.values()))


def _missions() -> list[Case]:
    return [_mission(name) for name in MISSIONS] + [
        _mission("emit.nc", "--orthorectify"),
        _mission("prisma_l2d.he5", "--drop-bad"),
    ]


def _mission(name: str, *options: str) -> Case:
    source = given(f"missions/{name}")
    run = (*RUN, source, "fine.tif", "--upscale", "2", "--model", "bicubic", "--stac", *options)
    info = ("hsisr-geo", "info", source, *options)
    return Case(" ".join(["product", name, *options]), (info, (*info, "--json"), run))


def _python() -> Case:
    script = Path(__file__).with_name("public_names.py")
    return Case("public names in Python", ((str(script), given(scenes.EMIT)),))


def _products(folder: Path) -> list[Case]:
    asked = (
        (scenes.MOSAIC, 24, "--upscale 2 --stac"),
        (scenes.TILE, 12, "--upscale 4 --detail 1 --seed 3"),
        (scenes.HYSPEX, 16, "--upscale 2 --bands 1-60 --psf gaussian:0.3"),
        (scenes.EMIT, 8, "--upscale 2 --drop-bad"),
        (scenes.AVIRIS, 8, "--upscale 3 --detail 0.5"),
        (scenes.SAN_DIEGO, 16, "--upscale 2 --exclude water-vapour --no-consistency"),
    )
    return [_product(folder, *product) for product in asked]


def _product(folder: Path, name: str, side: int, options: str) -> Case:
    run = (*RUN, given(name), "fine.tif", *options.split(), *_middle(folder, name, side))
    info = ("hsisr-geo", "info", "--json")
    return Case(f"run {Path(name).stem[:34]}", ((*info, given(name)), run, (*info, "fine.tif")))


def _formats(folder: Path) -> list[Case]:
    asked = {
        "GeoTIFF": ("fine.tif", "--co", "COMPRESS=LZW"),
        "COG": ("fine.tif", "--format", "cog"),
        "ENVI": ("fine.img", "--format", "envi", "--co", "INTERLEAVE=BIL"),
        "Zarr": ("fine.zarr",),
        "VRT": ("fine.vrt",),
    }
    crop = _middle(folder, scenes.TILE, 12)
    return [
        Case(
            f"format {name}",
            (
                (*RUN, given(scenes.TILE), *rest, "--upscale", "2", "--stac", *crop),
                ("hsisr-geo", "info", "--json", rest[0]),
                (*RUN, rest[0], "again.tif", "--upscale", "2", "--model", "bicubic"),
            ),
        )
        for name, rest in asked.items()
    ]


def _ways(folder: Path) -> list[Case]:
    tile, mosaic = given(scenes.TILE), given(scenes.MOSAIC)
    spread = ("--uncertainty", "spread.tif", "--samples", "2")
    network = ("--upscale", "2", *_middle(folder, scenes.TILE, 8), *spread)
    dry = ("--dry-run", "--tile", "64", "--bands", "1-40")
    tiled = ("--upscale", "2", "--model", "back-projection", "--tile", "32")
    part = (*tiled, *_middle(folder, scenes.MOSAIC, 96), "--bands", "1-40")
    return [
        Case(
            "dry run",
            (
                (*RUN, mosaic, "fine.tif", "--upscale", "2", *dry, "--progress", "json"),
                (*RUN, tile, "fine.zarr", "--upscale", "4", *dry, *spread),
                (*RUN, mosaic, "fine.vrt", *tiled, "--dry-run"),
            ),
        ),
        Case("uncertainty", ((*RUN, tile, "fine.tif", *network),)),
        Case("threads", ((*RUN, mosaic, "fine.tif", *part, "--threads", "2"),)),
        Case("workers", ((*RUN, mosaic, "fine.tif", *part, "--workers", "2"),)),
        Case("stdout", ((*RUN, tile, "-", *tiled, "--progress", "json"),)),
    ]


def _many() -> list[Case]:
    batch = ("hsisr-geo", "batch", given("pair"), "--upscale", "2", "--out-dir", "fine")
    bicubic = (*batch, "--model", "bicubic")
    return [
        Case(
            "batch",
            (
                (*bicubic, "--dry-run"),
                (*batch, "--bands", "1-30", "--report", "report.json", "--progress", "json"),
                (*batch, "--bands", "1-30", "--report", "report.csv", "--skip-existing"),
                (*bicubic, "--skip-existing"),  # those that are there were made otherwise
                (*bicubic, "none.tif"),
            ),
            (0, 0, 0, 1, 1),
        )
    ]


def _scores() -> list[Case]:
    truth = "demo/indian_pines_truth.tif"
    scored = [f"demo/indian_pines_degraded_{name}_x2.tif" for name in ("bicubic", "hsisr-base")]
    return [
        Case("assess", (("hsisr-geo", "assess", given(scenes.TILE), *ASSESS),)),
        Case(
            "demo and evaluate",
            (
                ("{checkout}/tools/demo.py",),
                *(("hsisr-geo", "evaluate", result, truth, "--json") for result in scored),
                ("hsisr-geo", "evaluate", scored[0], truth, "--all-bands"),
            ),
        ),
    ]


def _learnt() -> list[Case]:
    benchmark = ("hsisr-geo", "benchmark", given("comparison.toml"), "--threads", "1")
    train = ("hsisr-geo", "train", "autoencoder", given("pair"), "own.safetensors", "--steps", "2")
    system = ("--model", given(scenes.SYSTEM), "--upscale", "2", "--bands", "1-8")
    return [
        Case(
            "published system",
            (
                ("hsisr-geo", "models", "show", given(scenes.SYSTEM)),
                (*RUN, given(scenes.TILE), "fine.tif", *system),
            ),
        ),
        Case("train", ((*train, "--check-every", "1"),)),
        Case(
            "benchmark",
            (
                (*benchmark, "--out", "compared", "--dry-run"),
                (*benchmark, "--out", "compared", "--no-figures"),
            ),
        ),
    ]


def _middle(folder: Path, name: str, side: int) -> tuple[str, ...]:
    """Return --bounds of a square of pixels, off the corner, where the mosaic has holes."""
    extent = slice(2, 2 + side) if name in (scenes.EMIT, scenes.SAN_DIEGO) else slice(20, 20 + side)
    return tuple(scenes.bounds(folder / name, extent, extent))
