"""The methods with a learned proposal: against loops, and what theory says of them."""

import math

import pytest
import torch
from torch import Tensor

from ltr.models.density import Mixture
from ltr.models.loss.ebm import EBMDN, PROPOSAL_LOSSES, LearnedProposalLoss, ProposalNCE
from tests.reference import ebm_losses as loops


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some_mixture(num_inputs: int, components: int, dimensions: int, dtype: torch.dtype = torch.float64) -> Mixture:
    draw = torch.randn(num_inputs, components, 2 * dimensions + 1, generator=seeded(7), dtype=torch.float64).to(dtype)
    means, log_sigmas = draw[..., 1:].chunk(2, dim=-1)
    return Mixture(draw[..., 0].log_softmax(dim=-1), means, (0.3 * log_sigmas).exp())


def single(mean: Tensor, log_sigma: Tensor, num_inputs: int) -> Mixture:
    """N(mean, sigma^2) for all inputs."""
    shape = (num_inputs, 1, 1)
    return Mixture(torch.zeros(shape[:2], dtype=mean.dtype), mean.expand(shape), log_sigma.exp().expand(shape))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("dimensions", [1, 4])
@pytest.mark.parametrize(
    "loss", [EBMDN(5), ProposalNCE(5), ProposalNCE(5, label_weight=0.3)], ids=["ebmdn", "pnce", "pnce with labels"]
)
def test_equals_the_loop(loss: LearnedProposalLoss, dimensions: int, dtype: torch.dtype) -> None:
    target = torch.randn(3, dimensions, generator=seeded(), dtype=torch.float64).to(dtype)
    q = some_mixture(3, 2, dimensions, dtype)
    seen = []

    def energy(y: Tensor) -> Tensor:
        seen.append(y)
        return -(0.4 * (y - 0.2).square()).sum(dim=-1)

    value = loss.using(q)(energy, target, seeded(1)).loss.item()
    draws = max(seen, key=lambda y: y.shape[1])[:, -5:].tolist()

    def f(i: int, y: loops.Vector) -> float:
        return -sum(0.4 * (v - 0.2) ** 2 for v in y)

    def density(i: int, y: loops.Vector) -> float:
        return loops.mixture_density(y, q.log_weights[i].exp().tolist(), q.means[i].tolist(), q.sigmas[i].tolist())

    if isinstance(loss, ProposalNCE):
        expected = loops.proposal_nce(f, density, target.tolist(), draws, loss.label_weight)
    else:
        expected = loops.ebmdn(f, density, target.tolist(), draws)
    assert value == pytest.approx(expected, rel=1e-4 if dtype == torch.float32 else 1e-9)


@pytest.mark.parametrize("name", PROPOSAL_LOSSES)
def test_the_gradient_of_the_proposal_is_that_of_the_divergence(name: str) -> None:
    """p = N(0.3, 0.5^2), q = N(m, s^2): D_KL(p || q) = log s + (0.25 + (m - 0.3)^2) / 2 s^2 + constant."""
    m, s = 0.5, 0.8
    mean = torch.tensor(m, dtype=torch.float64, requires_grad=True)
    log_sigma = torch.tensor(math.log(s), dtype=torch.float64, requires_grad=True)
    target = torch.zeros(20, 1, dtype=torch.float64)
    loss = PROPOSAL_LOSSES[name](20_000).using(single(mean, log_sigma, 20))
    loss(lambda y: -0.5 * ((y - 0.3) / 0.5).square().sum(dim=-1), target, seeded()).loss.backward()
    assert mean.grad is not None
    assert log_sigma.grad is not None
    assert mean.grad.item() == pytest.approx((m - 0.3) / s**2, abs=0.01)
    assert log_sigma.grad.item() == pytest.approx(1 - (0.25 + (m - 0.3) ** 2) / s**2, abs=0.01)


def test_the_noise_of_nce_has_no_gradient_but_that_of_its_own_loss() -> None:
    """With label_weight 1 the proposal is trained by maximum likelihood, whatever the energy says."""
    mean = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    target = torch.tensor([[0.1], [0.3]], dtype=torch.float64)
    loss = ProposalNCE(16, label_weight=1.0).using(single(mean, torch.zeros_like(mean), 2))
    loss(lambda y: -3 * y.square().sum(dim=-1), target, seeded()).loss.backward()
    assert mean.grad is not None
    assert mean.grad.item() == pytest.approx(0.5 - 0.2)


@pytest.mark.parametrize("name", PROPOSAL_LOSSES)
def test_recovers_a_known_density_with_both(name: str) -> None:
    """f = b y - a y^2 / 2 and q = N(m, s^2) both find N(0.3, 0.5^2)."""
    generator = seeded(7)
    data = torch.randn(2_000, 1, generator=generator, dtype=torch.float64)
    data = 0.3 + (data - data.mean()) * 0.5 / data.std()
    parameters = [torch.zeros((), dtype=torch.float64, requires_grad=True) for _ in range(4)]
    log_a, b, mean, log_sigma = parameters
    optimizer = torch.optim.Adam(parameters, lr=0.03)
    history = []
    for step in range(300):
        batch = data[torch.randint(len(data), (200,), generator=generator)]
        loss = PROPOSAL_LOSSES[name](64).using(single(mean, log_sigma, 200))
        optimizer.zero_grad()
        loss(lambda y: (b * y - 0.5 * log_a.exp() * y.square()).sum(dim=-1), batch, generator).loss.backward()
        optimizer.step()
        if step >= 200:
            history.append([b.item() / log_a.exp().item(), (-log_a).exp().item(), mean.item(), log_sigma.exp().item()])
    found = torch.tensor(history).mean(dim=0)
    torch.testing.assert_close(found, torch.tensor([0.3, 0.25, 0.3, 0.5]), atol=0.05, rtol=0.1)


@pytest.mark.parametrize("name", PROPOSAL_LOSSES)
def test_bad_input(name: str) -> None:
    with pytest.raises(ValueError, match="proposal: this method needs one"):
        PROPOSAL_LOSSES[name]()(lambda y: y[..., 0], torch.zeros(2, 1))
    with pytest.raises(ValueError, match="num_samples: expected a whole number"):
        PROPOSAL_LOSSES[name](0)
    with pytest.raises(ValueError, match=r"label_weight: expected a number from 0 to 1, got 1\.5"):
        ProposalNCE(label_weight=1.5)
    loss = PROPOSAL_LOSSES[name](4).using(some_mixture(3, 2, 2, torch.float32))
    with pytest.raises(FloatingPointError, match="values are not finite"):
        loss(lambda y: y[..., 0] * math.nan, torch.zeros(3, 2))
