"""Coverage of the densities of trained methods."""

from __future__ import annotations

from dataclasses import replace

import torch

from ltr.experiments.comparison.coverage import WAYS, HighestDensity, Predictions, Row, measure
from ltr.experiments.comparison.methods import load, methods_of, trained
from ltr.experiments.comparison.options import Regression
from ltr.experiments.comparison.problem import Problem
from ltr.experiments.comparison.runs import Density, points_of
from ltr.utils.errors import InputError
from ltr.utils.figures import check_figure
from ltr.utils.files import check_outputs
from ltr.utils.numbers import check_seed


def halves(problem: Problem) -> tuple[Problem, Problem]:
    """The problem with the first and with the second half of its test pairs, which are in a random order.

    Raises:
        InputError: there is one pair only.
    """
    x, y = problem.test
    if len(x) < 2:
        raise InputError(f"data: expected at least 2 rows for fit and test, got {len(x)} (see --test-fraction)")
    parts = zip(x.tensor_split(2), y.tensor_split(2), strict=True)
    first, second = (replace(problem, test=part) for part in parts)
    return first, second


def predicted(density: Density, whole: Problem, part: Problem, seed: int) -> Predictions:
    """The densities of the test pairs of ``part``, on the domain of the ``whole``."""
    x, y = whole.standardized(part.test)
    with torch.no_grad():
        target, points = points_of(density, x, whole, seed)
        return Predictions(points, y.double(), target.log_density(y[:, None])[:, 0])


def regression(options: Regression) -> tuple[list[Row], int]:
    """Train and measure: a row for each method, and the number of test pairs."""
    check_seed(options.seed + options.runs - 1)
    check_figure("figure", options.figure)
    check_outputs({"figure": options.figure}, [options.data])
    problem = load(options, options.pairs)
    parts = halves(problem)
    log_unit = problem.scales[1].std.log().sum().item()
    rows = []
    for name in methods_of(options):
        networks = []
        for seed, model, training in trained(options, name, problem):
            validation, test = (predicted(model.log_density, problem, part, seed) for part in parts)
            coverage = measure(validation, test, {name: HighestDensity()}, log_unit)[name]
            errors = ", ".join(f"{coverage.error(way):.3f} {way}" for way in WAYS)
            took = f"{training.seconds:.1f} s of processor time to train"
            print(f"{name}: seed {seed}, {training.kept}, error {errors}; {took}", flush=True)
            networks.append(coverage)
        rows.append(Row(name, networks))
    return rows, len(parts[1].test[0])
