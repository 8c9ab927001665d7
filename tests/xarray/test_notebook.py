"""The notebook of the documentation runs as it stands, and shows what it shows."""

from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "notebooks" / "super_resolve.ipynb"


@pytest.mark.filterwarnings("ignore")  # of the machinery of notebooks, which is not ours
def test_the_notebook_runs_and_prints_what_is_in_it(tmp_path):
    pytest.importorskip("tensorly", reason="the scene is in tensorly's datasets")
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    stored = nbformat.read(NOTEBOOK, as_version=4)
    made = nbformat.read(NOTEBOOK, as_version=4)
    for cell in made.cells:
        cell.pop("outputs", None)
        if cell.cell_type == "code":
            cell.outputs = []
    where = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(made, timeout=240, kernel_name="python3", resources=where).execute()
    assert printed(made) == printed(stored)
    assert list(tmp_path.iterdir()) == []


def printed(notebook):
    """The lines of text that the cells print, scores among them."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [o.text for o in outputs if o.output_type == "stream" and o.name == "stdout"]
