from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from pytracking.analysis.extract_results import Evaluation, evaluate
from pytracking.analysis.metrics import plotted_curves
from pytracking.analysis.plot_results import plot_curve, plot_differences, plot_pair, save_plots
from pytracking.analysis.protocols import PROTOCOLS
from pytracking.analysis.sources import find_tracker, truth_folder
from pytracking.analysis.statistics import score_intervals
from pytracking.analysis.tables import sort_trackers


def make(write_boxes: Callable[..., Path], boxes: np.ndarray, trackers: int) -> Evaluation:
    truths = truth_folder(write_boxes("gt", a=boxes))
    found = [find_tracker(f"t{i}", write_boxes(f"t{i}", a=boxes + np.array([0, 2 * i, 0, 0]))) for i in range(trackers)]
    return evaluate(found[::-1], truths, PROTOCOLS["otb"])


@pytest.mark.parametrize("curve", plotted_curves())
@pytest.mark.parametrize("trackers", [3, 10])
def test_the_legend_is_sorted_and_shows_the_scores(
    write_boxes: Callable[..., Path], boxes: np.ndarray, curve: str, trackers: int
) -> None:
    figure = plot_curve(make(write_boxes, boxes, trackers), curve)
    (axes,) = figure.axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    scores = [float(label.split("[")[1].rstrip("]")) for label in labels]
    assert scores == sorted(scores, reverse=True)
    assert sorted(label.split(" [")[0] for label in labels) == [f"t{i}" for i in range(trackers)]
    looks = {(line.get_linestyle(), line.get_marker()) for line in axes.get_lines()}  # without color
    assert len(looks) == len(axes.get_lines()) == trackers
    marked = [line.get_markevery()[0] for line in axes.get_lines()]
    assert len(set(marked)) > 1  # marks of lines that run together do not hide each other
    plt.close(figure)


def test_curves_are_drawn_in_percent_over_the_thresholds(write_boxes: Callable[..., Path], boxes: np.ndarray) -> None:
    figure = plot_curve(make(write_boxes, boxes, 1), "success")
    (line,) = figure.axes[0].get_lines()
    np.testing.assert_allclose(line.get_xdata(), np.linspace(0, 1, 21), atol=1e-12)
    np.testing.assert_allclose(line.get_ydata(), [100.0] * 20 + [0.0])
    plt.close(figure)


def test_files_are_written_and_do_not_change_from_run_to_run(
    write_boxes: Callable[..., Path], boxes: np.ndarray, tmp_path: Path
) -> None:
    evaluation = make(write_boxes, boxes, 2)
    open_before = plt.get_fignums()
    paths = save_plots(evaluation, tmp_path / "a")
    assert {p.name for p in paths} == {
        f"{name}.{suffix}" for name in (*plotted_curves(), "differences") for suffix in ("png", "svg", "pdf")
    }
    for first, second in zip(paths, save_plots(evaluation, tmp_path / "b"), strict=True):
        assert first.read_bytes() == second.read_bytes() != b""
    assert plt.get_fignums() == open_before


def test_any_name_is_in_the_legend_which_covers_no_curve(write_boxes: Callable[..., Path], boxes: np.ndarray) -> None:
    names = ["a$b$c", "_hidden", "%d {x} \\\\ ^"]
    truths, folder = truth_folder(write_boxes("gt", a=boxes)), write_boxes("x", a=boxes)
    evaluation = evaluate([find_tracker(name, folder) for name in names], truths, PROTOCOLS["otb"])
    figure = plot_curve(evaluation, "success")
    figure.canvas.draw()
    (axes,) = figure.axes
    legend = axes.get_legend()
    assert len(legend.get_texts()) == 3
    assert legend.get_window_extent().y1 < axes.get_window_extent().y0
    assert len({line.get_linestyle() for line in axes.get_lines()}) == 3
    plt.close(figure)


@pytest.fixture
def compared(write_boxes: Callable[..., Path], boxes: np.ndarray) -> Evaluation:
    """Trackers t0, t1 and t2, one worse than the other, and a tie of t0 and t3, on six sequences."""
    truths = truth_folder(write_boxes("gt", **dict.fromkeys("abcdef", boxes)))
    shifts = {"t0": 0.5, "t1": 1.5, "t2": 2.5, "t3": 0.55}
    off = {
        tracker: {name: boxes + np.array([0, by * (1 + i % 3), 0, 0]) for i, name in enumerate("abcdef")}
        for tracker, by in shifts.items()
    }
    found = [find_tracker(tracker, write_boxes(tracker, **moved)) for tracker, moved in off.items()]
    return evaluate(found, truths, PROTOCOLS["otb"])


def test_bands_are_the_intervals_of_the_points_of_a_curve(compared: Evaluation) -> None:
    figure = plot_curve(compared, "success")
    (axes,) = figure.axes
    bands, lines = axes.collections, axes.get_lines()
    assert len(bands) == len(lines) == 4
    for band, line in zip(bands, lines, strict=True):
        assert to_hex(band.get_facecolor()[0]) == to_hex(line.get_color())
        outline = band.get_paths()[0].vertices
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True):
            ends = outline[np.isclose(outline[:, 0], x), 1]
            assert ends.min() <= y <= ends.max()
    tracker = compared.trackers[3]
    (_, interval) = score_intervals([tracker.curves["success"][:, [i]].T for i in (3, 15)], np.ones(6), 2000)
    outline = bands[list(plot_order(compared)).index("t3")].get_paths()[0].vertices
    ends = outline[np.isclose(outline[:, 0], 0.75), 1]
    assert [ends.min(), ends.max()] == pytest.approx(interval, abs=1.0)
    plt.close(figure)


def plot_order(evaluation: Evaluation) -> list[str]:
    """The worst first."""
    return [tracker.name for tracker in sort_trackers(evaluation)][::-1]


def test_intervals_are_bars_and_ties_are_hollow(compared: Evaluation) -> None:
    comparison = compared.comparison
    assert comparison is not None
    figure = plot_differences(compared, comparison)
    scores, differences = figure.axes
    order = plot_order(compared)
    assert [text.get_text().split()[0] for text in scores.get_yticklabels()] == order
    bars = [line for line in scores.get_lines() if len(line.get_xdata()) == 2]
    assert [tuple(bar.get_xdata()) for bar in bars] == [compared.intervals[name, "auc"] for name in order]
    dots = [line for line in differences.get_lines() if line.get_marker() == "o"]
    found = {order[int(dot.get_ydata()[0])]: dot for dot in dots}
    assert set(found) == set(order) - {"t0"}
    for name, dot in found.items():
        assert dot.get_xdata()[0] == comparison.differences[name].mean
        assert (to_hex(dot.get_markerfacecolor()) == "#ffffff") is not comparison.differences[name].shown
    plt.close(figure)


def test_a_pair_sequence_by_sequence(compared: Evaluation) -> None:
    assert compared.comparison is not None
    figure = plot_pair(compared, compared.comparison, "t2")
    scatter, bars = figure.axes
    t0, t2 = (compared.trackers[i].per_sequence["auc"] for i in (0, 2))
    np.testing.assert_allclose(scatter.collections[0].get_offsets(), np.column_stack([t0, t2]))
    heights = np.sum([[bar.get_height() for bar in part] for part in bars.containers], axis=0)
    np.testing.assert_allclose(heights, np.sort(t2 - t0)[::-1])
    assert bars.get_title() == "t2 better on 0, worse on 6"
    names = [compared.sequences[i] for i in np.argsort(t0 - t2, kind="stable")]
    assert [label.get_text() for label in bars.get_xticklabels()] == names
    plt.close(figure)
