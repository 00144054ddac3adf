"""Calibration: how often credible regions have the target, as trained, with a temperature, and conformal.

    python -m ltr.experiments.calibration regression --methods nce ebmdn mdn --data mine.csv
    python -m ltr.experiments.calibration detection ncep_mobile --data DIR

The corrections are fitted on validation data, and everything is tested on other data. The regions are those of highest
density; for boxes also the central intervals of each coordinate, relative to the box that the detector found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import torch
import tyro

from ltr.admin.build_detection import FrozenDetectorLoaders, read_pictures
from ltr.experiments.comparison.coverage import (
    WAYS,
    HighestDensity,
    Predictions,
    Row,
    draw,
    measure,
    noise_floor,
    table,
)
from ltr.experiments.comparison.methods import TrainingOptions, load, trained
from ltr.experiments.comparison.problem import Problem
from ltr.experiments.comparison.runs import Density, points_of
from ltr.experiments.detection.calibration import REGIONS, predictions
from ltr.experiments.evaluate_detection import BranchOptions, load_branch
from ltr.models.regression import SampleCount
from ltr.utils.cli import one_line_errors
from ltr.utils.config import PositiveInt, Range, check
from ltr.utils.device import choose_device, set_threads
from ltr.utils.errors import InputError
from ltr.utils.figures import check_figure
from ltr.utils.files import check_outputs
from ltr.utils.numbers import check_seed


@dataclass(frozen=True)
class Regression(TrainingOptions):
    """Methods of p(y|x), trained as ltr.experiments.compare does: the corrections are fitted on half of its test rows,
    and tested on the other half."""

    test_fraction: float = 0.4  # of the rows of a table
    pairs: Annotated[int, Range(least=1, most=100_000)] = 4000  # of a synthetic data set, to fit and to test on
    figure: Path = Path("calibration.png")


@dataclass(frozen=True)
class Detection(BranchOptions):
    """A trained energy branch: fitted on the validation pictures of its settings, tested on the test pictures."""

    num_samples: SampleCount = 1024  # draws for each box's density
    pictures: PositiveInt | None = None  # the first so many of either part; None: all
    figure: Path = Path("calibration_detection.png")


Options = (
    Annotated[Regression, tyro.conf.subcommand("regression")] | Annotated[Detection, tyro.conf.subcommand("detection")]
)


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
    for name in options.methods:
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


def detection(options: Detection) -> tuple[list[Row], int]:
    """Measure a branch: a row for each kind of region, and the number of test boxes."""
    settings = options.settings
    check_figure("figure", options.figure)
    check_outputs({"figure": options.figure}, options.inputs)
    device = choose_device(options.device)
    energy_model = load_branch(settings, options.network_file, device)
    frozen = FrozenDetectorLoaders(settings, device)
    parts = []
    for sources in (settings.data.val, settings.data.test):
        pictures = read_pictures(settings, options.data, sources)[: options.pictures]
        loader = frozen.loader(pictures, len(pictures), None)
        loader.set_epoch(0)
        steps = (settings.step_position, settings.step_size)
        parts.append(predictions(energy_model, loader, steps, options.num_samples))
    validation, test = parts
    effective = test.points.effective_samples.median().item()
    print(f"{len(validation.target)} boxes of the validation, {len(test.target)} of the test; ", end="")
    print(f"effective samples of {options.num_samples} draws: {effective:.0f} (median)")
    measured = measure(validation, test, REGIONS)
    return [Row(name, [coverage]) for name, coverage in measured.items()], len(test.target)


def main(options: Regression | Detection) -> None:
    """Print the table and draw the figure."""
    check(options, "options")
    set_threads(options.threads)
    rows, count = regression(options) if isinstance(options, Regression) else detection(options)
    print("", *table(rows), sep="\n")
    print(f"\nerror of a density without error on {count} targets: {noise_floor(count):.3f}")
    draw(rows, options.figure)


if __name__ == "__main__":
    with one_line_errors():
        main(tyro.cli(Options, description=__doc__))  # type: ignore[arg-type]
