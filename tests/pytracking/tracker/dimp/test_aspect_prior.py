"""The prior of a box's shape."""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal

from pytracking.tracker.dimp.aspect_prior import Gradient, with_aspect_prior

MAPS = (torch.zeros(2, 2, 1), torch.zeros(1, 1, 1))
CENTRE = torch.tensor([[10.0, 12], [3, 4], [7, 7]], dtype=torch.float64)
SIZE = torch.tensor([[30.0, 20], [11, 45], [8, 8]], dtype=torch.float64)


def _energy(maps: tuple[Tensor, Tensor], centre: Tensor, size: Tensor) -> tuple[Tensor, Gradient]:
    """A linear one."""
    return centre @ centre.new_tensor([1.0, 2]) + size @ size.new_tensor([3.0, 4]), lambda: (
        centre.new_tensor([1.0, 2]).expand_as(centre),
        size.new_tensor([3.0, 4]).expand_as(size),
    )


def test_it_is_the_logarithm_of_a_normal_density() -> None:
    values, _ = with_aspect_prior(_energy, math.log(1.5), 0.2)(MAPS, CENTRE, SIZE)
    normal = Normal(math.log(1.5), 0.2)
    expected = normal.log_prob((SIZE[:, 0] / SIZE[:, 1]).log()) - normal.log_prob(torch.tensor(math.log(1.5)))
    torch.testing.assert_close(values - _energy(MAPS, CENTRE, SIZE)[0], expected.double(), rtol=1e-5, atol=1e-6)


def test_its_gradient_is_that_of_autograd() -> None:
    centre, size = CENTRE.clone().requires_grad_(), SIZE.clone().requires_grad_()
    values, gradient = with_aspect_prior(_energy, 0.3, 0.2)(MAPS, centre, size)
    torch.testing.assert_close(gradient(), torch.autograd.grad(values.sum(), (centre, size)))


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_scale_costs_nothing(scale: float) -> None:
    prior = with_aspect_prior(lambda maps, centre, size: (0 * size[:, 0], lambda: (centre, size)), 0.1, 0.2)
    torch.testing.assert_close(prior(MAPS, CENTRE, scale * SIZE)[0], prior(MAPS, CENTRE, SIZE)[0])
