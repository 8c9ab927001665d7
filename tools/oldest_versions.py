"""Print pyproject.toml's lower bounds as constraints of pip: the oldest versions that it allows.

    python tools/oldest_versions.py > oldest.txt; pip install -c oldest.txt -e '.[test,demo,train]'

Bounds are those for the interpreter that runs this; where an extra asks for more, its bound counts.
A requirement of the package without one is an error: it would promise what nobody has tried.
"""

import sys
from pathlib import Path

try:
    from packaging.requirements import Requirement
    from packaging.version import Version
except ImportError:  # pip has its own, where nothing is installed yet
    from pip._vendor.packaging.requirements import Requirement
    from pip._vendor.packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
EXTRAS = ("zarr", "demo", "train", "test")


def oldest_versions(text: str) -> dict[str, Version]:
    """Return names with their oldest version, of the text of a pyproject.toml."""
    project = tomllib.loads(text)["project"]
    needed = _here(project["dependencies"])
    for requirement in needed:
        if lower_bound(requirement) is None:
            sys.exit(f"pyproject.toml: {str(requirement)!r} has no oldest version")
    extras = [r for extra in EXTRAS for r in _here(project["optional-dependencies"][extra])]
    oldest: dict[str, Version] = {}
    for requirement in [*needed, *extras]:
        if (bound := lower_bound(requirement)) is not None:
            oldest[requirement.name] = max(bound, oldest.get(requirement.name, bound))
    return oldest


def _here(requirements: list[str]) -> list[Requirement]:
    every = map(Requirement, requirements)
    return [r for r in every if r.marker is None or r.marker.evaluate()]


def lower_bound(requirement: Requirement) -> Version | None:
    """Return the version after `>=`; None where there is none."""
    bounds = [Version(s.version) for s in requirement.specifier if s.operator == ">="]
    return max(bounds, default=None)


if __name__ == "__main__":
    for name, version in oldest_versions(PYPROJECT.read_text(encoding="utf-8")).items():
        print(f"{name}=={version}")
