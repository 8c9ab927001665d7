"""Tell whether two versions of the program do the same: outputs, tags, JSON and texts, bit by bit.

    python tools/compare_versions.py main~1 main
    python tools/compare_versions.py v0.1.0 .        a folder stands for what lies in it now

Each version is installed in a folder of its own and run by its command line, with the packages of
this interpreter. Exit code 1 if anything differs past what `compare/difference.py` lists.
"""

import argparse
import fnmatch
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from compare import scenes
from compare.cases import all_cases
from compare.difference import differences
from compare.interrupted import compare_interrupted
from compare.side import Side, install
from compare.startup import TIMES, seconds_of_help

REPOSITORY = Path(__file__).resolve().parents[1]
INTERRUPTED = "killed and resumed"
SHOWN = 4
"""So many differences of a case are told."""


def main() -> int:
    """Compare; return the exit code."""
    options = _options()
    if options.keep:
        options.keep.mkdir(parents=True)
        return _compare(options, options.keep.resolve())
    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        return _compare(options, Path(folder).resolve())


def _compare(options: argparse.Namespace, folder: Path) -> int:
    start = time.monotonic()
    before = install(options.before, folder / "1", REPOSITORY)
    after = install(options.after, folder / "2", REPOSITORY)
    scenes.gather(folder / "scenes", before, options.data)
    results: dict[str, bool] = {}
    for name, found in _results(options, folder, before, after):
        results[name] = not found
        print(f"{name:<44} {'DIFFERS' if found else 'same'}", flush=True)
        for told in found[:SHOWN]:
            print(f"    {told}")
        if len(found) > SHOWN:
            print(f"    and {len(found) - SHOWN} more")
    _summarise(results, before, after, time.monotonic() - start)
    return 0 if results and all(results.values()) else 1


def _results(
    options: argparse.Namespace, folder: Path, before: Side, after: Side
) -> Iterator[tuple[str, list[str]]]:
    roots = before.folder, after.folder
    for case in all_cases(folder / "scenes"):
        if fnmatch.fnmatch(case.name, options.only):
            with ThreadPoolExecutor() as pool:
                made = list(pool.map(case.run, (before, after)))
            yield case.name, [*case.failures(made[0]), *differences(made[0], made[1], roots)]
    if fnmatch.fnmatch(INTERRUPTED, options.only):
        yield from compare_interrupted(before, after)


def _summarise(results: dict[str, bool], before: Side, after: Side, seconds: float) -> None:
    same = sum(results.values())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    times = " and ".join(f"{taken:.3f} s" for taken in seconds_of_help(before, after))
    print(
        f"\nFrom {before.name} to {after.name}, {same} of {len(results)} cases are the same: files "
        "by their bytes, what is said on stdout and stderr, and exit codes, but for times and "
        f"folders. --help takes {times} (median of {TIMES}). Compared in {seconds:.0f} s, "
        f"{used.ru_utime + used.ru_stime:.0f} s of them of processors."
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", help="a commit's name, or the folder of a checkout")
    parser.add_argument("after", help="as before")
    named = os.environ.get("HSISR_GEO_TEST_DATA")
    parser.add_argument(
        "--data", type=Path, default=named, help="folder of the real scenes; default: their twins"
    )
    parser.add_argument("--only", default="*", metavar="PATTERN", help="cases, e.g. 'format *'")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep all that was made here")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
