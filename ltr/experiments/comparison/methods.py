"""What the commands that train methods of p(y|x) share: the pairs, and the trained models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from ltr.experiments.comparison.options import TrainingOptions
from ltr.experiments.comparison.problem import NUM_TEST_PAIRS, SYNTHETIC, Problem, read_problem, synthetic
from ltr.experiments.comparison.runs import Training, train
from ltr.models.regression import METHODS, Regressor, build_regressor
from ltr.utils.errors import InputError


def methods_of(options: TrainingOptions) -> tuple[str, ...]:
    """The chosen methods, or all of them."""
    return options.methods or METHODS


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
    for name in methods_of(options):  # wrong names are told before the training
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
