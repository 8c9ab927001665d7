"""The oldest versions that `make test-oldest` installs are those that pyproject.toml allows."""

from pathlib import Path

import pytest
from packaging.version import Version

from tools.oldest_versions import oldest_versions

TEXT = (Path(__file__).resolve().parents[1] / "pyproject.toml").read_text(encoding="utf-8")
SMALL = """
[project]
dependencies = [
    "dask[array,distributed]>=2024.1", "xarray>=2024.10", "old>=1; python_version < '3'",
]
[project.optional-dependencies]
zarr = ["xarray>=2025.7.1"]
demo = ["pystac[validation]>=1.12,<2"]
train = []
test = ["hypothesis", "xarray-hyperspectral==1.0.0", "dask>=2023"]
"""


def test_lower_bounds_are_the_oldest_versions_and_the_highest_counts():
    oldest = {"dask": "2024.1", "xarray": "2025.7.1", "pystac": "1.12"}
    assert oldest_versions(SMALL) == {name: Version(text) for name, text in oldest.items()}


def test_all_that_the_package_needs_has_an_oldest_version():
    needed = {"numpy", "torch", "dask", "rasterio", "xarray", "spectral"}
    assert needed <= set(oldest_versions(TEXT))


def test_a_requirement_without_an_oldest_version_is_refused():
    with pytest.raises(SystemExit, match=r"'torch' has no oldest version"):
        oldest_versions(TEXT.replace('"torch>=2.3"', '"torch"'))
