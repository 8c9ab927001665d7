"""A public class name stands for one thing, outside the systems of the literature."""

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("hsisr_geo", "cli")


def test_no_two_public_classes_have_one_name():
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    names = Counter(
        node.name
        for path in files
        if "systems" not in path.relative_to(ROOT).parts
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert len(names) > 100
    assert not [name for name, count in names.items() if count > 1]
