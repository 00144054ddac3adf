"""Scores of densities against closed forms, and the bootstrap."""

import math

import pytest
import torch

from ltr.experiments.comparison.problem import Problem
from ltr.experiments.comparison.runs import Interval, TrainingSettings, score, train
from ltr.models.density import coverage
from ltr.models.regression import build_regressor


def linear(targets: int, count: int = 300) -> Problem:
    """y_d = 3 + 2 x + 5 N(0, 1)."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2 * count, 1, generator=generator, dtype=torch.float64)
    y = 3 + 2 * x + 5 * torch.randn(2 * count, targets, generator=generator, dtype=torch.float64)
    names = tuple(f"y{d}" for d in range(targets))
    return Problem((x[:count], y[:count]), (x[count:], y[count:]), ("x",), names)


@pytest.mark.parametrize("targets", [1, 2, 3])
def test_scores_of_the_true_density(targets: int) -> None:
    """NLL and CRPS of a Gaussian of known mean and standard deviation, in the units of the targets."""
    problem = linear(targets)
    of_x, of_y = problem.scales

    def density(x: torch.Tensor):  # type: ignore[no-untyped-def]
        mean = 3 + 2 * of_x.restored(x)
        return lambda y: -0.5 * ((of_y.restored(y) - mean[:, None]) / 5).square().sum(dim=-1)

    scores, seconds = score(density, problem)
    x, y = problem.test
    z = (y - 3 - 2 * x) / 5
    nll = (0.5 * z.square() + math.log(5) + 0.5 * math.log(2 * math.pi)).sum(dim=1)
    below, at = torch.special.ndtr(z), torch.exp(-0.5 * z.square()) / math.sqrt(2 * math.pi)
    crps = 5 * (z * (2 * below - 1) + 2 * at - 1 / math.sqrt(math.pi))
    # the densities end at the domain: 0.02 at most of their mass lies outside
    torch.testing.assert_close(scores.nll, nll, atol=0.02 if targets < 3 else 0.1, rtol=0)
    torch.testing.assert_close(scores.crps, crps.mean(dim=1), atol=0.05 if targets < 3 else 0.2, rtol=0)
    for level in (0.5, 0.9):
        assert coverage(scores.mass_above, level) == pytest.approx(level, abs=0.12)
    assert seconds > 0


def test_training_is_seeded_and_lowers_the_nll() -> None:
    problem = linear(1)
    nlls = []
    for seed, steps in ((0, 1), (0, 150), (0, 150), (1, 150)):
        torch.manual_seed(0)
        model = build_regressor("gaussian", 1, 1, hidden=8)
        assert train(model, problem, TrainingSettings(steps=steps, batch_size=32), seed).seconds > 0
        nlls.append(score(model.log_density, problem)[0].nll.mean().item())
    assert nlls[1] < nlls[0] - 0.01
    assert nlls[1] == nlls[2] != nlls[3]


def test_a_small_table_is_not_learned_by_heart() -> None:
    """Noise that grows with x0; 2,000 steps on 200 rows end far above the NLL of a short training."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(600, 3, generator=generator, dtype=torch.float64)
    noise = torch.randn(600, 1, generator=generator, dtype=torch.float64)
    y = x[:, 1:2] + (0.2 + 0.8 * x[:, :1].abs()) * noise
    problem = Problem((x[:200], y[:200]), (x[200:], y[200:]), ("a", "b", "c"), ("y",))
    nlls = {}
    for name, settings in {
        "short": TrainingSettings(80, validation=False),
        "long": TrainingSettings(800, validation=False),
        "validated": TrainingSettings(800),
    }.items():
        torch.manual_seed(0)
        model = build_regressor("gaussian", 3, 1)
        kept = train(model, problem, settings, 0).kept_step
        assert (kept < settings.steps) == settings.validation
        nlls[name] = score(model.log_density, problem)[0].nll.mean().item()
    assert nlls["validated"] < nlls["short"] + 0.15
    assert nlls["long"] > nlls["validated"] + 0.3


def test_a_training_that_diverges_is_an_error() -> None:
    model = build_regressor("gaussian", 1, 1, hidden=8)
    with torch.no_grad():
        next(model.parameters()).fill_(math.nan)
    with pytest.raises(FloatingPointError, match="the loss is nan at step 0"):
        train(model, linear(1), TrainingSettings(steps=2, batch_size=32), 0)


def test_intervals_of_the_bootstrap() -> None:
    """Of one run of 400 normal values: the mean plus and minus 1.96 / 20. Runs that differ widen it."""
    values = torch.randn(400, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    values = (values - values.mean()) / values.std()
    one = Interval.of([values + 2], seed=0)
    assert one.mean == pytest.approx(2)
    assert one.low == pytest.approx(2 - 1.96 / 20, abs=0.01)
    assert one.high == pytest.approx(2 + 1.96 / 20, abs=0.01)
    assert one == Interval.of([values + 2], seed=0)
    two = Interval.of([values + 1, values + 3], seed=0)
    assert two.high - two.low > 1.5
