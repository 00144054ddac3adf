"""Training a method, and the scores of its densities on the test pairs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ltr.experiments.comparison.options import TrainingSettings
from ltr.experiments.comparison.problem import Pairs, Problem
from ltr.models.density import Points, UnnormalizedDensity, adapted_proposal, grid_points, importance_points
from ltr.models.loss.ebm import Energy
from ltr.models.regression import Regressor

GRID = {1: 1023, 2: 87}  # cells an axis; in more dimensions densities are sampled
DRAWS = 4096
AT_ONCE = 2**21  # points of all densities that are computed at once
RESAMPLES = 1000
CHECKPOINTS = 20  # of a training on a table
LARGEST_VALIDATION = 100  # rows: they are scored at every checkpoint
VALIDATION_GRID = {1: 255, 2: 51, 3: 21, 4: 11}  # coarse, as it only ranks checkpoints of one network

Density = Callable[[Tensor], Energy]
"""Standardized x ``[N, inputs]`` -> log p(y|x) + c(x) of standardized y."""


class Training(NamedTuple):
    """What a training took, and the step whose weights were kept."""

    seconds: float
    kept_step: int
    steps: int  # of all

    @property
    def kept(self) -> str:
        """For a line of progress."""
        return f"step {self.kept_step} of {self.steps} kept"


@dataclass(frozen=True)
class Scores:
    """Scores of one run, of each of n test pairs ``[n]``, float64.

    Args:
        nll: negative log-likelihood, -log p(y|x), in the units of the targets.
        crps: mean over the targets, in their units.
        mass_above: see :meth:`ltr.models.density.Points.mass_above`.
    """

    nll: Tensor
    crps: Tensor
    mass_above: Tensor


@dataclass
class MethodScores:
    """The scores of all runs of a method, its trainings, and processor seconds of scoring a run."""

    runs: list[Scores] = field(default_factory=list)
    trainings: list[Training] = field(default_factory=list)
    scoring_seconds: list[float] = field(default_factory=list)
    density: Density | None = None  # of the first run


def train(model: Regressor, problem: Problem, settings: TrainingSettings, seed: int) -> Training:
    """Train in place, and keep the weights of the step with the lowest NLL on validation rows.

    These are a fifth of the training rows (100 at most), which the network does not learn from. Data of a known density
    is plenty: there all pairs are learned from, and the last weights kept.

    Raises:
        FloatingPointError: the training diverges.
    """
    begin = time.process_time()
    generator = torch.Generator().manual_seed(seed)
    used, held = problem.train, None
    if settings.validation and problem.truth is None:
        used, held = _split(problem.train, generator)
    x, y = problem.standardized(used)
    size, every = min(settings.batch_size, len(x)), max(1, settings.steps // CHECKPOINTS)
    best, kept, weights = math.inf, settings.steps, None
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.lr, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.steps)
    batches: list[Tensor] = []
    for step in range(settings.steps):
        if not batches:
            order = torch.randperm(len(x), generator=generator)
            batches = [part for part in order.split(size) if len(part) == size]
        index = batches.pop()
        loss = model.loss(x[index], y[index], generator)
        if not loss.isfinite():
            raise FloatingPointError(f"the loss is {loss.item()} at step {step}; a lower --training.lr may help")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        done = step + 1
        if held and (done % every == 0 or done == settings.steps):
            nll = _validation_nll(model.log_density, problem, held)
            if nll < best:
                best, kept, weights = nll, done, deepcopy(model.state_dict())
    if weights is not None:
        model.load_state_dict(weights)
    model.eval()
    return Training(time.process_time() - begin, kept, settings.steps)


def _validation_nll(density: Density, problem: Problem, held: Pairs) -> float:
    """Of held-out pairs, up to a constant; the domain is that of the training pairs, which the test has no part in."""
    known = replace(problem, test=held)
    x, y = known.standardized(held)
    with torch.no_grad():
        target = UnnormalizedDensity(density(x), len(x), known.domain)
        points = grid_points(target, VALIDATION_GRID[len(problem.targets)])
        return -points.log_prob(target.log_density(y[:, None])[:, 0]).mean().item()


def _split(pairs: Pairs, generator: torch.Generator) -> tuple[Pairs, Pairs | None]:
    """Pairs to learn from, and for validation: a fifth, chosen at random; none of fewer than five pairs."""
    x, y = pairs
    count = min(len(x) // 5, LARGEST_VALIDATION)
    if not count:
        return pairs, None
    held, used = torch.randperm(len(x), generator=generator).split([count, len(x) - count])
    return (x[used], y[used]), (x[held], y[held])


def points_of(density: Density, x: Tensor, problem: Problem, seed: int = 0) -> tuple[UnnormalizedDensity, Points]:
    """The densities of inputs ``x [N, inputs]`` (standardized): on a grid, or from four thousand draws."""
    target = UnnormalizedDensity(density(x), len(x), problem.domain)
    size = GRID.get(len(problem.targets))
    if size:
        return target, grid_points(target, size)
    generator = torch.Generator().manual_seed(seed)
    return target, importance_points(target, adapted_proposal(target, generator), DRAWS, generator)


def score(density: Density, problem: Problem, seed: int = 0) -> tuple[Scores, float]:
    """The scores of the test pairs, and the processor seconds that they took."""
    begin = time.process_time()
    scale = problem.scales[1].std
    x, y = problem.standardized(problem.test)
    dimensions = len(problem.targets)
    count = GRID.get(dimensions, DRAWS) ** (dimensions if dimensions in GRID else 1)
    parts: list[list[Tensor]] = [[], [], []]
    with torch.no_grad():
        for some_x, some_y in zip(*(v.split(max(1, AT_ONCE // count)) for v in (x, y)), strict=True):
            target, points = points_of(density, some_x, problem, seed)
            at_label = target.log_density(some_y[:, None])[:, 0]
            parts[0].append(scale.log().sum() - points.log_prob(at_label))
            parts[1].append((points.crps(some_y) * scale).mean(dim=1))
            parts[2].append(points.mass_above(at_label))
    return Scores(*(torch.cat(part) for part in parts)), time.process_time() - begin


@dataclass(frozen=True)
class Interval:
    """A mean, and the 95 % interval of a bootstrap over runs and test pairs."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[Tensor], seed: int) -> Interval:
        """``values`` are those of each run: ``[n]``, of the same test pairs."""
        table: NDArray[np.float64] = torch.stack(values).double().numpy()
        rng = np.random.default_rng(seed)
        runs, count = table.shape
        means = [
            table[rng.integers(runs, size=runs)].mean(axis=0)[rng.integers(count, size=count)].mean()
            for _ in range(RESAMPLES)
        ]
        low, high = np.quantile(means, (0.025, 0.975))
        return cls(float(table.mean()), float(low), float(high))
