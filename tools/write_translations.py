#!/usr/bin/env python3
"""Lists the plugin's texts in qgis_plugin/i18n/hsisr_geo.ts, and brings translations up to date.

A text is a literal in a call of `tr`. Each `hsisr_geo_LANGUAGE.ts` keeps what it has of them, gets
the new ones as unfinished, and is compiled for QGIS with `lrelease`, if there is one.
`--check` writes nothing and fails if the list is not up to date.
"""

import ast
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
PLUGIN = ROOT / "qgis_plugin"
FOLDER = PLUGIN / "i18n"
CONTEXT = "hsisr_geo"  # as in qgis_plugin/i18n.py
TEMPLATE = FOLDER / f"{CONTEXT}.ts"


def texts(folder: Path = PLUGIN) -> list[str]:
    """Return every text once, in the order of files and lines."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        calls = (node for node in ast.walk(_parsed(path)) if _is_tr(node))
        for call in sorted(calls, key=lambda node: node.lineno):
            (argument,) = call.args
            if not isinstance(argument, ast.Constant):
                raise SystemExit(f"{path}:{call.lineno}: tr() takes a literal")
            found.append(argument.value)
    return list(dict.fromkeys(found))


def translations(path: Path) -> dict[str, str]:
    """Return the finished translations of a file, empty where there is no file."""
    if not path.exists():
        return {}
    messages = ElementTree.parse(path).iter("message")
    pairs = ((m.findtext("source", ""), m.find("translation")) for m in messages)
    return {source: found.text for source, found in pairs if found is not None and found.text}


def document(sources: list[str], known: dict[str, str], language: str = "") -> str:
    """Return a .ts file: what is not known is marked as unfinished."""
    root = ElementTree.Element("TS", {"version": "2.1", "sourcelanguage": "en"})
    if language:
        root.set("language", language)
    context = ElementTree.SubElement(root, "context")
    ElementTree.SubElement(context, "name").text = CONTEXT
    for source in sources:
        message = ElementTree.SubElement(context, "message")
        ElementTree.SubElement(message, "source").text = source
        translation = ElementTree.SubElement(message, "translation")
        if source in known:
            translation.text = known[source]
        else:
            translation.set("type", "unfinished")
    ElementTree.indent(root)
    head = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n'
    return head + ElementTree.tostring(root, encoding="unicode") + "\n"


def main() -> int:
    """Run from the command line."""
    sources = texts()
    wanted = {TEMPLATE: document(sources, {})}
    for path in FOLDER.glob(f"{CONTEXT}_*.ts"):
        language = path.stem.removeprefix(f"{CONTEXT}_")
        wanted[path] = document(sources, translations(path), language)
    stale = [p for p, text in wanted.items() if not p.exists() or p.read_text("utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not up to date: run tools/write_translations.py")
        return 1 if stale else 0
    for path in stale:
        path.write_text(wanted[path], "utf-8")
    _compile([path for path in wanted if path != TEMPLATE])
    return 0


def _compile(paths: list[Path]) -> None:
    lrelease = shutil.which("lrelease") or shutil.which("lrelease-qt5") or shutil.which("lrelease6")
    if lrelease is None and paths:
        print("no lrelease (Debian: qttools5-dev-tools): the .qm files are as they were")
    elif paths:
        subprocess.run([lrelease, "-silent", *map(str, paths)], check=True)


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def _is_tr(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tr"


if __name__ == "__main__":
    sys.exit(main())
