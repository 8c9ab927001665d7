"""Files of all tables of a comparison, written from what its folder holds."""

from pathlib import Path

from hsisr_geo.benchmark.comparison.results import read_results
from hsisr_geo.benchmark.folder import Folder
from hsisr_geo.benchmark.records import write_whole
from hsisr_geo.benchmark.settings import BenchmarkSettings
from hsisr_geo.benchmark.tables.published_tables import published_tables
from hsisr_geo.benchmark.tables.tables import all_tables, scene_rows
from hsisr_geo.benchmark.tables.writers import WRITERS, csv_text


def write_tables(settings: BenchmarkSettings, folder: Folder) -> list[Path]:
    """Write every table in every form; return the files.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    results = read_results(settings, folder)
    tables = [*all_tables(results), *published_tables(settings)]
    texts = {
        f"{table.name}.{ending}": write(table)
        for table in tables
        for ending, write in WRITERS.items()
    }
    texts["scenes.csv"] = csv_text(scene_rows(results))
    for name, text in texts.items():
        write_whole(folder.tables / name, text)
    return [folder.tables / name for name in texts]
