import torch

from ltr.models.target_classifier.optimizer import LeakyReluPar, LeakyReluParDeriv
from tests.reference.classifier import leaky_relu


def test_leaky_relu_and_its_derivative() -> None:
    x = torch.linspace(-3, 3, 13, dtype=torch.float64)[:, None].requires_grad_()
    slope = torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64)
    expected = leaky_relu(x, slope)
    torch.testing.assert_close(LeakyReluPar()(x, slope), expected)
    (gradient,) = torch.autograd.grad(expected.sum(), x)
    derivative = LeakyReluParDeriv()(x, slope)
    off_zero = x[:, 0] != 0
    torch.testing.assert_close(derivative[off_zero].sum(dim=1, keepdim=True), gradient[off_zero])
    torch.testing.assert_close(derivative[~off_zero][0], (1 + slope) / 2)


def test_both_are_differentiable_in_the_slope() -> None:
    torch.manual_seed(0)
    x = torch.randn(5, dtype=torch.float64, requires_grad=True)
    slope = torch.rand(5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(LeakyReluPar(), (x, slope))
    assert torch.autograd.gradcheck(lambda a: LeakyReluParDeriv()(x, a), slope)
