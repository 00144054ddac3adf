"""Calibration: how often credible regions have the target, as trained, with a temperature, and conformal.

    python -m ltr.experiments.calibration regression --methods nce ebmdn mdn --data mine.csv
    python -m ltr.experiments.calibration detection ncep_mobile --data DIR

The corrections are fitted on validation data, and everything is tested on other data. The regions are those of highest
density; for boxes also the central intervals of each coordinate, relative to the box that the detector found.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated

import torch
import tyro

from ltr.admin.build_detection import FrozenDetectorLoaders, read_pictures
from ltr.experiments import compare
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
from ltr.experiments.comparison.problem import Problem
from ltr.experiments.comparison.runs import Density, TrainingSettings, points_of, train
from ltr.experiments.detection.calibration import REGIONS, predictions
from ltr.experiments.evaluate_detection import branch_settings, load_branch
from ltr.models.regression import METHODS, ComponentCount, SampleCount
from ltr.utils.cli import one_line_errors
from ltr.utils.config import PositiveInt, Range, Width, check
from ltr.utils.device import choose_device, set_threads
from ltr.utils.errors import InputError
from ltr.utils.figures import check_figure
from ltr.utils.files import check_outputs, with_card
from ltr.utils.numbers import check_seed


@dataclass(frozen=True)
class Regression:
    """Methods of p(y|x), trained as ltr.experiments.compare does: the corrections are fitted on half of its test rows,
    and tested on the other half."""

    methods: tuple[str, ...] = METHODS
    data: str = "bimodal"  # a CSV table, or bimodal, sine, ring
    target: tuple[str, ...] = ("y",)  # columns to predict, 1 to 4
    columns: tuple[str, ...] = ()  # columns to predict from; default: all others
    runs: PositiveInt = 1  # trainings of each method, with seeds SEED, SEED + 1, ...
    training: TrainingSettings = TrainingSettings()
    num_samples: SampleCount = 128  # M
    hidden: Width = 32  # width of the networks
    components: ComponentCount = 4  # K of the mixtures
    test_fraction: float = 0.4  # of the rows of a table
    pairs: Annotated[int, Range(least=1, most=100_000)] = 4000  # of a synthetic data set, to fit and to test on
    seed: int = 0
    figure: Path = Path("calibration.png")
    threads: PositiveInt = 1

    def compared(self) -> compare.Options:
        """The options of the comparison."""
        shared = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "pairs"}
        return compare.Options(**shared)


@dataclass(frozen=True)
class Detection:
    """A trained energy branch: fitted on the validation pictures of its settings, tested on the test pictures."""

    name: tyro.conf.Positional[str]  # of the branch's training settings
    data: Path = Path("data")  # the folder that the settings' data sources lie in
    network: Path | None = None  # of the branch; default: workspace/detection/NAME/network.safetensors
    weights: Path | None = None  # of the detector, if other than in the settings
    cache: Path | None = None  # of the detector's outputs, if other than in the settings
    num_samples: SampleCount = 1024  # draws for each box's density
    pictures: PositiveInt | None = None  # the first so many of either part; None: all
    figure: Path = Path("calibration_detection.png")
    device: str = "auto"
    threads: int = 1  # of torch on the CPU


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
    compared = options.compared()
    check(compared, "options")
    check_seed(options.seed + options.runs - 1)
    check_figure("figure", options.figure)
    check_outputs({"figure": options.figure}, [options.data])
    problem = compare.load(compared, options.pairs)
    for name in options.methods:  # wrong names are told before the training
        compare.build(compared, name, problem, options.seed)
    parts = halves(problem)
    log_unit = problem.scales[1].std.log().sum().item()
    rows = []
    for name in options.methods:
        networks = []
        for seed in range(options.seed, options.seed + options.runs):
            model = compare.build(compared, name, problem, seed)
            training = train(model, problem, options.training, seed)
            model.requires_grad_(False)
            validation, test = (predicted(model.log_density, problem, part, seed) for part in parts)
            coverage = measure(validation, test, {name: HighestDensity()}, log_unit)[name]
            errors = ", ".join(f"{coverage.error(way):.3f} {way}" for way in WAYS)
            kept = f"step {training.kept_step} of {options.training.steps} kept"
            took = f"{training.seconds:.1f} s of processor time to train"
            print(f"{name}: seed {seed}, {kept}, error {errors}; {took}", flush=True)
            networks.append(coverage)
        rows.append(Row(name, networks))
    return rows, len(parts[1].test[0])


def detection(options: Detection) -> tuple[list[Row], int]:
    """Measure a branch: a row for each kind of region, and the number of test boxes."""
    settings = branch_settings(options.name)
    settings = replace(settings, weights=options.weights or settings.weights, cache=options.cache or settings.cache)
    network = options.network or Path("workspace/detection") / options.name / "network.safetensors"
    read = [file for path in filter(None, (network, settings.weights)) for file in with_card(path)]
    check_figure("figure", options.figure)
    check_outputs({"figure": options.figure}, [*read, options.data])
    device = choose_device(options.device)
    energy_model = load_branch(settings, network, device)
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
