"""Success, precision and normalized-precision plots, as in the papers, and plots of differences between trackers."""

import io
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pytracking.analysis.comparison import Comparison, Interval
from pytracking.analysis.extract_results import Evaluation
from pytracking.analysis.metrics import plotted_curves
from pytracking.analysis.report_figures import COLORS
from pytracking.analysis.statistics import score_intervals
from pytracking.analysis.tables import sort_trackers

_DASHES = ("-", "--", ":", "-.")  # and marks tell lines apart without color, too: 32 looks
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_MARKS = 7  # on a line; those of different lines are apart
_LONG_LEGEND = 8  # entries; longer legends have two columns
_DRAWS = 2000  # of the bootstrap of a band; precise enough for a plot
_SHORT = 16  # characters of a name
_NAMED = 12  # sequences; a plot of more has no room for their names
_LINE = 0.2  # height of a line of the legend in inches
_STYLE: Any = {
    "font.family": "DejaVu Sans", "font.size": 9.5, "axes.titlesize": 11, "axes.labelsize": 10, "legend.fontsize": 9.5,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#dddddd",
    "grid.linewidth": 0.6, "svg.hashsalt": "0", "svg.fonttype": "path",
}  # fmt: skip


def plot_curve(evaluation: Evaluation, name: str, title: str = "") -> Figure:
    """A plot of ``plotted_curves()``: one line per tracker (the mean over its runs); the legend lists the best first.

    The bands are the 95 % intervals of each point of a curve, if there are enough sequences.
    """
    score, curve = plotted_curves()[name]
    thresholds = curve.thresholds(evaluation.protocol)
    trackers = sort_trackers(evaluation, score)
    colors = tracker_colors(evaluation)
    names = [tracker.name for tracker in evaluation.trackers]
    with plt.rc_context(_STYLE):
        columns = 1 if len(trackers) <= _LONG_LEGEND else 2
        height = 3.6 + _LINE * -(-len(trackers) // columns)
        figure, axes = plt.subplots(figsize=(4.6, height), layout="constrained")
        for place, tracker in reversed(list(enumerate(trackers))):  # the best is drawn last, on top
            color = colors[tracker.name]
            number = names.index(tracker.name)
            low, high = score_intervals(list(tracker.curves[name].T[:, None]), tracker.weights, _DRAWS).T
            axes.fill_between(thresholds, low, high, color=color, alpha=0.14, linewidth=0)
            axes.plot(
                thresholds,
                np.average(tracker.curves[name], axis=0, weights=tracker.weights),
                color=color,
                linestyle=_DASHES[number % len(_DASHES)],
                linewidth=1.8,
                marker=_MARKERS[(number + number // len(_MARKERS)) % len(_MARKERS)],
                markersize=4.5,
                markeredgecolor="#ffffff",
                markeredgewidth=0.5,
                markevery=_every(len(thresholds), place, len(trackers)),
                label=f"{_plain(tracker.name)} [{tracker.overall[score].mean():.1f}]",
                clip_on=False,
                zorder=3,
            )
        axes.set(xlabel=curve.label, ylabel=f"{curve.title.split(' plot')[0]} [%]", title=title or curve.title)
        axes.set(xlim=(thresholds[0], thresholds[-1]), ylim=(0, 100))
        below = (0.0, -0.16)  # the axes, so that it covers no curve
        lines = axes.get_lines()[::-1]
        axes.legend(
            handles=lines, loc="upper left", bbox_to_anchor=below, ncols=columns, frameon=False, handlelength=2.6
        )
    return figure


def _every(points: int, place: int, lines: int) -> tuple[int, int]:
    """The first marked point of a line and the distance to the next one, matplotlib's ``markevery``."""
    step = max(1, points // _MARKS)
    return place * step // max(1, lines), step


def plot_differences(evaluation: Evaluation, comparison: Comparison) -> Figure:
    """AUC and difference to the baseline of each tracker, with intervals; a hollow mark is not significant."""
    trackers = sort_trackers(evaluation)[::-1]  # the best on top
    colors = tracker_colors(evaluation)
    with plt.rc_context(_STYLE):
        size = (7.2, 1.1 + 0.3 * len(trackers))
        figure, (left, right) = plt.subplots(1, 2, figsize=size, sharey=True, layout="constrained")
        right.axvline(0, color="#000000", linewidth=0.8)
        for row, tracker in enumerate(trackers):
            color = colors[tracker.name]
            interval = evaluation.intervals[tracker.name, "auc"]
            _draw_interval(left, row, float(tracker.overall["auc"].mean()), interval, color)
            difference = comparison.differences.get(tracker.name)
            if difference is not None:
                _draw_interval(right, row, difference.mean, difference.interval, color, difference.shown)
        labels = [f"{_plain(tracker.name)}  ({comparison.ranks[tracker.name]})" for tracker in trackers]
        left.set(yticks=range(len(trackers)), yticklabels=labels, ylim=(-0.6, len(trackers) - 0.4))
        left.set(xlabel="AUC [%], 95 % interval", title="Score (rank)")
        right.set(
            xlabel="points of AUC, 95 % interval",
            title=f"Difference to{_gap(comparison.baseline)}{_plain(comparison.baseline)}",
        )
    return figure


def _draw_interval(
    axes: Axes, row: int, value: float, interval: Interval | None, color: str, filled: bool = True
) -> None:
    if interval is not None:
        axes.plot(interval, (row, row), color=color, linewidth=5, alpha=0.35, solid_capstyle="butt")
    axes.plot(value, row, "o", color=color, markerfacecolor=color if filled else "#ffffff", markersize=5)


def plot_pair(evaluation: Evaluation, comparison: Comparison, name: str) -> Figure:
    """Tracker ``name`` against the baseline: a scatter plot of the sequences, and the sorted differences."""
    found = {tracker.name: tracker for tracker in evaluation.trackers}
    colors, baseline = tracker_colors(evaluation), comparison.baseline
    first, second = (found[n].per_sequence["auc"] for n in (baseline, name))
    order = np.argsort(first - second, kind="stable")
    gains, places = (second - first)[order], np.arange(len(order))
    named = len(order) <= _NAMED
    with plt.rc_context(_STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.3), width_ratios=(1, 1.2), layout="constrained")
        left.plot((0, 100), (0, 100), color="#000000", linewidth=0.8)
        left.scatter(first, second, s=14, color=colors[name], alpha=0.7, linewidth=0, zorder=3, clip_on=False)
        left.set(xlim=(0, 100), ylim=(0, 100), aspect="equal", title="AUC by sequence")
        left.set(xlabel=f"{_plain(baseline)} [%]", ylabel=f"{_plain(name)} [%]")
        for part, winner in ((gains.clip(0), name), (gains.clip(max=0), baseline)):
            right.bar(places, part, width=0.8 if named else 1, color=colors[winner], alpha=0.75, linewidth=0)
        difference = comparison.differences[name]
        if difference.interval is not None:
            right.axhspan(*difference.interval, color="#666666", alpha=0.25, linewidth=0)
        right.axhline(0, color="#000000", linewidth=0.6)
        right.axhline(difference.mean, color="#000000", linewidth=1.2, linestyle="--")
        if named:
            names = [_plain(evaluation.sequences[i]) for i in order]
            right.set_xticks(places, names, rotation=30, ha="right", rotation_mode="anchor")
        else:
            right.xaxis.set_major_locator(MaxNLocator(integer=True))
        better, worse = int((gains > 0).sum()), int((gains < 0).sum())
        right.set(title=f"{_plain(name)}{_gap(name)}better on {better}, worse on {worse}")
        right.set_axisbelow(True)
        band = ", band: its 95 % interval" if difference.interval is not None else ""
        right.set(
            xlabel=f"sequences, sorted; dashed: mean{band}", ylabel="difference of AUC", xlim=(-0.5, len(gains) - 0.5)
        )
    return figure


def _gap(name: str) -> str:
    """The separator between ``name`` and the rest of a title; one line has room only for a short name."""
    return " " if len(name) <= _SHORT else "\n"


def _plain(name: str) -> str:
    """``name`` escaped, so that matplotlib does not read it as a formula."""
    return name.replace("$", r"\$")


def tracker_colors(evaluation: Evaluation) -> dict[str, str]:
    """Tracker -> its color, the same in all plots."""
    return {tracker.name: COLORS[i % len(COLORS)] for i, tracker in enumerate(evaluation.trackers)}


def svg(figure: Figure) -> str:
    """``figure`` as an ``<svg>`` element with a transparent background; the figure is closed afterwards."""
    buffer = io.StringIO()
    with plt.rc_context(_STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    plt.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def save_plots(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write every plot to ``folder`` as PNG (200 dpi), SVG and PDF; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    figures = {name: plot_curve(evaluation, name) for name in plotted_curves()}
    if evaluation.comparison is not None:
        figures["differences"] = plot_differences(evaluation, evaluation.comparison)
    for name, figure in figures.items():
        for suffix in ("png", "svg", "pdf"):
            paths.append(folder / f"{name}.{suffix}")
            # no date in the files: the same numbers give the same bytes
            metadata = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[suffix]
            with plt.rc_context(_STYLE):
                figure.savefig(paths[-1], dpi=200, metadata=metadata)
        plt.close(figure)
    return paths
