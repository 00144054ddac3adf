import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ltr.models.layers.filter import apply_feat_transpose, apply_filter
from tests.reference.classifier import apply_filter as apply_filter_loop

SIZES = (1, 2, 3, 4, 5)


def _problem(size: int, height: int = 6, width: int = 5) -> tuple[Tensor, Tensor, Tensor]:
    """Features ``[2, 3, 4, H, W]``, filters ``[3, 4, k, k]`` and residuals of the scores' shape."""
    generator = torch.Generator().manual_seed(size)
    grow = 1 - size % 2
    shapes = (2, 3, 4, height, width), (3, 4, size, size), (2, 3, height + grow, width + grow)
    feat, filter, residuals = (torch.randn(s, generator=generator, dtype=torch.float64) for s in shapes)
    return feat, filter, residuals


@pytest.mark.parametrize("size", SIZES)
def test_filter_equals_convolution(size: int) -> None:
    feat, filter, residuals = _problem(size)
    scores = apply_filter(feat, filter)
    assert scores.shape == residuals.shape
    torch.testing.assert_close(scores, apply_filter_loop(feat, filter))
    grouped = F.conv2d(feat.flatten(1, 2), filter, padding=size // 2, groups=3)
    torch.testing.assert_close(scores, grouped)


@pytest.mark.parametrize("size", SIZES)
def test_transpose_equals_weight_gradient(size: int) -> None:
    feat, filter, residuals = _problem(size)
    expected = torch.nn.grad.conv2d_weight(feat.flatten(1, 2), filter.shape, residuals, padding=size // 2, groups=3)
    torch.testing.assert_close(apply_feat_transpose(feat, residuals, size), expected)


@pytest.mark.parametrize("size", SIZES)
def test_adjoint(size: int) -> None:
    feat, filter, residuals = _problem(size)
    left = (apply_filter(feat, filter) * residuals).sum()
    right = (filter * apply_feat_transpose(feat, residuals, size)).sum()
    torch.testing.assert_close(left, right)


@pytest.mark.parametrize("size", [3, 4])
def test_gradients(size: int) -> None:
    feat, filter, residuals = (value.requires_grad_() for value in _problem(size, height=3, width=4))
    assert torch.autograd.gradcheck(apply_filter, (feat, filter))
    assert torch.autograd.gradcheck(lambda f, r: apply_feat_transpose(f, r, size), (feat, residuals))
