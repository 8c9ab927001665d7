"""What Help opens, what a run would take, what it is told beside the usual, and what it tells."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest
from processing_runs import run
from qgis.core import QgsProcessingException

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.usefixtures("plugin")


def test_help_opens_a_page_that_came_with_the_plugin_and_says_what_the_dialog_does(plugin):
    from qgis.PyQt.QtCore import QUrl

    sys.path.insert(0, str(ROOT / "tools"))
    from write_qgis_help import pages

    algorithms = plugin.provider.algorithms()
    for algorithm in algorithms:
        page = Path(QUrl(algorithm.helpUrl()).toLocalFile())
        assert page.name == f"{algorithm.name()}.html"
        assert page.parent.parent.name == "hsisr_geo_qgis"
    for name, text in pages(algorithms).items():
        written = (ROOT / "qgis_plugin" / "pages" / name).read_text(encoding="utf-8")
        assert written == text, "run tools/write_qgis_help.py"


def test_what_products_an_option_is_for_is_what_the_engine_says(engine, plugin):
    told = subprocess.run([engine, "run", "--help"], check=True, capture_output=True, text=True)
    (algorithm,) = (a for a in plugin.provider.algorithms() if a.name() == "superresolve")
    for option, parameter in (("orthorectify", "ORTHORECTIFY"), ("mask-clouds", "MASK_CLOUDS")):
        (said,) = re.findall(rf"--{option} +(.+?)\n +--", told.stdout, re.DOTALL)
        products = set(re.findall(r"\b[A-Z][A-Za-z]{3,}\b", said)) - {"Take"}
        assert len(products) > 4
        shown = algorithm.parameterDefinition(parameter).help()
        assert not [name for name in products if name not in shown]


def test_a_dry_run_tells_time_memory_and_disk_and_writes_nothing(fields, tmp_path):
    fine = tmp_path / "fine.tif"
    made = {"INPUT": str(fields), "MODEL": "bicubic", "OUTPUT": str(fine), "DRY_RUN": True}
    results, feedback = run(made)
    said = "\n".join(feedback.said)
    for word in ("Time: about", "Memory: about", "Disk: 73.7 kB for the result"):
        assert word in said
    assert "96 rows × 96 columns and 4 bands" in said
    assert results == {}
    assert list(tmp_path.iterdir()) == []


def test_what_overrules_the_engine_reaches_it_and_the_end_tells_what_was_cut(fields, tmp_path):
    made = {"INPUT": str(fields), "MODEL": "bicubic", "OUTPUT": str(tmp_path / "fine.tif")}
    _, feedback = run({**made, "VALID_MAX": 900, "NODATA": 0, "AGAIN": True})
    (command,) = (line for line in feedback.said if " run " in line and "--upscale" in line)
    assert "--valid-range -inf 900 --again" in command
    assert "--nodata 0 " in command
    assert len([line for line in feedback.said if "% of the values were held" in line]) == 1


def test_memory_tiles_at_a_time_and_detectors_reach_the_engine(fields, tmp_path):
    made = {"INPUT": str(fields), "MODEL": "bicubic", "OUTPUT": str(tmp_path / "fine.tif")}
    _, feedback = run({**made, "MEMORY": "1G", "THREADS": 2, "TILE": 16})
    (command,) = (line for line in feedback.said if " run " in line and "--upscale" in line)
    assert "--tile 16 --threads 2 --memory 1G" in command
    assert "--overlap" not in command
    with pytest.raises(QgsProcessingException, match=r"detectors measure' \(OVERLAP\)"):
        run({**made, "OVERLAP": "vnir"})
    with pytest.raises(QgsProcessingException, match=r"the run may take' \(MEMORY\)"):
        run({**made, "MEMORY": "a lot"})


def test_info_takes_bands_as_a_run_does(fields, tmp_path):
    told, _ = run(
        {"INPUT": str(fields), "BANDS": "2-3", "OUTPUT": str(tmp_path / "a.html")}, "info"
    )
    assert told["BANDS"] == 2


def test_a_peak_value_twice_as_large_is_6_db(fields, tmp_path):
    made = str(tmp_path / "bicubic.tif")
    run({"INPUT": str(fields), "MODEL": "bicubic", "OUTPUT": made})
    other = str(tmp_path / "back-projection.tif")
    run({"INPUT": str(fields), "MODEL": "back-projection", "OUTPUT": other})
    both = {"SR": made, "REFERENCE": other, "ALL_BANDS": True}
    once, _ = run({**both, "DATA_RANGE": 1000}, "evaluate")
    twice, _ = run({**both, "DATA_RANGE": 2000}, "evaluate")
    assert twice["MPSNR"] - once["MPSNR"] == pytest.approx(20 * math.log10(2))


def test_pixels_without_a_place_have_no_size_and_one_tile_is_not_counted(fake_engine, tmp_path):
    from osgeo import gdal

    for name in ("swath.tif", "fine.tif"):
        gdal.GetDriverByName("GTiff").Create(str(tmp_path / name), 12, 8, 2).FlushCache()
    lines = [{"event": "progress", "done": done, "total": 1, "share": done} for done in (0, 0.5)]
    spoken = "; sleep 0.1; ".join(f"echo '{json.dumps(line)}'" for line in lines)
    fake_engine(f"""{spoken}; echo '{{"event": "result", "seconds": 2}}'""")
    made = {"INPUT": str(tmp_path / "swath.tif"), "OUTPUT": str(tmp_path / "fine.tif")}
    _, feedback = run(made)
    assert "Pixels: 8 rows × 12 columns" in feedback.said
    assert feedback.texts == ["about 1 s left"]


def test_one_end_of_the_range_leaves_the_other_open():
    from hsisr_geo_qgis.algorithms.superresolve import SuperResolve
    from qgis.core import QgsProcessingContext

    algorithm, context = SuperResolve().create(), QgsProcessingContext()
    assert algorithm.valid_range({}, context) is None
    assert algorithm.valid_range({"VALID_MIN": 0.5}, context) == (0.5, math.inf)
    assert algorithm.valid_range({"VALID_MIN": 0, "VALID_MAX": 1}, context) == (0, 1)


def test_what_is_empty_in_another_way_than_none_is_no_zero():
    from hsisr_geo_qgis.algorithms.superresolve import SuperResolve
    from qgis.core import (
        NULL,
        QgsProcessingContext,
        QgsProperty,
    )

    algorithm, context = SuperResolve().create(), QgsProcessingContext()

    def numbers(given):
        asked = {"NODATA": given, "TILE": given}
        return (
            algorithm.decimal(asked, "NODATA", context),
            algorithm.number(asked, "TILE", context),
        )

    for nothing in (None, NULL, "", " ", QgsProperty.fromExpression("NULL")):
        assert numbers(nothing) == (None, None)
    for sixteen in (16, 16.0, "16", QgsProperty.fromExpression("4 * 4")):
        assert numbers(sixteen) == (16, 16)
    assert algorithm.decimal({"NODATA": -3.4028234663852886e38}, "NODATA", context) == (
        -3.4028234663852886e38
    )
    with pytest.raises(QgsProcessingException, match="NODATA is '0,5', which is not a number"):
        numbers("0,5")


def test_info_puts_what_is_odd_first(fake_engine, fields, tmp_path):
    told = [["crs", "EPSG:1"], ["note", "a <note>, --exclude water-vapour"]]
    bands = [{"band": 1, "wavelength_nm": 450.5, "good": False}]
    fake_engine(f"echo '{json.dumps({'told': told, 'bands': bands, 'product': None})}'")
    page = tmp_path / "info.html"
    run({"INPUT": str(fields), "OUTPUT": str(page)}, "info")
    text = page.read_text(encoding="utf-8")
    assert "<ul><li>a &lt;note&gt;, &#x27;Keep bands in water vapour from the network" in text
    assert "<tr><td>crs</td><td>EPSG:1</td></tr>\n</table>" in text
    assert "wavelength (nm)</th>" in text
    assert "<tr><td>1</td><td>450.5</td><td>no</td></tr>" in text
    assert "product" not in text
