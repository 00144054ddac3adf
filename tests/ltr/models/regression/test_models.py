"""Every model of p(y|x) learns a line with noise; heads against closed forms."""

import math
from itertools import pairwise

import pytest
import torch

from ltr.models.density import Domain, UnnormalizedDensity, grid_points
from ltr.models.regression import METHODS, build_regressor
from ltr.models.regression.heads import MixtureHead, QuantileHead, pinball, quantile_log_density

NOT_AT_ONCE = {"sm", "dsm", "mlmcmc"}  # a few hundred steps teach them less


@pytest.mark.parametrize("name", METHODS)
def test_learns_a_line_with_noise(name: str) -> None:
    """y = 0.8 x_1 - 0.4 x_2 + N(0, 0.3^2): mean and standard deviation at two inputs."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    model = build_regressor(name, 2, 1, hidden=16, num_samples=16, components=2)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(400):
        x = torch.randn(128, 2, generator=generator)
        y = x @ torch.tensor([[0.8], [-0.4]]) + 0.3 * torch.randn(128, 1, generator=generator)
        optimizer.zero_grad()
        loss = model.loss(x, y, generator)
        loss.backward()
        optimizer.step()
    inputs = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    target = UnnormalizedDensity(model.log_density(inputs), 2, Domain((-3.0,), (3.0,)))
    points = grid_points(target, 300)
    torch.testing.assert_close(points.mean(), torch.tensor([[0.8], [-0.4]]).double(), atol=0.3, rtol=0)
    if name not in NOT_AT_ONCE:
        torch.testing.assert_close(points.std(), torch.full((2, 1), 0.3).double(), atol=0.12, rtol=0)
    if name in ("gaussian", "mdn", "quantile"):
        torch.testing.assert_close(points.log_z.value, torch.zeros(2).double(), atol=0.04, rtol=0)
    proposal = model.proposal(inputs)
    assert (proposal is not None) == (name in ("ebmdn", "pnce"))
    if proposal is not None:
        mean = (proposal.log_weights.exp()[..., None] * proposal.means).sum(dim=1)
        torch.testing.assert_close(mean, torch.tensor([[0.8], [-0.4]]), atol=0.3, rtol=0)


@pytest.mark.parametrize("name", sorted(set(METHODS) - {"quantile"}))
def test_takes_vectors_for_targets(name: str) -> None:
    model = build_regressor(name, 3, 2, hidden=8, num_samples=4)
    x, y = torch.randn(5, 3), torch.randn(5, 2)
    model.loss(x, y, torch.Generator().manual_seed(0)).backward()
    assert all(p.grad is not None for p in model.parameters() if name not in ("sm", "dsm"))
    assert model.log_density(x)(torch.randn(5, 7, 2)).shape == (5, 7)


def test_names_carry_the_number_of_components() -> None:
    heads = [m for m in build_regressor("ebmdn-16", 1, 1).modules() if isinstance(m, MixtureHead)]
    assert [head.shape for head in heads] == [(16, 1)]
    for name in ("unknown", "nce-4", "mdn-0", "gaussian-2"):
        with pytest.raises(ValueError, match=rf"methods: expected some of mlis, .*quantile .*got '{name}'"):
            build_regressor(name, 1, 1)
    with pytest.raises(ValueError, match="quantile regression has one target, not 2"):
        build_regressor("quantile", 1, 2)


def test_pinball_is_least_at_the_quantile() -> None:
    y = torch.randn(20_000, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    levels = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64)
    candidates = torch.linspace(-2, 2, 81, dtype=torch.float64)
    losses = torch.stack([pinball(c.expand(1, 3), levels, y).mean(dim=0) for c in candidates])
    best = candidates[losses.argmin(dim=0)]
    torch.testing.assert_close(best, torch.special.ndtri(levels), atol=0.06, rtol=0)
    assert pinball(torch.tensor([[1.0]]), torch.tensor([0.2]), torch.tensor([[3.0]])).item() == pytest.approx(0.4)


def test_the_density_between_quantiles() -> None:
    """Mass of each interval and tail, by a fine sum."""
    quantiles = torch.tensor([[-1.0, 0.0, 0.5, 2.0]], dtype=torch.float64)
    levels = torch.tensor([0.2, 0.4, 0.6, 0.8], dtype=torch.float64)
    y = torch.linspace(-30, 30, 600_001, dtype=torch.float64)[None]
    density = quantile_log_density(quantiles, levels, y).exp()
    edges = [-math.inf, -1.0, 0.0, 0.5, 2.0, math.inf]
    for low, high in pairwise(edges):
        inside = (y > low) & (y <= high)
        assert density[inside].sum().item() * 1e-4 == pytest.approx(0.2, abs=1e-3)
    assert quantile_log_density(quantiles, levels, torch.tensor([[0.25]])).exp().item() == pytest.approx(0.2 / 0.5)


def test_quantiles_start_in_order_over_the_standardized_range() -> None:
    head = QuantileHead(8)
    quantiles = head(torch.zeros(2, 8))
    assert (quantiles.diff(dim=-1) > 0).all()
    assert quantiles[0, 0].item() > -3
    assert quantiles[0, -1].item() < 3
