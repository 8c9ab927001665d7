"""The results of a comparison, put into docs/comparison.md and docs/ablations.md.

    hsisr-geo benchmark benchmarks/comparison.toml --out DIR
    python benchmarks/comparison_page.py DIR [--ours ours] [--figure overview ...]

Tables come as `DIR/tables` has them, between two comments that name each; the words around are left
alone. "duels" tells on how many scenes ours is the better one of each pair, and where it is not.
"""

import csv
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from consistency_of_systems import markdown
from page import put

from hsisr_geo.benchmark.settings import ALL
from hsisr_geo.benchmark.tables.tables import METRICS

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
PAGES = (DOCS / "comparison.md", DOCS / "ablations.md")
IMAGES = DOCS / "images"
TABLES = ("comparison", "all-bands", "ablation", "groups", "times", "systems")
SCORED = {"mpsnr": "PSNR", "mssim": "SSIM", "sam": "SAM", "ergas": "ERGAS", "cc": "CC"}

Rows = list[dict[str, str]]


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, path_type=Path))
@click.option("--ours", default="ours", show_default=True, help="Label to hold others against.")
@click.option(
    "--aside", multiple=True, default=("released",), show_default=True,
    help="Label of a system that is no part of the contest; repeatable.",
)  # fmt: skip
@click.option("--figure", "figures", multiple=True, help="Of DIR/figures; repeatable.")
def main(folder: Path, ours: str, aside: Sequence[str], figures: Sequence[str]) -> None:
    """Put tables, duels and figures into the pages."""
    for name in TABLES:
        path = folder / "tables" / f"{name}.md"
        put(PAGES, name, inner(path.read_text()) if path.exists() else "")
    with (folder / "tables" / "scenes.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] not in aside]
    put(PAGES, "duels", "\n".join(duels(rows, ours)))
    put(PAGES, "consistency", "\n".join(markdown(folder)).strip())
    for name in figures:
        shutil.copyfile(folder / "figures" / f"{name}.png", IMAGES / f"benchmark-{name}.png")


def inner(table: str) -> str:
    """Leave the title of a table's page out, and lower its other headings by one."""
    body = table.split("\n", 1)[1].strip()
    return re.sub(r"^## ", "### ", body, flags=re.MULTILINE)


def duels(rows: Rows, ours: str) -> Iterator[str]:
    """Tell, for each other system, on how many scenes ours is better; picked bands, first seed."""
    first = min(int(row["seed"]) for row in rows)
    rows = [row for row in rows if row["bands"] != ALL and int(row["seed"]) == first]
    names = {row["label"]: row["system"] for row in rows}
    yield (
        "| scenes on which ours is better than | "
        + " | ".join(f"×{upscale} {title}" for upscale in (2, 3, 4) for title in ("PSNR", "SAM"))
        + " | and where it is not |"
    )
    yield "|---|" + "---:|" * 6 + "---|"
    for label, name in names.items():
        if label != ours:
            yield _line(rows, ours, label, name)


def _line(rows: Rows, ours: str, label: str, name: str) -> str:
    cells, lost = [], []
    for upscale in ("2", "3", "4"):
        mine, other = (_scenes(rows, who, upscale) for who in (ours, label))
        both = sorted(mine.keys() & other.keys())
        for metric in ("mpsnr", "sam"):
            won = [scene for scene in both if _better(mine[scene], other[scene], metric)]
            cells.append(f"{len(won)} of {len(both)}" if both else "–")
        beaten = {
            scene: [SCORED[m] for m in SCORED if not _better(mine[scene], other[scene], m)]
            for scene in both
        }
        lost += [f"×{upscale} {s}: {', '.join(ms)}" for s, ms in beaten.items() if ms]
    return f"| {name} | {' | '.join(cells)} | {'; '.join(lost) or 'nowhere'} |"


def _scenes(rows: Rows, label: str, upscale: str) -> dict[str, dict[str, str]]:
    return {r["scene"]: r for r in rows if r["label"] == label and r["upscale"] == upscale}


def _better(mine: dict[str, str], other: dict[str, str], metric: str) -> bool:
    sign = METRICS[metric].better
    return sign * float(mine[metric]) > sign * float(other[metric])


if __name__ == "__main__":
    main()
