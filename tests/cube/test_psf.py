"""What --psf takes: names, and kernel files of every form that people write."""

import numpy as np
import pytest

from hsisr_geo.cube.degradation import named, of_kernel
from hsisr_geo.cube.psf import parse_psf
from hsisr_geo.errors import OptionError

LINE = np.array([1.0, 4, 6, 6, 4, 1])
KERNEL = np.outer(LINE, LINE) + np.diag([0, 1.0, 3, 3, 1, 0])


def text(kernel, separator):
    return "".join(separator.join(f"{value:g}" for value in row) + "\n" for row in kernel)


@pytest.mark.parametrize("spec", ["bicubic", "gaussian:0.3"])
def test_names_are_degradations(spec):
    assert parse_psf(spec, 3) == named(spec, 3)


@pytest.mark.parametrize("separator", [",", ";", " ", "\t", ", ", "  "])
def test_a_text_file_is_read_whatever_parts_its_numbers(tmp_path, separator):
    path = tmp_path / "psf.csv"
    content = "# measured\n\n" + text(KERNEL, separator).replace("\n", "  # a row\n")
    path.write_bytes(b"\xef\xbb\xbf" + content.replace("\n", "\r\n").encode())
    assert parse_psf(str(path), 2).terms == of_kernel(KERNEL, "", 2).terms


@pytest.mark.parametrize("dtype", ["float64", "float32", "uint8", "int16"])
def test_a_numpy_array_is_read(tmp_path, dtype):
    np.save(tmp_path / "psf.npy", KERNEL.astype(dtype))
    assert parse_psf(str(tmp_path / "psf.npy"), 2).terms == of_kernel(KERNEL, "", 2).terms


@pytest.mark.parametrize("line", [LINE, LINE[None], LINE[:, None]], ids=["1-D", "row", "column"])
def test_one_line_stands_for_both_directions(tmp_path, line):
    np.save(tmp_path / "psf.npy", line)
    image = np.random.default_rng(0).normal(size=(20, 24)).astype(np.float32)
    found = parse_psf(str(tmp_path / "psf.npy"), 2)
    assert len(found.terms) == 1
    expected = of_kernel(np.outer(LINE, LINE), "", 2).apply(image)
    np.testing.assert_allclose(found.apply(image), expected, atol=1e-6)


def test_the_name_is_that_of_the_file_and_its_content(tmp_path):
    path = tmp_path / "psf.csv"
    names = []
    for kernel in (KERNEL, 2 * KERNEL):
        path.write_text(text(kernel, ","))
        names.append(parse_psf(str(path), 2).name)
    assert names[0].startswith("psf.csv (sha256 ")
    assert names[0] != names[1]
    assert str(tmp_path) not in names[0]


def save(array):
    return lambda path: np.save(path, array)


BAD_KERNELS = {
    "missing.csv": (lambda path: None, "no file of that name"),
    "folder.csv": (lambda path: path.mkdir(), "cannot read"),
    "empty.csv": (lambda path: path.write_text("# nothing\n"), "no numbers"),
    "words.csv": (lambda path: path.write_text("1 2\n3 four\n"), "line 2: not a row"),
    "ragged.csv": (lambda path: path.write_text("1,2\n3\n"), "line 2: 1 numbers"),
    "nan.csv": (lambda path: path.write_text("1,nan\n"), "not finite"),
    "inf.csv": (lambda path: path.write_text("1,1e999\n"), "not finite"),
    "zero.csv": (lambda path: path.write_text("0,0\n0,0\n"), "sum to nothing"),
    "opposed.csv": (lambda path: path.write_text("1,-1\n1,-1\n"), "sum to nothing"),
    "binary.csv": (lambda path: path.write_bytes(bytes(range(256))), "not a row"),
    "large.csv": (lambda path: path.write_text("0 " * 6_000_000), "too large"),
    "long.csv": (lambda path: path.write_text("1 " * 3000), "too many"),
    "wide.csv": (lambda path: path.write_text("1 " * 300), "300 output pixels wide"),
    "none.npy": (lambda path: path.write_bytes(b""), "no NumPy array"),
    "text.npy": (lambda path: path.write_text("1,2\n"), "no NumPy array"),
    "objects.npy": (save(np.array([{}], object)), "no NumPy array"),
    "complex.npy": (save(np.ones((2, 2), complex)), "complex"),
    "cube.npy": (save(np.ones((2, 2, 2))), "shape"),
    "hollow.npy": (save(np.ones((0, 3))), "no numbers"),
}


@pytest.mark.parametrize("name", BAD_KERNELS)
def test_a_bad_kernel_file_is_named_with_what_is_wrong(tmp_path, name):
    make, reason = BAD_KERNELS[name]
    make(tmp_path / name)
    with pytest.raises(OptionError, match=reason) as error:
        parse_psf(str(tmp_path / name), 2)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("spec", ["", "gauss", "gaussian", "Bicubic", "a\0b", "x" * 5000])
def test_an_unknown_name_is_answered_with_the_known_ones(spec):
    with pytest.raises(OptionError, match=r"unknown PSF.*bicubic, gaussian:MTF"):
        parse_psf(spec, 2)
