"""The density of the ring against its draws."""

import math

import pytest
import torch

from ltr.dataset.ring import ring_log_density, ring_pairs
from ltr.models.density import Domain, UnnormalizedDensity, coverage, grid_points


def test_the_density_is_normalized_and_its_draws_follow_it() -> None:
    x, y = ring_pairs(400, 3)
    assert x.shape == (400, 1)
    assert y.shape == (400, 2)
    target = UnnormalizedDensity(lambda t: ring_log_density(x, t), 400, Domain((-2.0,) * 2, (2.0,) * 2), torch.float64)
    points = grid_points(target, 90)
    torch.testing.assert_close(points.log_z.value, torch.zeros(400, dtype=torch.float64), atol=1e-3, rtol=0)
    mass = points.mass_above(target.log_density(y[:, None].double())[:, 0])
    for level in (0.3, 0.8):
        assert coverage(mass, level) == pytest.approx(level, abs=4 * math.sqrt(level * (1 - level) / 400) + 0.01)


def test_the_density_of_a_point_by_hand() -> None:
    """At x = 0 the radius is 1; on the ring, at the angle 0.5."""
    y = torch.tensor([[[math.cos(0.5), math.sin(0.5)]]])
    by_hand = math.exp(-0.125) / math.sqrt(2 * math.pi) * 1 / (0.1 * math.sqrt(2 * math.pi))
    assert ring_log_density(torch.zeros(1, 1), y).exp().item() == pytest.approx(by_hand, rel=1e-5)
