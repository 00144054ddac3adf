"""The mean of boxes weighed by their energy."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from ltr.data.bounding_box_utils import box_from_relative, box_to_relative
from pytracking.parameter.dimp.base import MeanParams
from pytracking.tracker.dimp.posterior_mean import STD_FACTOR, proposal_boxes, refine_box, sobol_normal

CPU = torch.device("cpu")
START = torch.tensor([40.0, 50, 30, 20])
MANY = MeanParams(num_boxes=4096, rounds=1, position_spread=0.1, size_spread=0.2, temperature=2.0)


def _energy_of(energy: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """An energy of relative boxes, as one of boxes."""
    return lambda boxes: energy(box_to_relative(boxes, START.to(boxes)))


def _mean(energy: Callable[[Tensor], Tensor], params: MeanParams) -> Tensor:
    """The relative box that is found."""
    box, *_ = refine_box(_energy_of(energy), START, proposal_boxes(params, CPU), params)
    return box_to_relative(box, START)


def test_points_stand_for_a_gaussian() -> None:
    points = sobol_normal(2, 512)
    assert points.shape == (2, 512, 4)
    assert torch.equal(points, sobol_normal(2, 512))
    for of_round in points:
        torch.testing.assert_close(of_round.mean(dim=0), torch.zeros(4), atol=1e-6, rtol=0)
        torch.testing.assert_close(torch.from_numpy(np.cov(of_round.T, ddof=0)).float(), torch.eye(4), atol=0.1, rtol=0)
        # Half of a Gaussian lies within 0.6745 of its mean.
        assert (of_round.abs() < 0.6745).float().mean() == pytest.approx(0.5, abs=0.02)
    assert not torch.equal(*points)


def test_a_flat_energy_moves_nothing() -> None:
    torch.testing.assert_close(_mean(lambda y: 0 * y[:, 0], MeanParams()), torch.zeros(4), atol=1e-6, rtol=0)


def test_a_gaussian_energy_has_the_posterior_mean_of_the_textbook() -> None:
    """Prior N(0, s^2), likelihood exp(-(y - m)^2 / 2 v^2 T): the mean is m s^2 / (s^2 + v^2 T)."""
    best, width = torch.tensor([0.08, -0.05, 0.2, -0.1]), torch.tensor([0.1, 0.2, 0.15, 0.3])
    variance = torch.tensor([0.1, 0.1, 0.2, 0.2]) ** 2
    expected = best * variance / (variance + width**2 * MANY.temperature)
    found = _mean(lambda y: -((y - best) / width).square().sum(dim=1) / 2, MANY)
    torch.testing.assert_close(found, expected, atol=3e-3, rtol=0)


def test_a_gaussian_energy_has_the_posterior_deviation_of_the_textbook() -> None:
    """Of x and y, 1 / sqrt(1 / s^2 + 1 / v^2 T) about the center, here without a doubt of the size."""
    params = MeanParams(num_boxes=8192, rounds=1, position_spread=0.1, size_spread=1e-4, temperature=2.0)
    energy = _energy_of(lambda y: -(y[:, :2] / 0.1).square().sum(dim=1) / 2)
    _, std, _ = refine_box(energy, START, proposal_boxes(params, CPU), params)
    expected = STD_FACTOR * (1 / (1 / 0.1**2 + 1 / (0.1**2 * 2))) ** 0.5 * START[2:]
    torch.testing.assert_close(std[:2], expected, rtol=0.03, atol=0)
    assert (std[2:] < 0.01).all()


def test_few_boxes_come_close_to_many() -> None:
    best = torch.tensor([0.08, -0.05, 0.1, -0.1])

    def energy(y: Tensor) -> Tensor:
        return -20 * (y - best).abs().sum(dim=1)

    few = MeanParams(num_boxes=32, rounds=1, position_spread=0.1, size_spread=0.2)
    torch.testing.assert_close(_mean(energy, few), _mean(energy, MANY), atol=0.03, rtol=0)


def test_the_second_round_starts_from_the_first() -> None:
    def energy(y: Tensor) -> Tensor:
        return -30 * (y - 0.2).square().sum(dim=1)

    params = MeanParams(rounds=2, narrowing=0.5)
    points = sobol_normal(2, params.num_boxes)
    box = START
    for of_round, spread in zip(points, (0.1, 0.05), strict=True):  # both spreads are 0.1 by default
        relative = of_round * spread
        weights = (energy(box_to_relative(box_from_relative(relative, box), START)) / params.temperature).exp()
        box = box_from_relative((weights[:, None] * relative).sum(dim=0) / weights.sum(), box)
    torch.testing.assert_close(_mean(energy, params), box_to_relative(box, START))


def test_an_energy_that_pulls_far_away_cannot_run_away() -> None:
    far = _mean(lambda y: 1000 * y.sum(dim=1), MeanParams())
    assert (far > 0).all()
    assert (far < 2 * 0.1 * 3).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_is_kept(dtype: torch.dtype) -> None:
    energy = _energy_of(lambda y: 0 * y[:, 0])
    found = refine_box(energy, START.to(dtype), proposal_boxes(MeanParams(), CPU), MeanParams())
    assert [values.dtype for values in found] == [dtype] * 3
