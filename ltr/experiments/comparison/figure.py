"""Pictures of the densities of several methods, beside the test pairs."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib
import torch
from torch import Tensor

from ltr.experiments.comparison.problem import Problem
from ltr.experiments.comparison.runs import Density
from ltr.models.density import Domain, UnnormalizedDensity, grid_points
from ltr.utils.figures import LINE_STYLES, legend_above, save_figure

SIZE = 240  # points an axis
ROWS = 3  # test pairs that are drawn, where x is no axis
SHOWN = 400  # test pairs in a picture of x and y


def draw(densities: Mapping[str, Density], problem: Problem, path: Path) -> None:
    """Write the figure: for one input and one target p(y|x) over both; for several inputs p(y|x) of three test pairs;
    for two targets their plane, of three test pairs."""
    matplotlib.use("Agg")
    if len(problem.targets) == 2:
        figure = _planes(densities, problem)
    elif len(problem.inputs) == 1:
        figure = _maps(densities, problem)
    else:
        figure = _curves(densities, problem)
    save_figure(figure, path, dpi=90)


def test_pairs(problem: Problem) -> list[str]:
    """A line for each test pair that the figure shows one by one: its line in the table, x and y."""
    if len(problem.targets) == 1 and len(problem.inputs) == 1:
        return []
    names = (*problem.inputs, *problem.targets)
    lines = []
    for number, values in enumerate(torch.cat(problem.test, dim=1)[:ROWS].tolist()):
        where = f" (line {problem.test_lines[number]})" if problem.test_lines else ""
        cells = ", ".join(f"{name} {value:g}" for name, value in zip(names, values, strict=True))
        lines.append(f"test pair {number + 1}{where}: {cells}")
    return lines


def _panels(rows: int, columns: int, width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)


def _values(density: Density, x: Tensor, domain: Domain) -> Tensor:
    """p of standardized y on a grid ``[N, SIZE ** D]``."""
    with torch.no_grad():
        points = grid_points(UnnormalizedDensity(density(x), len(x), domain), SIZE)
    return points.log_prob(points.log_density).exp()


def _axis(domain: Domain, problem: Problem, d: int) -> tuple[float, float]:
    """The range of target d, in its own units."""
    of_y = problem.scales[1]
    mean, std = of_y.mean[d].item(), of_y.std[d].item()
    return domain.low[d] * std + mean, domain.high[d] * std + mean


def _maps(densities: Mapping[str, Density], problem: Problem) -> Any:
    of_x = problem.scales[0]
    x, y = problem.test[0][:SHOWN, 0], problem.test[1][:SHOWN, 0]
    low, high = problem.test[0].min().item(), problem.test[0].max().item()
    inputs = of_x.standardized(torch.linspace(low, high, SIZE, dtype=torch.float64)[:, None])
    bottom, top = _axis(problem.domain, problem, 0)
    columns = min(4, len(densities))
    figure, axes = _panels(-(-len(densities) // columns), columns, 2.6, 2.4)
    values = {name: _values(density, inputs, problem.domain).sqrt() for name, density in densities.items()}
    brightest = max(value.quantile(0.998).item() for value in values.values())
    for place in axes.flat[len(values) :]:
        place.set_visible(False)
    for place, (name, value) in zip(axes.flat, values.items(), strict=False):
        extent = (low, high, bottom, top)
        place.imshow(
            value.T.numpy(), origin="lower", extent=extent, aspect="auto", cmap="magma", vmin=0, vmax=brightest
        )
        place.plot(x, y, ".", color="white", markersize=1, alpha=0.4)
        place.set(title=name)
    figure.supxlabel(problem.inputs[0])
    figure.supylabel(problem.targets[0])
    return figure


def _curves(densities: Mapping[str, Density], problem: Problem) -> Any:
    domain = problem.domain
    x, _ = problem.standardized((problem.test[0][:ROWS], problem.test[1][:ROWS]))
    std = problem.scales[1].std[0].item()
    figure, axes = _panels(1, len(x), 3.2, 2.6)
    y = torch.linspace(*_axis(domain, problem, 0), SIZE, dtype=torch.float64)
    for (name, density), style in zip(densities.items(), cycle(LINE_STYLES), strict=False):
        for place, curve in zip(axes[0], _values(density, x, domain) / std, strict=True):
            place.plot(y, curve, label=name, linewidth=1.2, linestyle=style)
    for number, place in enumerate(axes[0]):
        place.axvline(problem.test[1][number, 0].item(), color="black", linestyle=":", linewidth=1)
        place.set(title=f"test pair {number + 1}", xlabel=problem.targets[0])
    axes[0][0].set_ylabel("density")
    legend_above(figure, axes[0][-1], columns=4, fontsize=8)
    return figure


def _planes(densities: Mapping[str, Density], problem: Problem) -> Any:
    domain = problem.domain
    x, _ = problem.standardized((problem.test[0][:ROWS], problem.test[1][:ROWS]))
    figure, axes = _panels(len(x), len(densities), 2.0, 2.0)
    extent = (*_axis(domain, problem, 0), *_axis(domain, problem, 1))
    values = {name: _values(density, x, domain).sqrt().view(-1, SIZE, SIZE) for name, density in densities.items()}
    brightest = max(value.max().item() for value in values.values())
    for column, (name, value) in enumerate(values.items()):
        axes[0][column].set(title=name)
        for row in range(len(x)):
            place = axes[row][column]
            place.imshow(
                value[row].T.numpy(), origin="lower", extent=extent, aspect="auto", cmap="magma", vmin=0, vmax=brightest
            )
            place.plot(*problem.test[1][row].tolist(), "+", color="cyan")
    figure.supxlabel(problem.targets[0])
    figure.supylabel(problem.targets[1])
    return figure
