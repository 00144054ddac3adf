"""What the commands that train methods of p(y|x) share: their options, the pairs, and the trained models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from ltr.experiments.comparison.problem import NUM_TEST_PAIRS, SYNTHETIC, Problem, read_problem, synthetic
from ltr.experiments.comparison.runs import Training, TrainingSettings, train
from ltr.models.regression import METHODS, ComponentCount, Regressor, SampleCount, build_regressor
from ltr.utils.config import PositiveInt, Width
from ltr.utils.errors import InputError


@dataclass(frozen=True)
class TrainingOptions:
    """Methods, data and training."""

    methods: tuple[str, ...] = METHODS
    data: str = "bimodal"  # a CSV table, or bimodal, sine, ring
    target: tuple[str, ...] = ("y",)  # columns to predict, 1 to 4
    columns: tuple[str, ...] = ()  # columns to predict from; default: all others
    runs: PositiveInt = 1  # trainings of each method, with seeds SEED, SEED + 1, ...
    training: TrainingSettings = TrainingSettings()
    num_samples: SampleCount = 128  # M
    hidden: Width = 32  # width of the networks
    components: ComponentCount = 4  # K of the mixtures
    test_fraction: float = 0.2  # of the rows of a table
    seed: int = 0
    threads: PositiveInt = 1

    def problems(self) -> list[str]:
        """What is wrong with the options, one line each."""
        found = []
        if not 0 < self.test_fraction < 1:
            found.append(f"test_fraction: expected a number between 0 and 1, got {self.test_fraction}")
        if not self.methods or len(set(self.methods)) < len(self.methods):
            found.append(f"methods: expected names, each once, got {' '.join(self.methods) or 'none'}")
        return found


def load(options: TrainingOptions, num_test: int = NUM_TEST_PAIRS) -> Problem:
    """The pairs, ``num_test`` for the test of a synthetic data set.

    Raises:
        InputError: they are too few, or a method is unknown or cannot be built for them.
    """
    file = Path(options.data)
    if options.data in SYNTHETIC and not file.exists():
        problem = synthetic(options.data, num_test)
    else:
        problem = read_problem(file, options.target, options.columns, options.test_fraction, options.seed)
    rows, batch = len(problem.train[0]), options.training.batch_size
    if rows < batch or not len(problem.test[0]):
        raise InputError(
            f"{file}: {rows} rows to train and {len(problem.test[0])} to test; expected at least a batch of {batch} "
            "and one (see --training.batch-size, --test-fraction)"
        )
    for name in options.methods:  # wrong names are told before the training
        build(options, name, problem, options.seed)
    return problem


def build(options: TrainingOptions, name: str, problem: Problem, seed: int) -> Regressor:
    """A model with fresh weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_regressor(
            name,
            len(problem.inputs),
            len(problem.targets),
            options.hidden,
            options.num_samples,
            options.components,
        )


def trained(options: TrainingOptions, name: str, problem: Problem) -> Iterator[tuple[int, Regressor, Training]]:
    """The seed, the model and what its training took, of every run of the method ``name``.

    Raises:
        FloatingPointError: a training diverges.
    """
    for seed in range(options.seed, options.seed + options.runs):
        model = build(options, name, problem, seed)
        try:
            training = train(model, problem, options.training, seed)
        except FloatingPointError as error:
            raise FloatingPointError(f"{name}, seed {seed}: {error}") from error
        model.requires_grad_(False)
        yield seed, model, training
