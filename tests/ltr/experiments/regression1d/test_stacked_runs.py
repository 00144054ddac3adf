"""Runs that train together learn what they would learn alone."""

from collections.abc import Iterator

import pytest
import torch
from torch import Generator, Tensor

from ltr.dataset.regression1d import DATASETS
from ltr.experiments.regression1d.stacked_runs import (
    StackedTraining,
    initial_parameters,
    kl_divergences,
    stacked_energy,
    stacked_forward,
    unstack,
)
from ltr.models.loss.ebm import DSM, KLDIS, MLIS, MLMCMC, NCE, SM, EBMLoss, Energy, LossOutput, NCEPlus
from ltr.models.regression1d import RegressionNet1D
from ltr.trainers.settings import OptimSettings

OPTIM = OptimSettings(epochs=2, batch_size=32, lr=1e-3)
LOSSES = [MLIS(num_samples=4), KLDIS(num_samples=4), MLMCMC(num_steps=2, num_samples=4), NCE(num_samples=4), SM()]
LOSSES += [DSM(num_samples=4), NCEPlus(num_samples=4)]


def test_stacked_energy_is_the_networks_side_by_side() -> None:
    parameters = initial_parameters([0, 1, 2])
    x, y = torch.randn(3, 4, 1), torch.randn(12, 5, 1)
    energies = stacked_energy(stacked_forward(), parameters, x)(y)
    for r, network in enumerate(unstack(parameters)):
        torch.testing.assert_close(energies[4 * r : 4 * r + 4], network(x[r], y[4 * r : 4 * r + 4]))


def test_initial_weights_depend_on_the_seed_alone() -> None:
    torch.manual_seed(7)
    expected = RegressionNet1D().state_dict()
    together, alone = initial_parameters([3, 7]), initial_parameters([7])
    for name, value in expected.items():
        torch.testing.assert_close(together[name][1], value)
        torch.testing.assert_close(alone[name][0], value)


@pytest.fixture
def double_precision() -> Iterator[None]:
    """New networks in float64: Adam's first steps turn the rounding of a gradient near zero into whole steps."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


class FixedDraws:
    """A loss wrapped so that its draws of R stacked runs are those that each would make alone, from its own seed."""

    def __init__(self, loss: EBMLoss, runs: int) -> None:
        self.loss, self.runs = loss, runs

    def __call__(self, energy: Energy, target: Tensor, generator: Generator) -> LossOutput:
        size = len(target) // self.runs
        losses = []
        for r in range(self.runs):
            rows = slice(r * size, (r + 1) * size)

            def of_run(y: Tensor, rows: slice = rows) -> Tensor:
                every = target.new_zeros(len(target), *y.shape[1:]).index_put((torch.arange(len(target))[rows],), y)
                return energy(every)[rows]

            seeded = torch.Generator().manual_seed(5)
            losses.append(self.loss(of_run, target[rows], seeded).loss)
        return LossOutput(torch.stack(losses).mean(), {})


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
@pytest.mark.usefixtures("double_precision")
def test_each_run_takes_the_steps_it_would_take_alone(loss: EBMLoss) -> None:
    """Same batches, same draws: the stacked run and the single run end with the same weights."""
    x, y = (values.double() for values in DATASETS["bimodal"].pairs(64, seed=0))
    pairs, x, y = (x, y), x.view(2, 32, 1), y.view(2, 32, 1)
    together = StackedTraining(FixedDraws(loss, 2), pairs, [0, 1], OPTIM)  # type: ignore[arg-type]
    alone = [StackedTraining(FixedDraws(loss, 1), pairs, [seed], OPTIM) for seed in (0, 1)]  # type: ignore[arg-type]
    for _ in range(3):
        together.step(x, y)
        for r, training in enumerate(alone):
            training.step(x[r : r + 1], y[r : r + 1])
    for r, training in enumerate(alone):
        for name, value in training.parameters.items():
            torch.testing.assert_close(together.parameters[name][r], value[0])


def test_training_brings_the_networks_nearer_to_the_truth() -> None:
    density = DATASETS["sine"]
    pairs = density.pairs(500, seed=0)
    training = StackedTraining(NCE(num_samples=16), pairs, [0, 1], OptimSettings(epochs=8, batch_size=32, lr=1e-2))
    before = kl_divergences({name: value.detach() for name, value in training.parameters.items()}, density, 64)
    after = kl_divergences(training.run(), density, 64)
    assert max(after) < 0.5 * min(before)


def test_same_seeds_same_networks() -> None:
    pairs = DATASETS["sine"].pairs(64, seed=0)
    first, second = (StackedTraining(NCE(num_samples=2), pairs, [4, 5], OPTIM).run() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
