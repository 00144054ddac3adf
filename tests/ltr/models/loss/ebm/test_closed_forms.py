"""What theory says of the training methods, on Gaussian energies f(y) = -a |y - mu|^2 / 2."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ltr.models.loss.ebm import DSM, KLDIS, MLIS, MLMCMC, NCE, SM, ConditionalNCE, EBMLoss, NCEPlus
from ltr.models.loss.ebm.mlmcmc import langevin


def gaussian(a: Tensor | float, mu: Tensor | float = 0.0) -> Callable[[Tensor], Tensor]:
    return lambda y: -0.5 * a * (y - mu).square().sum(dim=-1)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


TARGET = torch.tensor([[0.3], [-0.5], [1.0]], dtype=torch.float64)
A, MU = 2.0, 0.2


def test_mlis_tends_to_the_negative_log_likelihood() -> None:
    loss = MLIS(sigmas=(0.3, 1.5), num_samples=200_000)(gaussian(A, MU), TARGET, seeded()).loss
    exact = 0.5 * math.log(2 * math.pi / A) + 0.5 * A * (TARGET - MU).square().mean()
    torch.testing.assert_close(loss, exact, atol=5e-3, rtol=0)


def test_kldis_tends_to_cross_entropy_from_the_label_density() -> None:
    loss = KLDIS(sigmas=(0.3, 1.5), label_sigma=0.4, num_samples=200_000)(gaussian(A, MU), TARGET, seeded()).loss
    exact = 0.5 * math.log(2 * math.pi / A) + 0.5 * A * ((TARGET - MU).square().mean() + 0.4**2)
    torch.testing.assert_close(loss, exact, atol=1e-2, rtol=0)


@pytest.mark.parametrize("dimensions", [1, 3])
def test_sm_is_exact(dimensions: int) -> None:
    target = TARGET.repeat(1, dimensions)
    loss = SM()(gaussian(A, MU), target).loss
    torch.testing.assert_close(loss, -A * dimensions + 0.5 * A**2 * (target - MU).square().sum(-1).mean())


def test_dsm_is_minimal_at_the_score_of_the_smoothed_density() -> None:
    """Data N(0, s^2) smoothed by N(0, sigma^2) have the score -y / (s^2 + sigma^2). The loss is quadratic in a: its
    minimum follows from three values."""
    s, sigma = 0.7, 0.4
    data = s * torch.randn(40_000, 1, generator=seeded(), dtype=torch.float64)
    loss = DSM(sigma=sigma, num_samples=8)
    low, mid, high = (loss(gaussian(a), data, seeded(1)).loss.item() for a in (0.0, 1.0, 2.0))
    minimum = 1 + 0.5 * (low - high) / (low - 2 * mid + high)
    assert minimum == pytest.approx(1 / (s**2 + sigma**2), rel=0.02)


def test_langevin_draws_follow_the_model() -> None:
    """Long chains started at the label forget it: mean mu, variance 1 / a (step length 0.1: bias below 1 %)."""
    start = torch.full((1, 20_000, 1), 0.9, dtype=torch.float64)
    y = langevin(gaussian(A, MU), start, 400, 0.1, seeded())
    assert y.mean().item() == pytest.approx(MU, abs=0.02)
    assert y.var().item() == pytest.approx(1 / A, rel=0.04)


@pytest.mark.parametrize("num_samples", [1, 7])
def test_expected_gradient_of_nce_is_zero_at_the_true_density(num_samples: int) -> None:
    """The theory of ranking NCE is about noise that does not depend on the datum. NCE+ with all labels at zero is
    that case: data nu ~ p_beta, noise p_N. At f = log p_beta the gradient has mean zero for every M."""
    sigma, beta, count = 1.0, 0.5, 100_000
    target = torch.zeros(count, 1, dtype=torch.float64)
    loss = NCEPlus(sigmas=(sigma,), beta=beta, num_samples=num_samples)
    gradients = {}
    for name, a in (("true", 1 / (beta * sigma) ** 2), ("wrong", 2.0)):
        parameter = torch.full((count,), a, dtype=torch.float64, requires_grad=True)
        loss(gaussian(parameter[:, None]), target, seeded()).loss.backward()
        assert parameter.grad is not None
        gradients[name] = parameter.grad * count  # one for each datum
    standard_error = (gradients["true"].std() / math.sqrt(count)).item()
    assert abs(gradients["true"].mean().item()) < 4 * standard_error
    assert abs(gradients["wrong"].mean().item()) > 20 * standard_error


def test_gradient_of_nce_with_noise_around_the_label_vanishes_with_many_samples() -> None:
    """The paper's noise is centered at the label. Then the gradient at the true density has a bias, which many noise
    samples take away."""
    data = torch.randn(20_000, 1, generator=seeded(), dtype=torch.float64)

    def mean_gradient(num_samples: int) -> tuple[float, float]:
        gradients = []
        for chunk in data.split(2_000):
            parameter = torch.full((len(chunk),), 1.0, dtype=torch.float64, requires_grad=True)
            loss = NCE(sigmas=(0.5, 1.5), num_samples=num_samples)
            loss(gaussian(parameter[:, None]), chunk, seeded(1)).loss.backward()
            assert parameter.grad is not None
            gradients.append(parameter.grad * len(chunk))
        every = torch.cat(gradients)
        return abs(every.mean().item()), every.std().item() / math.sqrt(len(every))

    few, _ = mean_gradient(1)
    many, standard_error = mean_gradient(256)
    assert many < 4 * standard_error + 0.005
    assert few > 5 * many


def test_ncep_tends_to_nce_for_the_same_draws() -> None:
    nce = NCE(sigmas=(0.1, 0.8), num_samples=16)(gaussian(A, MU), TARGET, seeded(5)).loss
    plus = NCEPlus(sigmas=(0.1, 0.8), num_samples=16, beta=1e-9)(gaussian(A, MU), TARGET, seeded(5)).loss
    torch.testing.assert_close(plus, nce, atol=1e-7, rtol=0)


def test_beta_scales_the_standard_deviation() -> None:
    seen = []

    def energy(y: Tensor) -> Tensor:
        seen.append(y)
        return 0 * y.sum(dim=-1)

    NCEPlus(sigmas=(2.0,), beta=0.1, num_samples=1)(energy, torch.zeros(50_000, 1, dtype=torch.float64), seeded())
    assert seen[0][:, 0].std().item() == pytest.approx(0.2, rel=0.02)
    assert seen[0][:, 1].std().item() == pytest.approx(2.0, rel=0.02)


# What each method should find for data N(0.3, 0.5^2): the variance it sees besides that of the data.
RECOVERY: dict[str, tuple[EBMLoss, float]] = {
    "mlis": (MLIS(sigmas=(0.3, 1.0), num_samples=64), 0.0),
    "kldis": (KLDIS(sigmas=(0.3, 1.0), label_sigma=0.2, num_samples=64), 0.2**2),
    "mlmcmc": (MLMCMC(num_steps=20, step_length=0.1, num_samples=8), 0.0),
    "nce": (NCE(sigmas=(0.3, 1.0), num_samples=64), 0.0),
    "sm": (SM(), 0.0),
    "dsm": (DSM(sigma=0.2, num_samples=16), 0.2**2),
    "ncep": (NCEPlus(sigmas=(0.3, 1.0), num_samples=64, beta=0.05), 0.05**2 * (0.3**2 + 1.0) / 2),
    "cnce": (ConditionalNCE(sigmas=(0.3, 1.0), num_samples=64), 0.0),
}


@pytest.mark.parametrize("name", RECOVERY)
def test_recovers_a_known_density(name: str) -> None:
    """f = b y - a y^2 / 2 has the mean b / a and the variance 1 / a; Adam finds both from data."""
    loss, extra_variance = RECOVERY[name]
    generator = seeded(7)
    data = 0.3 + 0.5 * torch.randn(2_000, 1, generator=generator, dtype=torch.float64)
    data = 0.3 + (data - data.mean()) * 0.5 / data.std()
    log_a = torch.zeros((), dtype=torch.float64, requires_grad=True)
    b = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([log_a, b], lr=0.03)
    history = []
    for step in range(250):
        batch = data[torch.randint(len(data), (200,), generator=generator)]
        optimizer.zero_grad()
        loss(lambda y: (b * y - 0.5 * log_a.exp() * y.square()).sum(dim=-1), batch, generator).loss.backward()
        optimizer.step()
        if step >= 150:
            history.append((log_a.item(), b.item()))
    a, slope = math.exp(sum(h[0] for h in history) / len(history)), sum(h[1] for h in history) / len(history)
    assert slope / a == pytest.approx(0.3, abs=0.05)
    assert 1 / a == pytest.approx(0.25 + extra_variance, rel=0.1)
