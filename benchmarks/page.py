"""All tables and figures of docs/quality.md, limits.md and uncertainty.md, by one command.

    python benchmarks/page.py ../shared/data [--only SECTION ...]

Each section of a page is what one benchmark of this folder prints, between two comments that name
it; the words around are left alone. Scenes are taken from the folders `val`, `train` and `products`
of the data. The section `adapt` takes five minutes of a core for each of its scenes.
"""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
PAGES = (DOCS / "quality.md", DOCS / "limits.md", DOCS / "uncertainty.md")
IMAGES = DOCS / "images"


def commands(data: Path) -> dict[str, list[str]]:
    """Return the command of each section, in the order of the pages."""
    val, mosaic = str(data / "val"), str(data / "products" / "enmap_potsdam_mosaic.tif")
    return {
        "blur": ["blur.py", val],
        "scores": ["quality.py", val, "--json", str(DOCS / "quality.json")],
        "enmap": ["quality.py", mosaic],
        "detail": ["detail.py", val],
        "uncertainty": ["uncertainty.py", val, "--figure", str(IMAGES / "uncertainty.png")],
        "uncertainty-gaussian": ["uncertainty.py", val, "--degradation", "gaussian:0.2"],
        "degradation": ["degradation.py", val],
        "adapt": ["adapt.py", *scenes_to_adapt_to(data), "--jobs", "2"],
        "cost": ["cost.py"],
        "ceiling": ["ceiling.py", val],
    }


def scenes_to_adapt_to(data: Path) -> list[str]:
    """Give the report scenes, and those of other sensors whose finer truth nobody knows."""
    products = data / "products"
    others = [products / "enmap_potsdam_mosaic.tif", *products.glob("hyspex_envi/*.bsq")]
    return [str(path) for path in [*sorted((data / "val").glob("*.tif")), *others]]


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--only", multiple=True, help="A section; repeatable.  [default: all]")
def main(data: Path, only: Sequence[str]) -> None:
    """Measure, and put the results into the pages."""
    known = commands(data)
    if unknown := set(only) - set(known):
        raise click.UsageError(f"no section {', '.join(unknown)}; there are {', '.join(known)}")
    for name in only or known:
        script, *arguments = known[name]
        click.echo(f"{name}: {script}", err=True)
        done = subprocess.run(
            [sys.executable, str(HERE / script), *arguments], check=True, stdout=subprocess.PIPE
        )
        put(PAGES, name, done.stdout.decode().strip())


def put(pages: Sequence[Path], name: str, text: str) -> None:
    """Put a text into the one of some pages that has a section of that name."""
    having = [page for page in pages if f"<!-- {name} -->" in page.read_text()]
    if len(having) != 1:
        told = ", ".join(page.name for page in pages)
        raise click.ClickException(f"one of {told} must have a section <!-- {name} -->")
    having[0].write_text(replaced(having[0].read_text(), name, text))


def replaced(page: str, name: str, text: str) -> str:
    """Put a text between the comments that name a section."""
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    if len(pattern.findall(page)) != 1:
        raise click.ClickException(f"the page must have one section {start} … {end}")
    return pattern.sub(lambda _: f"{start}\n{text}\n{end}", page)


if __name__ == "__main__":
    main()
