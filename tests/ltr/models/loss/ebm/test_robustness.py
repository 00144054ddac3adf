"""Large scores, a single sample, empty batches and bad input."""

import pytest
import torch
from torch import Tensor

from ltr.models.loss.ebm import DSM, EBM_LOSSES, KLDIS, MLIS, MLMCMC, NCE, GaussianMixture, NCEPlus, build_ebm_loss

WITH_SAMPLES = sorted(set(EBM_LOSSES) - {"sm"})


def bowl(y: Tensor) -> Tensor:
    return -y.square().sum(dim=-1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("level", [-1e4, 1e4])
@pytest.mark.parametrize("num_samples", [1, 8])
@pytest.mark.parametrize("name", WITH_SAMPLES)
def test_large_scores_stay_finite(name: str, num_samples: int, level: float, dtype: torch.dtype) -> None:
    """Scores of about +-1e4, and differences of that size within a batch."""
    target = torch.linspace(-1, 1, 6, dtype=dtype)[:, None]
    level_of_image = torch.tensor([level, 0, -level, level, 0, level], dtype=dtype, requires_grad=True)
    slope = torch.tensor(level, dtype=dtype, requires_grad=True)
    output = EBM_LOSSES[name](num_samples=num_samples)(  # type: ignore[call-arg]
        lambda y: level_of_image[:, None] + slope * y.sum(dim=-1), target, torch.Generator().manual_seed(0)
    )
    gradients = torch.autograd.grad(output.loss, (level_of_image, slope), allow_unused=True)
    assert output.loss.isfinite()
    assert all(gradient.isfinite().all() for gradient in gradients if gradient is not None)
    assert all(value == value for value in output.stats.values())


def one_sample(loss_name: str, sharpness: float) -> tuple[float, float]:
    """Loss and its slope in ``sharpness`` for f = -sharpness |y - y_i|^2, M = 1."""
    parameter = torch.tensor(sharpness, dtype=torch.float64, requires_grad=True)
    target = torch.zeros(64, 1, dtype=torch.float64)
    loss = EBM_LOSSES[loss_name](sigmas=(0.1, 0.8), num_samples=1)  # type: ignore[call-arg]
    output = loss(lambda y: parameter * bowl(y), target, torch.Generator().manual_seed(0))
    (slope,) = torch.autograd.grad(output.loss, parameter)
    return output.loss.item(), slope.item()


@pytest.mark.parametrize("name", ["mlis", "kldis"])
def test_importance_sampling_has_no_minimum_with_one_sample(name: str) -> None:
    """The paper's numerical trouble at M = 1: the loss falls without bound, and its slope never fades."""
    losses, slopes = zip(*(one_sample(name, sharpness) for sharpness in (1e1, 1e3, 1e5)), strict=True)
    assert losses[0] > losses[1] > losses[2]
    assert losses[2] < -1e3
    assert slopes[0] == pytest.approx(slopes[2])
    assert slopes[2] < -0.01


@pytest.mark.parametrize("name", ["nce", "ncep"])
def test_contrastive_losses_are_bounded_with_one_sample(name: str) -> None:
    """NCE and NCE+ are negative log-probabilities: never below zero, whatever the scores. As they overshoot, the slope
    fades (NCE) or turns back (NCE+: positives off the label are punished)."""
    losses, slopes = zip(*(one_sample(name, sharpness) for sharpness in (1e1, 1e3, 1e5)), strict=True)
    assert min(losses) >= 0
    assert slopes[0] < 0
    assert slopes[2] > -1e-6


@pytest.mark.parametrize("dimensions", [1, 4])
@pytest.mark.parametrize("name", EBM_LOSSES)
def test_empty_batch_gives_a_differentiable_zero(name: str, dimensions: int) -> None:
    weight = torch.ones((), requires_grad=True)
    output = EBM_LOSSES[name]()(lambda y: weight * bowl(y), torch.zeros(0, dimensions))
    output.loss.backward()
    assert output.loss.item() == 0
    assert weight.grad is not None
    assert weight.grad.item() == 0


@pytest.mark.parametrize("name", EBM_LOSSES)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_energies_that_are_not_finite_are_named(name: str, value: float) -> None:
    def energy(y: Tensor) -> Tensor:
        values = bowl(y)
        return torch.where(torch.arange(len(values))[:, None] == 1, value, values)

    with pytest.raises(FloatingPointError, match=r"energy: \d+ of \d+ values are not finite"):
        EBM_LOSSES[name]()(energy, torch.zeros(3, 2))


@pytest.mark.parametrize("name", EBM_LOSSES)
def test_wrong_shapes_are_named(name: str) -> None:
    loss = EBM_LOSSES[name]()
    with pytest.raises(ValueError, match=r"target: expected floating \[N, D\], got torch.float32 \[3\]"):
        loss(bowl, torch.zeros(3))
    with pytest.raises(ValueError, match=r"target: .*torch.int64"):
        loss(bowl, torch.zeros(3, 1, dtype=torch.long))
    with pytest.raises(ValueError, match=r"energy: expected \[3, \d+\] for y \[3, \d+, 2\], got \[3, \d+, 2\]"):
        loss(lambda y: -y.square(), torch.zeros(3, 2))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: MLIS(sigmas=(0.1, -0.2)), "sigmas: expected a positive number, got -0.2"),
        (lambda: MLIS(sigmas=()), "sigmas: expected at least one"),
        (lambda: NCE(sigmas=((0.1, 0.2), 0.3)), "sigmas: expected as many numbers for each component"),
        (lambda: NCE(sigmas=(0.1, float("nan"))), "sigmas: expected a positive number, got nan"),
        (lambda: NCE(num_samples=0), "num_samples: expected a whole number of at least 1, got 0"),
        (lambda: MLIS(num_samples=2.5), "num_samples: expected a whole number of at least 1, got 2.5"),  # type: ignore[arg-type]
        (lambda: KLDIS(label_sigma=0.0), "label_sigma: expected a positive number, got 0.0"),
        (lambda: KLDIS(label_sigma=(0.1, 0.0)), "label_sigma: expected a positive number, got 0.0"),
        (lambda: NCEPlus(beta=0.0), "beta: expected a positive number, got 0.0"),
        (lambda: MLMCMC(num_steps=0), "num_steps: expected a whole number"),
        (lambda: MLMCMC(step_length=-1.0), "step_length: expected a positive number"),
        (lambda: DSM(sigma=float("inf")), "sigma: expected a positive number, got inf"),
        (
            lambda: build_ebm_loss("nce+"),
            "loss: expected one of mlis, kldis, mlmcmc, nce, sm, dsm, ncep, cnce, got 'nce\\+'",
        ),
        (lambda: build_ebm_loss("ebmdn"), r"got 'ebmdn', which also needs a proposal: EBMDN\(num_samples\)\.using"),
        (
            lambda: build_ebm_loss("mdn"),
            r"got 'mdn', a model with a loss of its own: ltr\.models\.regression\.build_reg",
        ),
    ],
)
def test_bad_hyper_parameters_are_named(build: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()  # type: ignore[operator]


def test_sigmas_for_other_dimensions_are_named() -> None:
    with pytest.raises(ValueError, match="sigmas: expected 1 or 4 numbers a component, got 2"):
        NCE(sigmas=((0.1, 0.2),))(bowl, torch.zeros(2, 4))


def test_build_by_name_passes_hyper_parameters() -> None:
    assert build_ebm_loss("ncep", sigmas=(0.05, 0.5), beta=0.1, num_samples=128) == NCEPlus((0.05, 0.5), 128, 0.1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", EBM_LOSSES)
def test_runs_on_a_gpu(name: str) -> None:
    weight = torch.ones((), device="cuda", requires_grad=True)
    generator = torch.Generator("cuda").manual_seed(0)
    output = EBM_LOSSES[name]()(lambda y: weight * bowl(y), torch.zeros(4, 4, device="cuda"), generator)
    output.loss.backward()
    assert output.loss.is_cuda


class TestGaussianMixture:
    @pytest.mark.parametrize("sigmas", [(0.4,), (0.2, 1.5), ((0.2, 0.3), (1.0, 2.0))])
    def test_log_prob_equals_scipy(self, sigmas: tuple) -> None:
        from scipy.stats import multivariate_normal

        generator = torch.Generator().manual_seed(0)
        y = torch.randn(3, 7, 2, generator=generator, dtype=torch.float64)
        center = torch.randn(3, 2, generator=generator, dtype=torch.float64)
        log_prob = GaussianMixture(sigmas).log_prob(y, center)
        for i in range(3):
            covariances = [torch.diag(torch.tensor(s, dtype=torch.float64).expand(2) ** 2).numpy() for s in sigmas]
            densities = [multivariate_normal(center[i].numpy(), c).pdf(y[i].numpy()) for c in covariances]
            torch.testing.assert_close(log_prob[i], torch.tensor(sum(densities) / len(sigmas)).log())

    def test_samples_have_the_variance_of_the_mixture(self) -> None:
        center = torch.tensor([[1.0, -2.0]], dtype=torch.float64)
        y = GaussianMixture(((0.1, 0.5), (1.0, 2.0))).sample(center, 100_000, torch.Generator().manual_seed(0))[0]
        torch.testing.assert_close(y.mean(dim=0), center[0], atol=0.02, rtol=0)
        expected = torch.tensor([(0.1**2 + 1) / 2, (0.5**2 + 4) / 2], dtype=torch.float64)
        torch.testing.assert_close(y.var(dim=0), expected, rtol=0.02, atol=0)

    def test_far_tails_keep_their_log_density(self) -> None:
        y = torch.tensor([[[1e3]]])
        log_prob = GaussianMixture((0.1, 0.2)).log_prob(y, torch.zeros(1, 1))
        assert log_prob.item() == pytest.approx(-0.5 * (1e3 / 0.2) ** 2, rel=1e-5)

    def test_scaled(self) -> None:
        assert GaussianMixture((0.1, (0.2))).scaled(2.0) == GaussianMixture((0.2, 0.4))
        assert GaussianMixture(((1.0, 2.0),)).scaled(0.5) == GaussianMixture(((0.5, 1.0),))
