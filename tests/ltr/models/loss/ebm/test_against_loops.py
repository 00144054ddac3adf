"""Every training method against the loops of tests/reference, and its gradient against finite differences."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from ltr.models.loss.ebm import DSM, EBM_LOSSES, KLDIS, MLIS, MLMCMC, NCE, SM, ConditionalNCE, EBMLoss, NCEPlus
from ltr.models.loss.ebm.mlmcmc import langevin
from tests.reference import ebm_losses as loops

SIGMAS = (0.3, 1.2)
N, M = 3, 5
LOSSES: dict[str, EBMLoss] = {
    "mlis": MLIS(sigmas=SIGMAS, num_samples=M),
    "kldis": KLDIS(sigmas=SIGMAS, label_sigma=0.2, num_samples=M),
    "mlmcmc": MLMCMC(num_steps=3, step_length=0.3, num_samples=M),
    "nce": NCE(sigmas=SIGMAS, num_samples=M),
    "sm": SM(),
    "dsm": DSM(sigma=0.4, num_samples=M),
    "ncep": NCEPlus(sigmas=SIGMAS, beta=0.5, num_samples=M),
    "cnce": ConditionalNCE(sigmas=SIGMAS, num_samples=M),
}


class Quartic:
    """f_i(y) = -sum_d (a_i (y_d - 1)^2 + b (y_d - 1)^4): asymmetric about the targets, known derivatives.

    Remembers the targets it was asked about.
    """

    def __init__(self, a: Tensor, b: Tensor) -> None:
        self.a, self.b = a, b
        self.seen: list[Tensor] = []

    def __call__(self, y: Tensor) -> Tensor:
        self.seen.append(y.detach())
        d = y - 1
        return -(self.a[:, None, None] * d**2 + self.b * d**4).sum(dim=-1)

    def value(self, i: int, y: loops.Vector) -> float:
        return -sum(self.a[i].item() * (v - 1) ** 2 + self.b.item() * (v - 1) ** 4 for v in y)

    def gradient(self, i: int, y: loops.Vector) -> loops.Vector:
        return [-2 * self.a[i].item() * (v - 1) - 4 * self.b.item() * (v - 1) ** 3 for v in y]

    def curvature(self, i: int, y: loops.Vector) -> float:
        return sum(-2 * self.a[i].item() - 12 * self.b.item() * (v - 1) ** 2 for v in y)


def setup(dimensions: int, dtype: torch.dtype = torch.float64) -> tuple[Quartic, Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = torch.randn(N, dimensions, generator=generator, dtype=torch.float64)
    return Quartic(torch.tensor([0.5, 1.0, 0.2], dtype=dtype), torch.tensor(0.1, dtype=dtype)), target.to(dtype)


def expected(name: str, energy: Quartic, target: Tensor) -> float:
    """The loop's loss at the draws that the method made, which the energy has seen."""
    draws = max(energy.seen, key=lambda y: y.shape[1]).tolist()
    labels = target.tolist()
    calls: dict[str, Callable[[], float]] = {
        "mlis": lambda: loops.mlis(energy.value, labels, draws, SIGMAS),
        "kldis": lambda: loops.kldis(energy.value, labels, draws, SIGMAS, 0.2),
        "mlmcmc": lambda: loops.mlmcmc(energy.value, labels, energy.seen[-1].tolist()),
        "nce": lambda: loops.nce(energy.value, labels, draws, SIGMAS),
        "ncep": lambda: loops.nce(energy.value, labels, draws, SIGMAS),
        "cnce": lambda: loops.conditional_nce(energy.value, labels, draws),
        "sm": lambda: loops.sm(energy.gradient, energy.curvature, labels),
        "dsm": lambda: loops.dsm(energy.gradient, labels, draws, 0.4),
    }
    return calls[name]()


def test_every_registered_method_is_tested() -> None:
    assert {name: type(loss) for name, loss in LOSSES.items()} == EBM_LOSSES


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("dimensions", [1, 4])
@pytest.mark.parametrize("name", LOSSES)
def test_equals_the_loop(name: str, dimensions: int, dtype: torch.dtype) -> None:
    energy, target = setup(dimensions, dtype)
    output = LOSSES[name](energy, target, torch.Generator().manual_seed(1))
    assert output.loss.dtype == dtype
    assert output.loss.item() == pytest.approx(
        expected(name, energy, target), rel=1e-4 if dtype == torch.float32 else 1e-9
    )
    assert all(isinstance(value, float) for value in output.stats.values())


@pytest.mark.parametrize("name", sorted(set(LOSSES) - {"mlmcmc"}))
def test_gradient_in_the_parameters(name: str) -> None:
    """Finite differences over the parameters, the draws held fixed by the seed.

    ML-MCMC is tested below: its draws depend on the parameters, and its gradient leaves that out on purpose (8).
    """
    energy, target = setup(2)

    def loss(a: Tensor, b: Tensor) -> Tensor:
        return LOSSES[name](Quartic(a, b), target, torch.Generator().manual_seed(1)).loss

    assert gradcheck(loss, (energy.a.requires_grad_(), energy.b.requires_grad_()))


def test_mcmc_gradient_is_that_of_the_energies_at_the_draws() -> None:
    """Equation (8): d/da of mean f(y_im) - f(y_i) at draws that count as constants."""
    energy, target = setup(1)
    energy.a.requires_grad_()
    LOSSES["mlmcmc"](energy, target, torch.Generator().manual_seed(1)).loss.backward()
    draws = energy.seen[-1]
    by_hand = (-((draws - 1) ** 2).sum(-1).mean(1) + ((target - 1) ** 2).sum(-1)) / N
    torch.testing.assert_close(energy.a.grad, by_hand)


def test_langevin_equals_the_loop() -> None:
    energy, target = setup(2)
    start = target[:, None].repeat(1, M, 1)
    y = langevin(energy, start, 4, 0.3, torch.Generator().manual_seed(2))
    generator = torch.Generator().manual_seed(2)
    noise = torch.stack([torch.randn(N, M, 2, generator=generator, dtype=torch.float64) for _ in range(4)])
    for i in range(N):
        for m in range(M):
            chain = loops.langevin(energy.gradient, i, target[i].tolist(), noise[:, i, m].tolist(), 0.3)
            torch.testing.assert_close(y[i, m], torch.tensor(chain, dtype=torch.float64))


@pytest.mark.parametrize("name", LOSSES)
def test_same_seed_same_loss(name: str) -> None:
    energy, target = setup(2)
    losses = [LOSSES[name](energy, target, torch.Generator().manual_seed(seed)).loss.item() for seed in (3, 3, 4)]
    assert losses[0] == losses[1]
    assert name == "sm" or losses[0] != losses[2]
