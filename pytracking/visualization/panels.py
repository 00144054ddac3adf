"""Debug panels of one frame: search region, score map, energy slices, memory weights."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ltr.data.bounding_box_utils import box_from_relative, box_to_relative
from pytracking.tracker.dimp.debug import FrameDebug

SIZE = (1500, 330)  # pixels of a row
REACH = 0.6  # of the energy slices, in relative box space: target sizes, and log size
POINTS = 31  # of a slice, along each axis
BEFORE, AFTER = "#ffffff", "#00d27a"


def draw_panels(title: str, view: FrameDebug | None) -> NDArray[np.uint8]:
    """The panels of one target, RGB uint8 [330, 1500, 3]; without a ``view``, only the ``title``.

    Panels: the search region with the box before (white) and after its refinement (green); the score map; f(x, y) over
    the position and over the size of the box, from the box before; the weights of the memory.
    """
    figure = Figure(figsize=(SIZE[0] / 100, SIZE[1] / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    if view is not None:
        region, scores, position, size, memory = figure.subplots(1, 5)
        figure.subplots_adjust(left=0.01, right=0.99, bottom=0.14, top=0.84, wspace=0.24)
        _draw_region(region, view)
        _draw_scores(scores, view)
        _draw_slice(position, view, (0, 1), "f over position", ("x / width", "y / height"))
        _draw_slice(size, view, (2, 3), "f over size", ("log width", "log height"))
        _draw_memory(memory, view)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def energy_slice(view: FrameDebug, axes: tuple[int, int]) -> NDArray[np.float32]:
    """f ``[POINTS, POINTS]`` (rows: the second axis) over two axes of box space relative to the box before, +-REACH."""
    assert view.energy is not None
    assert view.before is not None
    steps = np.linspace(-REACH, REACH, POINTS)
    relative = np.zeros((POINTS, POINTS, 4))
    relative[..., axes[0]] = steps
    relative[..., axes[1]] = steps[:, None]
    boxes = box_from_relative(relative.reshape(-1, 4), view.before)
    return view.energy(boxes).reshape(POINTS, POINTS)


def _draw_region(axes: Axes, view: FrameDebug) -> None:
    axes.imshow(view.crop)
    for box, color, style in ((view.before, BEFORE, ":"), (view.after, AFTER, "-")):
        if box is not None:
            x, y, w, h = box.tolist()
            axes.add_patch(Rectangle((x, y), w, h, fill=False, edgecolor=color, linestyle=style, linewidth=2))
    axes.set_title("search region", fontsize=10)
    axes.set_axis_off()


def _draw_scores(axes: Axes, view: FrameDebug) -> None:
    if view.scores is None or view.found is None:
        return
    axes.imshow(view.scores, cmap="inferno", vmin=0, vmax=1)
    center = (len(view.scores) - 1) / 2
    dx, dy = view.found.displacement
    axes.plot(center + dx, center + dy, "+", color=AFTER, markersize=12, markeredgewidth=2)
    axes.set_title(f"score map: {view.found.score:.2f}, {view.found.state}", fontsize=10)
    axes.set_axis_off()


def _draw_slice(axes: Axes, view: FrameDebug, which: tuple[int, int], title: str, labels: tuple[str, str]) -> None:
    axes.set_title(title, fontsize=10)
    if view.energy is None or view.before is None or view.after is None:
        axes.text(0.5, 0.5, "not refined", ha="center", va="center", transform=axes.transAxes)
        axes.set_axis_off()
        return
    values = energy_slice(view, which)
    image = axes.imshow(values, extent=(-REACH, REACH, REACH, -REACH), cmap="viridis")
    axes.contour(values, 8, colors="k", linewidths=0.4, linestyles="solid", extent=(-REACH, REACH, -REACH, REACH))
    colorbar = axes.figure.colorbar(image, ax=axes, shrink=0.8)
    colorbar.ax.tick_params(labelsize=7)
    _mark(axes, view.after, view.before, which)
    axes.set_xlabel(labels[0], fontsize=8)
    axes.set_ylabel(labels[1], fontsize=8)
    axes.tick_params(labelsize=7)
    if which == (2, 3):
        axes.invert_yaxis()  # larger sizes are up; positions grow downward, as in the image


def _mark(axes: Axes, after: NDArray[np.float64], before: NDArray[np.float64], which: tuple[int, int]) -> None:
    """Mark the box before, at the origin, and the refined one relative to it."""
    moved = box_to_relative(after.astype(np.float64), before)[list(which)].tolist()
    axes.plot(0, 0, "o", color=BEFORE, markeredgecolor="k", markersize=6)
    axes.plot(*moved, "o", color=AFTER, markeredgecolor="k", markersize=6)


def _draw_memory(axes: Axes, view: FrameDebug) -> None:
    if view.weights is None:
        return
    colors = ["#555555"] * view.num_init + ["#3b82c4"] * (len(view.weights) - view.num_init)
    axes.bar(range(len(view.weights)), view.weights, color=colors)
    axes.set_title(f"memory: {view.num_init} first, {len(view.weights) - view.num_init} later", fontsize=10)
    axes.set_xlabel("sample", fontsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(labelsize=7)
