"""What the regions of trained densities cover, as trained and with the corrections: numbers, tables and a figure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import matplotlib
import torch
from torch import Tensor

from ltr.models.density.calibration import (
    conformal_levels,
    fit_temperature,
    interval_mass,
    observed_coverage,
    tempered,
)
from ltr.models.density.points import Points
from ltr.utils.figures import LINE_STYLES, legend_above, save_figure

LEVELS = torch.arange(1, 20, dtype=torch.float64) / 20
REPORTED = 0.9  # the level whose coverage and size are in the table
WAYS = {"as trained": "tab:blue", "temperature": "tab:orange", "conformal": "tab:green"}


@dataclass(frozen=True)
class Predictions:
    """Densities of N inputs, and the true targets ``[N, D]`` with their f ``[N]``."""

    points: Points
    target: Tensor
    log_density: Tensor

    def tempered(self, temperature: float) -> Predictions:
        """The same with f / T for f."""
        return Predictions(tempered(self.points, temperature), self.target, self.log_density / temperature)

    def nll(self) -> float:
        """Mean negative log-likelihood, nats."""
        return -self.points.log_prob(self.log_density).mean().item()


class Region(Protocol):
    """A kind of credible region."""

    def mass(self, predictions: Predictions) -> Tensor:
        """The smallest level whose region has the target ``[N]``."""

    def size(self, points: Points, level: float) -> Tensor:
        """Size of the region of a level ``[N]``."""


class HighestDensity:
    """The smallest region of its probability; its size is a volume."""

    def mass(self, predictions: Predictions) -> Tensor:
        return predictions.points.mass_above(predictions.log_density)

    def size(self, points: Points, level: float) -> Tensor:
        return points.region_volume(level)


@dataclass(frozen=True)
class CentralInterval:
    """The central interval of one coordinate; its size is a length."""

    coordinate: int

    def mass(self, predictions: Predictions) -> Tensor:
        return interval_mass(predictions.points, predictions.target)[:, self.coordinate]

    def size(self, points: Points, level: float) -> Tensor:
        ends = points.quantiles(torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=torch.float64))
        return (ends[:, 1] - ends[:, 0])[:, self.coordinate]


@dataclass(frozen=True)
class Coverage:
    """Of one network and one kind of region on test data; each mapping is by :data:`WAYS`.

    Args:
        observed: at :data:`LEVELS`.
        reported: observed at the level :data:`REPORTED`, and the mean size of the region there.
        temperature: fitted on validation data.
        nll: mean negative log-likelihood on test data, as trained and with the temperature.
    """

    observed: Mapping[str, Tensor]
    reported: Mapping[str, tuple[float, float]]
    temperature: float
    nll: tuple[float, float]

    def error(self, way: str) -> float:
        """Mean distance of observed and nominal coverage over the levels."""
        return (self.observed[way] - LEVELS).abs().mean().item()


def measure(
    validation: Predictions, test: Predictions, regions: Mapping[str, Region], log_unit: float = 0.0
) -> dict[str, Coverage]:
    """Coverage on the test data, with the corrections that are fitted on the validation data.

    Args:
        validation, test: predictions for other inputs.
        regions: by name.
        log_unit: log of the volume of the space's unit, if NLL and sizes shall be in others.
    """
    unit = math.exp(log_unit)
    temperature = fit_temperature(validation.points, validation.log_density)
    warmer = test.tempered(temperature)
    found = {}
    asked = torch.cat([LEVELS, torch.tensor([REPORTED], dtype=torch.float64)])
    for name, region in regions.items():
        conformal = conformal_levels(region.mass(validation), asked)
        ways = {"as trained": (test, asked), "temperature": (warmer, asked), "conformal": (test, conformal)}
        observed = {way: observed_coverage(region.mass(part), levels) for way, (part, levels) in ways.items()}
        sizes = {way: region.size(part.points, levels[-1].item()) for way, (part, levels) in ways.items()}
        found[name] = Coverage(
            {way: values[:-1] for way, values in observed.items()},
            {way: (values[-1].item(), unit * sizes[way].mean().item()) for way, values in observed.items()},
            temperature,
            (test.nll() + log_unit, warmer.nll() + log_unit),
        )
    return found


def noise_floor(count: int, draws: int = 1000) -> float:
    """The mean of :meth:`Coverage.error` of a density without error on ``count`` test targets."""
    generator = torch.Generator().manual_seed(0)
    masses = torch.rand(draws, count, generator=generator, dtype=torch.float64)
    observed = torch.stack([(masses <= level).double().mean(dim=1) for level in LEVELS], dim=1)
    return (observed - LEVELS).abs().mean().item()


@dataclass(frozen=True)
class Row:
    """The networks of one line of the table."""

    title: str
    networks: Sequence[Coverage] = field(default_factory=tuple)


def table(rows: Sequence[Row]) -> list[str]:
    """Markdown, means over the networks of a row; the size is that of the region that is to cover 90 %."""
    percent = f"{REPORTED:.0%}"
    ways = " | ".join(f"{way}: error | {percent} covers | size" for way in WAYS)
    lines = [f"| | NLL | T | NLL at T | {ways} |", "|---|" + "--:|" * (3 + 3 * len(WAYS))]
    for row in rows:
        runs = row.networks
        numbers = [_mean(run.nll[0] for run in runs), _mean(run.temperature for run in runs)]
        numbers += [_mean(run.nll[1] for run in runs)]
        text = [f"{number:.2f}" for number in numbers]
        for way in WAYS:
            covers, extent = (_mean(run.reported[way][i] for run in runs) for i in (0, 1))
            text += [f"{_mean(run.error(way) for run in runs):.3f}", f"{covers:.1%}", f"{extent:.3g}"]
        lines.append(f"| {row.title} | " + " | ".join(text) + " |")
    return lines


def _mean(values: object) -> float:
    return torch.tensor(list(values), dtype=torch.float64).mean().item()  # type: ignore[call-overload]


def draw(rows: Sequence[Row], path: Path) -> None:
    """Write a figure, one panel a row: observed against nominal coverage; thin: single networks."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    columns = min(4, len(rows))
    lines = -(-len(rows) // columns)
    shape = (2.4 * columns, 2.5 * lines)
    figure, grid = plt.subplots(
        lines, columns, figsize=shape, layout="constrained", sharex=True, sharey=True, squeeze=False
    )
    for axes in grid.flat[len(rows) :]:
        axes.axis("off")
    for axes, row in zip(grid.flat, rows, strict=False):
        axes.plot([0, 1], [0, 1], color="gray", linewidth=0.8, linestyle=":")
        for (way, color), style in zip(WAYS.items(), LINE_STYLES, strict=False):
            curves = torch.stack([run.observed[way] for run in row.networks])
            axes.plot(LEVELS, curves.T, color=color, linewidth=0.5, alpha=0.4)
            axes.plot(LEVELS, curves.mean(dim=0), color=color, linewidth=1.5, linestyle=style, label=way)
        axes.set(title=row.title, xlim=(0, 1), ylim=(0, 1), aspect="equal")
    figure.supxlabel("nominal coverage")
    figure.supylabel("observed coverage")
    legend_above(figure, grid[0, 0], columns=len(WAYS), fontsize="x-small")
    save_figure(figure, path, dpi=100)
    plt.close(figure)
