from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from pytracking.analysis.extract_results import Evaluation, evaluate
from pytracking.analysis.metrics import plotted_curves
from pytracking.analysis.plot_results import plot_curve, save_plots
from pytracking.analysis.protocols import PROTOCOLS
from pytracking.analysis.sources import find_tracker, truth_folder


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
    looks = {(to_hex(line.get_color()), line.get_linestyle()) for line in axes.get_lines()}
    assert len(looks) == len(axes.get_lines()) == trackers
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
        f"{curve}.{suffix}" for curve in plotted_curves() for suffix in ("png", "svg", "pdf")
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
