"""The Makefile: what its targets would do is told without doing it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
@pytest.mark.parametrize("target", ["test", "test-qgis"])
def test_a_dry_run_runs_nothing(target, tmp_path):
    """A recipe's line that names $(MAKE) is run even by `make -n`, with all that stands in it."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("install_qgis", "install_gdal"):
        (tools / name).write_text('#!/bin/sh\ntouch "$0.was-run"\nexit 1\n')
        (tools / name).chmod(0o755)
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).touch()

    outside = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    told = subprocess.run(
        ["make", "-n", target],
        cwd=tmp_path,
        env=outside,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert told.returncode == 0, told.stderr
    assert "tools/install_qgis" in told.stdout
    assert not [*tools.glob("*.was-run")]
