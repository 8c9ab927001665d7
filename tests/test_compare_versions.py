import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from safetensors.numpy import save_file

from tools.compare.case import Case
from tools.compare.difference import difference, differences
from tools.compare.side import Side, install

ROOTS = Path("/one"), Path("/other")


def pair(folder: Path, name: str, before: str | bytes, after: str | bytes) -> tuple[Path, Path]:
    paths = folder / "before" / name, folder / "after" / name
    for path, content in zip(paths, (before, after), strict=True):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return paths


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"psnr": 41.2, "seconds": 1.5}', '{"psnr": 41.2, "seconds": 27e-1}'),
        ("wrote /one/case/made/fine.tif", "wrote /other/case/made/fine.tif"),
        ("wrote a.tif: 2 x 2 pixels in 0.4 s; and", "wrote a.tif: 2 x 2 pixels in 2 min; and"),
        ('"end_datetime": "2026-01-02T03:04:05Z"', '"end_datetime": "2026-01-02T03:04:09Z"'),
        ("<td>0.73–1.31</td>\n<td>1.5</td></tr>", "<td>0.73–1.31</td>\n<td>12</td></tr>"),
    ],
)  # fmt: skip
def test_times_and_folders_are_no_difference(tmp_path, before, after):
    assert not difference(*pair(tmp_path, "a.txt", before, after), ROOTS)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"psnr": 41.2, "seconds": 1.5}', '{"psnr": 41.3, "seconds": 1.5}'),
        ("wrote fine.tif in 0.4 s", "wrote fine.tif in 0.4 s\n"),
        ("<td>0.73–1.31</td>\n<td>1.5</td></tr>", "<td>0.73–1.32</td>\n<td>1.5</td></tr>"),
        (b"\0\1\2", b"\0\1\2\3"),
        (b"\0\1\2", b"\0\3\2"),
    ],
)
def test_all_else_is_one(tmp_path, before, after):
    assert difference(*pair(tmp_path, "a.txt", before, after), ROOTS)


def test_a_file_that_one_version_alone_leaves_is_named(tmp_path):
    pair(tmp_path, "both.txt", "same", "same")
    (tmp_path / "after" / "more.txt").write_text("")
    found = list(differences(tmp_path / "before", tmp_path / "after", ROOTS))
    assert found == ["more.txt: only after"]


def test_of_rasters_the_pixel_or_the_tag_is_told(tmp_path):
    paths = [tmp_path / name for name in ("a.tif", "b.tif", "c.tif")]
    for path, value, tag in zip(paths, (7, 8, 7), ("x", "x", "y"), strict=True):
        pixels = np.zeros((3, 4, 5), "int16")
        pixels[1, 2, 3] = value
        place = rasterio.Affine(30, 0, 0, 0, -30, 0)
        with rasterio.open(
            path, "w", driver="GTiff", count=3, height=4, width=5, dtype="int16", transform=place
        ) as dataset:
            dataset.write(pixels)
            dataset.update_tags(HSISR_MODEL=tag)
    told = difference(paths[0], paths[1], ROOTS)
    assert told.startswith("1 of 60 pixels, the first in band 2, row 2, column 3: 7 became 8")
    assert "tags" in difference(paths[0], paths[2], ROOTS)


def test_a_model_file_is_the_same_whatever_the_order_of_its_header(tmp_path):
    weights = {"a": np.zeros(2, np.float32)}
    paths = [tmp_path / f"{name}.safetensors" for name in ("one", "two", "three")]
    save_file(weights, paths[0], {"step": "1"})
    save_file(weights, paths[2], {"step": "2"})
    content = paths[0].read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header = content[8:end].rstrip() + b"    "  # another spelling of the same
    paths[1].write_bytes(len(header).to_bytes(8, "little") + header + content[end:])
    assert paths[1].read_bytes() != content
    assert not difference(paths[0], paths[1], ROOTS)
    assert difference(paths[0], paths[2], ROOTS)


def test_a_step_that_fails_alike_in_both_is_told(tmp_path):
    side = Side("here", tmp_path)
    script = tmp_path / "fail.py"
    script.write_text("raise SystemExit('no luck')")
    folder = Case("case", ((str(script),),)).run(side)
    assert list(Case("case", ((str(script),),)).failures(folder)) == [
        "step 1 ends with 1, not 0: ...'no luck'"
    ]
    assert not list(Case("case", ((str(script),),), (1,)).failures(folder))


def test_a_version_is_installed_alone_and_lent_nothing(tmp_path):
    checkout = tmp_path / "checkout"
    (checkout / "hsisr_geo").mkdir(parents=True)
    (checkout / "hsisr_geo" / "__init__.py").write_text("")
    (checkout / "pyproject.toml").write_text(
        '[project]\nname = "hsisr-geo"\nversion = "9"\n'
        '[tool.setuptools]\npackages = ["hsisr_geo"]\n'
    )
    side = install(str(checkout), tmp_path / "side", tmp_path)
    for module, there in (("hsisr_geo", True), ("hsisr_geo.errors", False)):
        code = f"import {module}; print({module}.__file__)"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=side.environment(), text=True,
            capture_output=True,
        )  # fmt: skip
        assert (done.returncode == 0) is there, done.stderr
        assert str(side.packages) in done.stdout or not there


def test_what_is_neither_commit_nor_checkout_is_refused(tmp_path):
    with pytest.raises(SystemExit, match="no-such-version: neither a commit here"):
        install("no-such-version", tmp_path / "side", tmp_path)
