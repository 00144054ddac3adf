"""Legends of figures."""

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ltr.utils.figures import LINE_STYLES, legend_above


@pytest.mark.parametrize("lines", [1, 5])
def test_the_legend_covers_no_curve_and_no_label(lines):
    figure = Figure(figsize=(4, 3), layout="constrained")
    canvas, axes = FigureCanvasAgg(figure), figure.subplots()
    for number, style in zip(range(lines), LINE_STYLES, strict=False):
        axes.plot([0, 1], [number, 0], linestyle=style, label=f"line {number}")
    axes.set_title("title")
    figure.supxlabel("x")
    legend_above(figure, axes)
    canvas.draw()
    (legend,) = figure.legends
    assert len(legend.get_texts()) == lines
    assert legend.get_window_extent().y0 >= axes.get_tightbbox().y1
    assert legend.get_window_extent().y1 <= figure.bbox.y1
