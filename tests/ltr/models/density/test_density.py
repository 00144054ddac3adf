"""Densities against closed forms: Gaussians and mixtures whose Z, CRPS, regions and moments are known."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ltr.dataset.regression1d import DATASETS
from ltr.models.density import (
    Domain,
    Estimate,
    Mixture,
    Points,
    UnnormalizedDensity,
    adapted_proposal,
    bridge_points,
    coverage,
    grid_points,
    importance_points,
    mala,
)
from ltr.models.loss.ebm import NCE
from ltr.models.loss.ebm.base import Energy
from ltr.models.regression1d import RegressionNet1D
from ltr.utils.errors import InputError


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def mixture(dimensions: int, num_inputs: int = 2) -> Mixture:
    """Two modes for each input, of different weight (and width in up to two dimensions), on [-3, 3]^D."""
    means = torch.tensor([-0.8, 0.9], dtype=torch.float64)[None, :, None].expand(num_inputs, 2, dimensions).clone()
    means[1:] *= 0.5
    sigmas = torch.tensor([0.2, 0.35] if dimensions < 3 else [0.3, 0.3], dtype=torch.float64)[None, :, None].expand(
        num_inputs, 2, dimensions
    )
    log_weights = torch.tensor([[0.7, 0.3]], dtype=torch.float64).log().expand(num_inputs, 2)
    return Mixture(log_weights, means, sigmas)


LOG_Z = torch.tensor([1.3, -2.0], dtype=torch.float64)  # of the energies below, by input


def known(dimensions: int, repeats: int = 1) -> UnnormalizedDensity:
    """The mixture times exp LOG_Z; each input ``repeats`` times."""
    truth = mixture(dimensions)
    log_z = LOG_Z.repeat_interleave(repeats)
    many = Mixture(*(t.repeat_interleave(repeats, 0) for t in (truth.log_weights, truth.means, truth.sigmas)))
    domain = Domain((-3.0,) * dimensions, (3.0,) * dimensions)
    return UnnormalizedDensity(lambda y: many.log_prob(y) + log_z[:, None], 2 * repeats, domain, torch.float64)


def wide_proposal(dimensions: int, num_inputs: int) -> Mixture:
    shape = (num_inputs, 1, dimensions)
    return Mixture(
        torch.zeros(num_inputs, 1, dtype=torch.float64),
        torch.zeros(shape, dtype=torch.float64),
        torch.full(shape, 1.0, dtype=torch.float64),
    )


def gaussian(mean: float, sigma: float) -> UnnormalizedDensity:
    def energy(y: Tensor) -> Tensor:
        return -0.5 * ((y - mean) / sigma).square().sum(dim=-1)

    return UnnormalizedDensity(energy, 1, Domain((-8.0,), (8.0,)), torch.float64)


@pytest.mark.parametrize("dimensions", [1, 2, 3, 4])
def test_log_z_of_a_grid(dimensions: int) -> None:
    size = {1: 255, 2: 255, 3: 45, 4: 33}[dimensions]
    points = grid_points(known(dimensions), size)
    error = (points.log_z.value - LOG_Z).abs()
    assert (error <= points.log_z.standard_error + 1e-9).all()
    assert error.max() < (1e-6 if dimensions < 3 else 0.02)
    torch.testing.assert_close(points.weights.sum(dim=1), torch.ones(2, dtype=torch.float64))


def test_the_error_of_a_grid_is_no_less_than_the_truth_where_it_is_coarse() -> None:
    for size in (21, 33, 63, 99):
        points = grid_points(known(1), size)
        assert ((points.log_z.value - LOG_Z).abs() <= points.log_z.standard_error + 1e-9).all(), size


REPEATS = 200
METHODS: dict[str, Callable[[UnnormalizedDensity, Mixture], Points]] = {
    "importance": lambda target, q: importance_points(target, q, 2048, seeded(1)),
    "bridge": lambda target, q: bridge_points(target, q, 2048, seeded(2), num_chains=32, warm_up=30),
}


@pytest.mark.parametrize("dimensions", [1, 2])
@pytest.mark.parametrize("method", METHODS)
def test_standard_errors_of_log_z_are_honest(method: str, dimensions: int) -> None:
    """Over repetitions the z-scores have mean 0 and variance 1."""
    target = known(dimensions, REPEATS)
    log_z = METHODS[method](target, wide_proposal(dimensions, target.num_inputs)).log_z
    scores = (log_z.value - LOG_Z.repeat_interleave(REPEATS)) / log_z.standard_error
    assert log_z.standard_error.max() < 0.25
    assert scores.mean().abs() < 5 / math.sqrt(len(scores))
    assert scores.var().item() == pytest.approx(1, abs=0.25)


def test_bridge_sampling_needs_no_wide_tails() -> None:
    """With q narrower than p the weights of importance sampling have no variance; the bridge's error is honest."""
    target = gaussian(0.0, 1.0)
    many = UnnormalizedDensity(target.energy, 300, target.domain, torch.float64)
    narrow = wide_proposal(1, 300)
    narrow = Mixture(narrow.log_weights, narrow.means, 0.6 * narrow.sigmas)
    truth = 0.5 * math.log(2 * math.pi)
    importance = importance_points(many, narrow, 512, seeded()).log_z
    bridge = bridge_points(many, narrow, 512, seeded(), num_chains=64, warm_up=200).log_z
    scores = (bridge.value - truth) / bridge.standard_error
    assert (bridge.value - truth).std() < 0.5 * (importance.value - truth).std()
    assert scores.var().item() == pytest.approx(1, abs=0.35)


@pytest.mark.parametrize("dimensions", [1, 2, 3, 4])
def test_an_adapted_proposal_finds_every_mode(dimensions: int) -> None:
    target = known(dimensions)
    points = importance_points(target, adapted_proposal(target, seeded()), 4096, seeded(1))
    assert (points.effective_samples > 0.4 * 4096).all()
    assert ((points.log_z.value - LOG_Z).abs() < 4 * points.log_z.standard_error).all()


def test_mala_keeps_the_density() -> None:
    """From draws of p itself, its moments stay."""
    target = known(2)
    start = mixture(2).sample(2000, seeded())
    chains = mala(target, start, 20, seeded(1), warm_up=50, thin=3)
    truth = mixture(2)
    mean = (truth.log_weights.exp()[..., None] * truth.means).sum(dim=1)
    second = (truth.log_weights.exp()[..., None] * (truth.means.square() + truth.sigmas.square())).sum(dim=1)
    y = chains.y.flatten(1, 2)
    torch.testing.assert_close(y.mean(dim=1), mean, atol=0.05, rtol=0)
    torch.testing.assert_close(y.square().mean(dim=1), second, atol=0.05, rtol=0)
    torch.testing.assert_close(chains.acceptance, torch.full_like(chains.acceptance, 0.574), atol=0.08, rtol=0)
    torch.testing.assert_close(target.log_density(chains.y[:, :, -1]), chains.log_density[:, :, -1])


def test_mala_reaches_the_density_from_elsewhere_and_stays_in_the_domain() -> None:
    """Half a Gaussian: mean sqrt(2 / pi), second moment 1."""
    half = UnnormalizedDensity(gaussian(0.0, 1.0).energy, 1, Domain((0.0,), (8.0,)), torch.float64)
    chains = mala(half, torch.full((1, 4000, 1), 5.0, dtype=torch.float64), 30, seeded(), warm_up=300)
    y = chains.y.flatten()
    assert y.min() >= 0
    assert y.mean().item() == pytest.approx(math.sqrt(2 / math.pi), abs=0.03)
    assert y.square().mean().item() == pytest.approx(1, abs=0.06)


def exact_crps(mean: float, sigma: float, y: float) -> float:
    """Gneiting and Raftery (2007), equation (21)."""
    z = (y - mean) / sigma
    density, below = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi), 0.5 * (1 + math.erf(z / math.sqrt(2)))
    return sigma * (z * (2 * below - 1) + 2 * density - 1 / math.sqrt(math.pi))


@pytest.mark.parametrize("y", [-1.0, 0.3, 0.4, 2.5])
def test_crps_of_a_gaussian(y: float) -> None:
    target = gaussian(0.3, 0.7)
    label = torch.tensor([[y]], dtype=torch.float64)
    assert grid_points(target, 3069).crps(label).item() == pytest.approx(exact_crps(0.3, 0.7, y), abs=1e-5)
    drawn = importance_points(target, wide_proposal(1, 1), 40_000, seeded())
    assert drawn.crps(label).item() == pytest.approx(exact_crps(0.3, 0.7, y), abs=0.02)


def test_crps_is_that_of_each_coordinate() -> None:
    points = importance_points(known(3), wide_proposal(3, 2), 500, seeded())
    label = torch.tensor([[0.1, 0.2, 0.3], [-1.0, 0.0, 1.0]], dtype=torch.float64)
    naive = torch.zeros(2, 3, dtype=torch.float64)
    for i in range(2):
        for d in range(3):
            y, w = points.y[i, :, d], points.weights[i]
            naive[i, d] = w @ (y - label[i, d]).abs() - 0.5 * w @ (y[:, None] - y).abs() @ w
    torch.testing.assert_close(points.crps(label), naive)


def test_moments_quantiles_and_region_of_a_gaussian() -> None:
    points = grid_points(gaussian(0.3, 0.7), 3069)
    assert points.mean().item() == pytest.approx(0.3, abs=1e-6)
    assert points.std().item() == pytest.approx(0.7, abs=1e-5)
    levels = torch.tensor([0.025, 0.5, 0.975])
    expected = torch.tensor([[[0.3 - 1.959964 * 0.7], [0.3], [0.3 + 1.959964 * 0.7]]], dtype=torch.float64)
    torch.testing.assert_close(points.quantiles(levels), expected, atol=6e-3, rtol=0)
    assert points.region_volume(0.95).item() == pytest.approx(2 * 1.959964 * 0.7, abs=0.012)
    at_border = torch.tensor([-0.5 * 1.959964**2], dtype=torch.float64)
    assert points.mass_above(at_border).item() == pytest.approx(0.95, abs=2e-3)


def test_a_region_of_two_modes_is_two_intervals() -> None:
    """Of two equal Gaussians far apart; four of their standard deviations and a hole."""
    means = torch.tensor([[[-2.0], [2.0]]], dtype=torch.float64)
    two = Mixture(torch.full((1, 2), math.log(0.5), dtype=torch.float64), means, torch.full_like(means, 0.1))
    target = UnnormalizedDensity(two.log_prob, 1, Domain((-4.0,), (4.0,)), torch.float64)
    grid = grid_points(target, 6000)
    assert grid.region_volume(0.95).item() == pytest.approx(4 * 1.959964 * 0.1, rel=0.01)
    assert grid.mass_above(target.log_density(torch.zeros(1, 1, 1, dtype=torch.float64))[:, 0]).item() > 0.999
    drawn = importance_points(target, adapted_proposal(target, seeded()), 20_000, seeded(1))
    assert drawn.region_volume(0.95).item() == pytest.approx(4 * 1.959964 * 0.1, rel=0.05)


@pytest.mark.parametrize("dimensions", [1, 2])
def test_coverage_of_the_model_s_own_draws_is_the_level(dimensions: int) -> None:
    count = 1000
    target = known(dimensions, count)
    truth = mixture(dimensions)
    many = Mixture(*(t.repeat_interleave(count, 0) for t in (truth.log_weights, truth.means, truth.sigmas)))
    label = many.sample(1, seeded(3))
    points = importance_points(target, many, 500, seeded(4))
    mass = points.mass_above(target.log_density(label)[:, 0])
    for level in (0.5, 0.9):
        assert coverage(mass, level) == pytest.approx(level, abs=4 * math.sqrt(level * (1 - level) / len(mass)))
    assert coverage(points.mass_above(torch.full((2 * count,), math.inf, dtype=torch.float64)), 0.0) == 1


def test_resampling_follows_the_weights() -> None:
    y = torch.tensor([[[0.0], [1.0]]], dtype=torch.float64)
    weights = torch.tensor([[0.2, 0.8]], dtype=torch.float64)
    points = Points(y, weights, weights.log(), Estimate(torch.zeros(1), torch.zeros(1)))
    assert points.sample(10_000, seeded()).mean().item() == pytest.approx(0.8, abs=0.02)


@pytest.fixture(scope="module")
def trained() -> Energy:
    """The paper's network after 200 steps of NCE on its first data set, for five inputs."""
    torch.manual_seed(0)
    network, generator = RegressionNet1D(), seeded()
    x, y = DATASETS["bimodal"].pairs(2000, seed=0)
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    for _ in range(200):
        index = torch.randint(len(x), (64,), generator=generator)
        output = NCE(num_samples=64)(lambda t: network(x[index], t), y[index], generator)  # noqa: B023
        optimizer.zero_grad()
        output.loss.backward()
        optimizer.step()
    inputs = torch.tensor([[-2.0], [-1.5], [-0.3], [0.5], [2.0]])
    return lambda t: network(inputs, t)


def test_log_z_of_a_trained_network_within_a_percent_of_the_grid(trained: Energy) -> None:
    target = UnnormalizedDensity(trained, 5, Domain((-3.0,), (3.0,)))
    truth = grid_points(target, 3069).log_z
    assert truth.standard_error.max() < 1e-4
    assert grid_points(target, 63).log_z.standard_error.max() > truth.standard_error.max()
    proposal = adapted_proposal(target, seeded())
    for points in (
        importance_points(target, proposal, 20_000, seeded(1)),
        bridge_points(target, proposal, 20_000, seeded(2), num_chains=256),
    ):
        torch.testing.assert_close(points.log_z.value, truth.value, atol=0.01, rtol=0)
        assert ((points.log_z.value - truth.value).abs() < 4 * points.log_z.standard_error).all()


def test_the_same_seed_gives_the_same_draws(trained: Energy) -> None:
    target = UnnormalizedDensity(trained, 5, Domain((-3.0,), (3.0,)))
    first, again = (bridge_points(target, adapted_proposal(target, seeded(5)), 256, seeded(6)) for _ in range(2))
    torch.testing.assert_close(first.y, again.y, atol=0, rtol=0)
    torch.testing.assert_close(first.log_z.value, again.log_z.value, atol=0, rtol=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Domain((0.0,) * 5, (1.0,) * 5), "1 to 4 numbers"),
        (lambda: Domain((0.0,), (1.0, 1.0)), "1 to 4 numbers"),
        (lambda: Domain((0.0, 1.0), (1.0, 1.0)), "low < high"),
        (lambda: Domain((0.0,), (math.nan,)), "low < high"),
        (lambda: UnnormalizedDensity(lambda y: y[..., 0], 0, Domain((0.0,), (1.0,))), "num_inputs"),
        (lambda: grid_points(known(1), 100), "multiple of 3"),
        (lambda: grid_points(known(4), 300), "multiple of 3"),
        (lambda: importance_points(known(1), wide_proposal(1, 2), 0), "num_samples"),
        (lambda: bridge_points(known(1), wide_proposal(1, 2), 64, num_chains=1), "num_chains"),
        (lambda: mala(known(1), torch.zeros(2, 3, 1), 0), "num_steps"),
        (lambda: adapted_proposal(known(1), rounds=0), "rounds"),
    ],
)
def test_bad_input(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
