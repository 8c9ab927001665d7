"""The documentation: pages that can be read, and links that lead somewhere."""

import re
from pathlib import Path

import click
import pytest
from hsisr_geo.cli.main import cli

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
LONGEST = 300  # lines


def anchors(page):
    """Return what links of a page's headings end in."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", head.lower()) for head in heads)
    return {head.replace(" ", "-") for head in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_is_no_longer_than_one_reads_and_its_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {link}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{page.name} links to {link}"


def commands_in(text):
    """Yield what a page says to type: lines of its blocks and what stands between backquotes."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.M))
    for line in [*lines, *inline]:
        if found := re.match(r"(?:\$ )?(?:uvx |pipx run )?hsisr-geo (?!: )(.+)", line.strip()):
            yield re.split(r"\s[#|>&;]|;", found[1])[0].split()


def command_of(words):
    """Return the command that words call, and what is given to it."""
    command = cli
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        inner = command.get_command(click.Context(command), words[0])
        if inner is None:
            return None, words
        command, words = inner, words[1:]
    return command, words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_of_a_page_have_the_options_that_it_gives_them(page):
    common = {"--help", "-h", "--version", "--verbose", "--quiet", "-v", "-q", "--config"}
    for words in commands_in(page.read_text(encoding="utf-8")):
        command, given = command_of(words)
        if command is None:
            continue  # words about the program: "hsisr-geo is", "hsisr-geo: error"
        known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | common
        for word in given:
            name = word.partition("=")[0].rstrip(",.:)…")
            if re.fullmatch(r"--?[a-z][\w-]*", name):
                assert name in known, f"{page.name}: hsisr-geo {' '.join(words)}"


def test_each_sensor_of_the_table_has_the_test_that_it_names():
    page = (ROOT / "docs/products.md").read_text(encoding="utf-8")
    rows = page.split("## Sensors, fact by fact")[1].partition("\n\n¹")[0].splitlines()[4:]
    assert len(rows) > 10
    for row in rows:
        name, test = re.fullmatch(r".*\| `(\w+): (test_\w+)` \|", row).groups()
        tests = (ROOT / f"tests/raster/test_products_{name}.py").read_text(encoding="utf-8")
        assert f"\ndef {test}(" in tests, row
