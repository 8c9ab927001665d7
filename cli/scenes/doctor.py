"""`hsisr-geo doctor`: what is installed, whether it works, and what to do where it does not."""

import shutil
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ..options import options

if TYPE_CHECKING:
    from hsisr_geo.doctor.finding import Finding

_COLOURS = {"ok": "green", "note": "yellow", "missing": "yellow", "broken": "red"}
_TOPIC_WIDTH = 20


@click.command()
@click.option("--quick", is_flag=True, help="Leave out the GPU and the self-test: no torch.")
@options.as_json
def doctor(quick: bool, as_json: bool) -> None:
    """Look at the installation, and say in plain words what is missing or broken.

    Packages, GDAL and PROJ and what gets in their way, models, disk and memory, the GPU, and a
    small scene super-resolved and checked. Exit code 1 if something is broken; what is only missing
    can be done without.
    """
    from hsisr_geo.doctor.examine import examine
    from hsisr_geo.errors import InstallationBroken

    from ..terminal.progress import to_json

    found = []
    for finding in examine(quick=quick):
        found.append(finding)
        if not as_json:
            click.echo(_text(finding))
    broken = [finding.topic for finding in found if finding.status == "broken"]
    if as_json:
        findings = [asdict(finding) for finding in found]
        click.echo(to_json({"healthy": not broken, "findings": findings}))
    if broken:
        raise InstallationBroken(f"broken: {', '.join(dict.fromkeys(broken))}; see above")


def _text(finding: "Finding") -> str:
    """Return a finding as a paragraph with its advice, hanging behind status and topic."""
    status = click.style(f"{finding.status:<8}", fg=_COLOURS[finding.status])
    width = max(60, min(shutil.get_terminal_size().columns, 120))
    indent = " " * (9 + _TOPIC_WIDTH)
    body = textwrap.wrap(
        finding.text, width - len(indent), break_on_hyphens=False, break_long_words=False
    )
    advice = textwrap.wrap(f"-> {finding.advice}", width - len(indent)) if finding.advice else []
    head = f"{status} {finding.topic:<{_TOPIC_WIDTH}}"
    return head + f"\n{indent}".join([*body, *advice])
