"""Algorithm S1 on energies whose maxima are known."""

import pytest
import torch
from torch import Tensor

from ltr.refine import refine
from tests.reference import ebm_losses as loops

CENTERS = torch.tensor([[1.0, -2.0], [0.5, 3.0]], dtype=torch.float64)


def bowls(y: Tensor) -> Tensor:
    """One quadratic for each of two images, steep in the first dimension."""
    return -(y - CENTERS[:, None]).square() @ torch.tensor([4.0, 0.5], dtype=torch.float64)


def starts(count: int = 5) -> Tensor:
    return CENTERS[:, None] + torch.randn(2, count, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_finds_the_maximum_with_a_step_for_each_dimension() -> None:
    """With the Newton step of each dimension one iteration is enough."""
    y, value = refine(bowls, starts(), torch.tensor([1 / 8, 1.0]), num_iterations=1)
    torch.testing.assert_close(y, CENTERS[:, None].expand_as(y))
    torch.testing.assert_close(value, torch.zeros_like(value))


def test_finds_the_nearest_of_two_maxima() -> None:
    def two_peaks(y: Tensor) -> Tensor:
        d = y[..., 0]
        return torch.logaddexp(-2 * (d + 1.5) ** 2, -2 * (d - 1.5) ** 2)

    y, _ = refine(two_peaks, torch.tensor([[[-2.5], [-0.4], [0.4], [2.5]]]), 0.1, num_iterations=80)
    torch.testing.assert_close(y.flatten(), torch.tensor([-1.5, -1.5, 1.5, 1.5]), atol=1e-3, rtol=0)


def test_decay_recovers_from_a_step_that_is_far_too_long() -> None:
    start = starts()
    y, _ = refine(bowls, start, 50.0, num_iterations=40, decay=0.5)
    assert (y - CENTERS[:, None]).abs().max() < 0.05
    stuck, _ = refine(bowls, start, 50.0, num_iterations=40, decay=1.0)
    torch.testing.assert_close(stuck, start)


@pytest.mark.parametrize("step_length", [0.05, 0.3, 3.0])
def test_never_worse_than_the_start(step_length: float) -> None:
    def wavy(y: Tensor) -> Tensor:
        return (5 * y).sin().sum(dim=-1) - y.square().sum(dim=-1)

    _, value = refine(wavy, starts(50), step_length, num_iterations=7)
    assert (value >= wavy(starts(50))).all()


@pytest.mark.parametrize("step_length", [[0.2, 1.5], [0.01, 0.1]])
def test_equals_algorithm_s1_start_by_start(step_length: list[float]) -> None:
    """Each start follows its own path: the batch changes nothing."""
    start = starts()
    y, _ = refine(bowls, start, torch.tensor(step_length), num_iterations=9, decay=0.6)
    for n, center in enumerate(CENTERS.tolist()):
        for m in range(start.shape[1]):

            def f(p: loops.Vector, c: list[float] = center) -> float:
                return -4 * (p[0] - c[0]) ** 2 - 0.5 * (p[1] - c[1]) ** 2

            def gradient(p: loops.Vector, c: list[float] = center) -> loops.Vector:
                return [-8 * (p[0] - c[0]), -(p[1] - c[1])]

            expected = loops.refine(f, gradient, start[n, m].tolist(), step_length, 9, 0.6)
            torch.testing.assert_close(y[n, m], torch.tensor(expected, dtype=torch.float64))


def test_returns_the_values_at_what_it_returns() -> None:
    y, value = refine(bowls, starts(), 0.1, num_iterations=3)
    torch.testing.assert_close(value, bowls(y))
    assert not y.requires_grad
    assert not value.requires_grad


def test_works_without_gradient_mode_and_leaves_the_input_alone() -> None:
    start = starts()
    before = start.clone()
    with torch.no_grad():
        y, _ = refine(bowls, start, 0.1, num_iterations=3)
    torch.testing.assert_close(start, before, rtol=0, atol=0)
    torch.testing.assert_close(y, refine(bowls, start, 0.1, num_iterations=3)[0])


def test_no_iterations_and_no_starts() -> None:
    y, value = refine(bowls, starts(), 0.1, num_iterations=0)
    torch.testing.assert_close(y, starts())
    torch.testing.assert_close(value, bowls(starts()))
    y, value = refine(bowls, starts(0), 0.1)
    assert y.shape == (2, 0, 2)
    assert value.shape == (2, 0)


def test_a_step_into_nan_is_not_taken() -> None:
    y, value = refine(lambda y: y[..., 0].sqrt() - 2 * y[..., 0], torch.tensor([[[0.5]]]), 1.0, num_iterations=20)
    assert value.isfinite().all()
    torch.testing.assert_close(y, torch.tensor([[[1 / 16]]]), atol=1e-2, rtol=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": torch.zeros(2, 3)}, r"y: expected \[N, M, D\], got \[2, 3\]"),
        ({"step_length": 0.0}, "step_length: expected positive numbers"),
        ({"step_length": torch.tensor([0.1, -0.1])}, "step_length: expected positive numbers"),
        ({"num_iterations": -1}, "num_iterations: expected at least 0"),
        ({"decay": 0.0}, r"decay: expected a number in \(0, 1\]"),
        ({"decay": 1.5}, r"decay: expected a number in \(0, 1\]"),
    ],
)
def test_bad_arguments_are_named(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        refine(bowls, **({"y": starts(), "step_length": 0.1} | arguments))
