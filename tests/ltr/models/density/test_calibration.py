"""Corrections of densities against closed forms: Gaussians that are too narrow, and uniform ones."""

import math

import pytest
import torch
from torch import Tensor

from ltr.models.density import Domain, Mixture, Points, UnnormalizedDensity, grid_points, importance_points
from ltr.models.density.calibration import (
    conformal_levels,
    fit_temperature,
    interval_mass,
    observed_coverage,
    tempered,
)

SIGMA = 0.5


def gaussian(num_inputs: int = 1) -> UnnormalizedDensity:
    """exp f in proportion to N(0, SIGMA^2)."""
    return UnnormalizedDensity(lambda y: -((y[..., 0] / SIGMA) ** 2) / 2, num_inputs, Domain((-10,), (10,)))


def draws(count: int = 1) -> Points:
    """The same, by weighted draws of a wider one."""
    zero = torch.zeros(1, 1, 1)
    proposal = Mixture(zero[..., 0], zero, zero + 2.0)
    return importance_points(gaussian(), proposal, 40_000, torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("make", "tolerance"), [(lambda: grid_points(gaussian()), 1e-4), (draws, 0.03)])
def test_a_temperature_multiplies_the_variance(make: object, tolerance: float) -> None:
    points: Points = make()  # type: ignore[operator]
    warm = tempered(points, 4.0)
    assert warm.std().item() == pytest.approx(2 * SIGMA, rel=tolerance)
    assert warm.log_z.value.item() == pytest.approx(math.log(2 * SIGMA * math.sqrt(2 * math.pi)), abs=tolerance)
    assert warm.log_z.standard_error.isnan().all()


@pytest.mark.parametrize("spread", [0.25, 0.5, 1.5])
def test_the_best_temperature_gives_a_gaussian_the_variance_of_the_targets(spread: float) -> None:
    target = spread * torch.randn(500, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    points = grid_points(gaussian(500))
    temperature = fit_temperature(points, -((target / SIGMA) ** 2) / 2)
    assert temperature == pytest.approx(target.square().mean().item() / SIGMA**2, rel=1e-3)


def test_temperatures_of_targets_that_are_certain_end_at_the_coldest() -> None:
    assert fit_temperature(grid_points(gaussian()), torch.zeros(1)) == pytest.approx(0.01, rel=1e-3)


def test_central_intervals_of_a_uniform_density() -> None:
    flat = UnnormalizedDensity(lambda y: torch.zeros(y.shape[:2]), 3, Domain((0, 0), (1, 1)))
    target = torch.tensor([[0.5, 0.25], [0.9, 1.0], [0.0, 0.1]])
    expected = torch.tensor([[0.0, 0.5], [0.8, 1.0], [1.0, 0.8]], dtype=torch.float64)
    torch.testing.assert_close(interval_mass(grid_points(flat, 99), target), expected, atol=0.01, rtol=0)


def test_conformal_levels_are_order_statistics() -> None:
    mass = torch.tensor([0.4, 0.1, 0.3, 0.2], dtype=torch.float64)
    levels = torch.tensor([0.2, 0.5, 0.8, 0.81, 0.99], dtype=torch.float64)
    assert conformal_levels(mass, levels).tolist() == pytest.approx([0.1, 0.3, 0.4, 1.0, 1.0])


def test_conformal_regions_cover_whatever_the_model() -> None:
    """Exchangeable masses: the mean coverage over fits is the level or up to 1 / (n + 1) more (Vovk et al., 2005)."""
    generator = torch.Generator().manual_seed(0)
    levels = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)

    def masses(count: int) -> Tensor:
        return torch.rand(count, generator=generator, dtype=torch.float64) ** 0.2  # far too narrow

    found = [observed_coverage(masses(500), conformal_levels(masses(19), levels)) for _ in range(2000)]
    assert observed_coverage(masses(2000), levels).tolist() == pytest.approx([0.0, 0.03, 0.59], abs=0.03)
    assert torch.stack(found).mean(dim=0).tolist() == pytest.approx(levels.tolist(), abs=0.01)
