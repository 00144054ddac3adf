"""Success, precision and normalised-precision plots, as in the papers."""

import io
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from pytracking.analysis.extract_results import Evaluation
from pytracking.analysis.metrics import plotted_curves
from pytracking.analysis.report_figures import COLOURS
from pytracking.analysis.tables import sort_trackers

_DASHES = ("-", "--", ":")  # told apart in print, too; with eight colours, 24 looks
_LONG_LEGEND = 8  # entries; beyond, two columns
_LINE = 0.17  # inches of height of a line of the legend
_STYLE: Any = {
    "font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 10, "axes.labelsize": 9, "legend.fontsize": 8,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#dddddd",
    "grid.linewidth": 0.6, "svg.hashsalt": "0", "svg.fonttype": "path",
}  # fmt: skip


def plot_curve(evaluation: Evaluation, name: str, title: str = "") -> Figure:
    """A plot of ``plotted_curves()``: a line a tracker (the mean over its runs), the legend the best first."""
    score, curve = plotted_curves()[name]
    thresholds = curve.thresholds(evaluation.protocol)
    trackers = sort_trackers(evaluation, score)
    place = {tracker.name: i for i, tracker in enumerate(evaluation.trackers)}  # one look in all plots
    with plt.rc_context(_STYLE):
        columns = 1 if len(trackers) <= _LONG_LEGEND else 2
        height = 3.6 + _LINE * -(-len(trackers) // columns)
        figure, axes = plt.subplots(figsize=(4.6, height), layout="constrained")
        for tracker in reversed(trackers):  # the best is drawn last, on top
            i = place[tracker.name]
            axes.plot(
                thresholds,
                np.average(tracker.curves[name], axis=0, weights=tracker.weights),
                color=COLOURS[i % len(COLOURS)],
                linestyle=_DASHES[i % len(_DASHES)],
                linewidth=1.8,
                label=f"{tracker.name} [{tracker.overall[score].mean():.1f}]".replace("$", r"\$"),
                clip_on=False,
                zorder=3,
            )
        axes.set(xlabel=curve.label, ylabel=f"{curve.title.split(' plot')[0]} [%]", title=title or curve.title)
        axes.set(xlim=(thresholds[0], thresholds[-1]), ylim=(0, 100))
        below = (0.0, -0.16)  # the axes, where it covers no curve
        lines = axes.get_lines()[::-1]
        axes.legend(
            handles=lines, loc="upper left", bbox_to_anchor=below, ncols=columns, frameon=False, handlelength=2.6
        )
    return figure


def svg(figure: Figure) -> str:
    """``figure`` as an ``<svg>`` element on whatever lies below it, closed afterwards."""
    buffer = io.StringIO()
    with plt.rc_context(_STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    plt.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def save_plots(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write every plot to ``folder`` as PNG (200 dpi), SVG and PDF; the paths written."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for curve in plotted_curves():
        figure = plot_curve(evaluation, curve)
        for suffix in ("png", "svg", "pdf"):
            paths.append(folder / f"{curve}.{suffix}")
            # no date in the files: the same numbers give the same bytes
            metadata = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[suffix]
            with plt.rc_context(_STYLE):
                figure.savefig(paths[-1], dpi=200, metadata=metadata)
        plt.close(figure)
    return paths
