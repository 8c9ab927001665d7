"""A training of ours as a picture: loss and validation over its steps."""

import csv
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from hsisr_geo.assessment.report.themes import LIGHT
from hsisr_geo.benchmark.figures.style import figure_style, save


def draw_training(table: Path, unit: str) -> Path:
    """Draw the table of a training (`model.training.curve`) beside it, as a PNG.

    Parameters
    ----------
    unit : of the validation, "" where none was made

    Returns
    -------
    the picture's path
    """
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    steps = [int(row["step"]) for row in rows]
    with figure_style():
        figure = Figure(figsize=(6.4, 4.4 if unit else 2.6), layout="constrained")
        axes = figure.subplots(2 if unit else 1, sharex=True, squeeze=False)[:, 0]
        _draw(axes[0], steps, [float(row["loss"]) for row in rows], "loss (running mean)")
        if unit:
            values = [float(row["validation"] or "nan") for row in rows]
            _draw(axes[1], steps, values, "validation")
            best = max(range(len(values)), key=lambda place: values[place])
            axes[1].plot(steps[best], values[best], "*", color=LIGHT.ours, markersize=11)
            axes[1].set_title(f"{unit} (the star: the weights that are kept)", fontsize=8)
        axes[-1].set_xlabel("step")
    (picture,) = save(figure, table.with_suffix(""), svg=False)
    return picture


def _draw(axes: Any, steps: list[int], values: list[float], name: str) -> None:
    axes.plot(steps, values, "o-" if len(steps) < 30 else "-", color=LIGHT.ours, markersize=3.5)
    axes.set_ylabel(name)
