"""Hold bicubic, by a paper's protocol, against the row that it prints: a protocol's checksum.

    python benchmarks/checksum.py                              # which rows there are
    python benchmarks/checksum.py HyperspecVNIR_Chikusei.mat   # those of the file's data set

A row that is not reproduced means other data or another protocol, and numbers of trained systems
could not be compared with the paper's either. Where the paper does not say on which pixels it
tested, the row is printed beside, and the program does not fail.
"""

from pathlib import Path

import click

from hsisr_geo.benchmark.scores.checksum import PUBLISHED, Checked, name_of, verify
from hsisr_geo.errors import HsisrError


@click.command()
@click.argument("path", required=False, type=click.Path(exists=True, path_type=Path))
def main(path: Path | None) -> None:
    """Check the rows of PATH, a data set's file or folder; without it, list all of them."""
    try:
        checked = rows_of(path) if path else [Checked(row, None) for row in PUBLISHED]
    except HsisrError as e:
        raise click.ClickException(str(e)) from e
    for row in checked:
        click.echo(str(row))
    if any(row.agrees is False and row.published.division_known for row in checked):
        raise SystemExit(1)


def rows_of(path: Path) -> list[Checked]:
    """Measure every published row of the data set that a path holds."""
    known = name_of(path)
    rows = [row for row in PUBLISHED if row.known_set == known]
    if not rows:
        raise click.ClickException(f"{path} is none of the data sets that papers have rows for")
    checked = (verify(row.protocol, path, row.upscale, known) for row in rows)
    return [row for row in checked if row is not None]


if __name__ == "__main__":
    main()
