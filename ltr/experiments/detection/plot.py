"""Figures 3 and 5 of the paper: AP over the varied hyper-parameter, a line for each method."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from itertools import cycle
from pathlib import Path

import matplotlib

from ltr.experiments.detection.runs import DetectionRuns
from ltr.experiments.detection.studies import Row
from ltr.utils.errors import InputError
from ltr.utils.figures import LINE_STYLES, legend_above, save_figure


def lines(runs: DetectionRuns, rows: Iterable[Row]) -> dict[str, list[tuple[float, float]]]:
    """By method: (value, AP after refinement, mean over the seeds) of rows that have been run and vary a number."""
    found = defaultdict(list)
    for row in rows:
        scores = [run.refined.ap for run in runs.runs(row)]
        if scores and row.is_numeric:
            found[row.method].append((float(row.value), statistics.mean(scores)))
    return dict(found)


def draw(runs: DetectionRuns, rows: list[Row], path: Path) -> None:
    """Write the figure; ValueError if there is nothing to draw."""
    points = lines(runs, rows)
    if not points:
        raise InputError("figure: none of the rows that vary a number has been run")
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 3.4), layout="constrained")
    for (method, line), marker, style in zip(points.items(), cycle("sdo^"), cycle(LINE_STYLES), strict=False):
        axes.plot(*zip(*line, strict=True), marker=marker, linestyle=style, label=method)
    axes.axhline(runs.detector().ap, color="gray", linestyle=":", label="detector alone")
    values = sorted({value for line in points.values() for value, _ in line})
    axes.set(xscale="log", xlabel=rows[0].varied, ylabel="AP")
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    legend_above(figure, axes)
    save_figure(figure, path, dpi=110)
    plt.close(figure)
