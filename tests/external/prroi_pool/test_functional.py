"""PrRoIPool against brute-force integration, and its derivatives against finite differences."""

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from external.prroi_pool import PrRoIPool2D, prroi_pool2d, prroi_pool2d_batch


def surface(feature: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """The bilinear surface of one map [H, W], zero outside, at the grid of points y [P] by x [Q]."""
    height, width = feature.shape
    hat_y = (1 - (y[:, None] - torch.arange(height)).abs()).clamp(min=0)
    hat_x = (1 - (x[:, None] - torch.arange(width)).abs()).clamp(min=0)
    return hat_y @ feature @ hat_x.T


def brute_force(feature: Tensor, box: Tensor, bins_y: int, bins_x: int, points: int = 400) -> Tensor:
    """Means over the bins by the midpoint rule with ``points`` squared points a bin."""
    x0, y0, x1, y1 = box.tolist()
    fractions = (torch.arange(points, dtype=torch.float64) + 0.5) / points
    pooled = torch.zeros(bins_y, bins_x, dtype=torch.float64)
    for i in range(bins_y):
        for j in range(bins_x):
            y = y0 + (y1 - y0) * (i + fractions) / bins_y
            x = x0 + (x1 - x0) * (j + fractions) / bins_x
            pooled[i, j] = surface(feature, y, x).mean()
    return pooled


BOXES = {
    "inside": (1.3, 2.1, 6.2, 4.9),
    "within one pixel": (2.2, 3.3, 2.6, 3.4),
    "on the pixel grid": (1.0, 1.0, 5.0, 4.0),
    "the whole map and more": (-3.0, -2.5, 12.0, 9.0),
    "across the left top corner": (-2.7, -1.6, 2.4, 3.3),
    "across the right border": (5.5, 1.2, 10.1, 4.4),
    "in the fading rim": (-0.9, -0.8, -0.2, -0.1),
    "outside": (20.0, 20.0, 25.0, 22.0),
}


@pytest.fixture
def features() -> Tensor:
    return torch.randn(2, 3, 6, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES.keys())
def test_equals_brute_force_integration(features: Tensor, box: tuple[float, ...]) -> None:
    boxes = torch.tensor(box, dtype=torch.float64)
    pooled = prroi_pool2d_batch(features, boxes.expand(2, 1, 4), 3, 2)
    for n in range(2):
        for c in range(3):
            expected = brute_force(features[n, c], boxes, 3, 2)
            torch.testing.assert_close(pooled[n, 0, c], expected, atol=2e-5, rtol=2e-5)


def test_one_large_bin_holds_the_sum_of_the_map(features: Tensor) -> None:
    """The hats integrate to one: the mean over a box that holds the whole surface is sum(F) / area."""
    boxes = torch.tensor([-1.0, -1.0, 8.0, 6.0], dtype=torch.float64).expand(2, 1, 4)
    pooled = prroi_pool2d_batch(features, boxes, 1, 1)[:, 0, :, 0, 0]
    torch.testing.assert_close(pooled, features.sum(dim=(2, 3)) / 63)


def test_linear_map_gives_the_values_at_the_bin_centers() -> None:
    y, x = torch.meshgrid(torch.arange(9.0), torch.arange(9.0), indexing="ij")
    pooled = prroi_pool2d_batch((2 * y - 3 * x + 1)[None, None], torch.tensor([[[1.2, 2.4, 5.2, 6.4]]]), 2, 2)
    centers_y, centers_x = torch.tensor([3.4, 5.4]), torch.tensor([2.2, 4.2])
    torch.testing.assert_close(pooled[0, 0, 0], 2 * centers_y[:, None] - 3 * centers_x + 1)


@pytest.mark.parametrize("box", [(2, 1, 2, 4), (1, 3, 4, 3), (4, 1, 2, 3), (2, 2, 2, 2)])
def test_box_without_area_gives_zero_and_finite_gradients(features: Tensor, box: tuple[float, ...]) -> None:
    boxes = torch.tensor(box, dtype=torch.float64).expand(2, 1, 4).clone().requires_grad_()
    pooled = prroi_pool2d_batch(features, boxes, 2, 2)
    assert pooled.eq(0).all()
    (grad,) = torch.autograd.grad(pooled.sum(), boxes)
    assert grad.isfinite().all()


def test_derivatives_of_first_and_second_order(features: Tensor) -> None:
    """Boxes clear of the pixel grid, where the second derivative jumps; two of them across the border."""
    boxes = torch.tensor([[1.3, 2.1, 6.2, 4.7], [-2.7, -1.6, 2.4, 3.3], [5.6, 1.2, 10.1, 4.4]], dtype=torch.float64)
    inputs = (features[:, :2, :5, :6].clone().requires_grad_(), boxes.repeat(2, 1, 1).requires_grad_())

    def pool(f: Tensor, b: Tensor) -> Tensor:
        return prroi_pool2d_batch(f, b, 2, 3, 0.7)

    assert gradcheck(pool, inputs)
    assert gradgradcheck(pool, inputs)


def test_rois_equal_the_batched_form_in_any_order(features: Tensor) -> None:
    rois = torch.tensor([[1, 1, 1, 4, 5], [0, 2, 1, 6, 3], [1, 0, 2, 3, 4], [0, 1, 1, 2, 2]], dtype=torch.float64)
    pooled = prroi_pool2d(features, rois, 2, 2, 0.5)
    for row, roi in zip(pooled, rois, strict=True):
        alone = prroi_pool2d_batch(features[int(roi[0]), None], roi[None, None, 1:], 2, 2, 0.5)
        torch.testing.assert_close(row, alone[0, 0])


def test_spatial_scale_scales_the_boxes(features: Tensor) -> None:
    boxes = torch.tensor([[[16.0, 24, 80, 72]]], dtype=torch.float64).expand(2, 1, 4)
    torch.testing.assert_close(
        prroi_pool2d_batch(features, boxes, 2, 2, 1 / 16), prroi_pool2d_batch(features, boxes / 16, 2, 2)
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_keeps_the_dtype_of_the_features(features: Tensor, dtype: torch.dtype) -> None:
    boxes = torch.tensor([[[1.3, 2.1, 6.2, 4.9]]]).expand(2, 1, 4)
    pooled = prroi_pool2d_batch(features.to(dtype), boxes, 2, 2)
    assert pooled.dtype == dtype
    expected = prroi_pool2d_batch(features, boxes.double(), 2, 2)
    torch.testing.assert_close(
        pooled.double(), expected, atol=4 * torch.finfo(dtype).eps, rtol=4 * torch.finfo(dtype).eps
    )


def test_empty_inputs(features: Tensor) -> None:
    assert prroi_pool2d(features, torch.zeros(0, 5), 2, 3).shape == (0, 3, 2, 3)
    assert prroi_pool2d_batch(features, torch.zeros(2, 0, 4), 2, 3).shape == (2, 0, 3, 2, 3)
    assert prroi_pool2d_batch(features[:0], torch.zeros(0, 4, 4), 2, 3).shape == (0, 4, 3, 2, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: prroi_pool2d(f, torch.zeros(3, 4), 2, 2), r"rois: expected \[R, 5\]"),
        (lambda f: prroi_pool2d(f, torch.tensor([[2.0, 0, 0, 1, 1]]), 2, 2), r"indices must lie in 0\.\.1"),
        (lambda f: prroi_pool2d_batch(f, torch.zeros(1, 3, 4), 2, 2), r"boxes: expected \[2, M, 4\]"),
        (lambda f: prroi_pool2d_batch(f[0], torch.zeros(1, 3, 4), 2, 2), "features: expected"),
        (lambda f: prroi_pool2d_batch(f, torch.zeros(2, 3, 4), 0, 2), "at least 1 x 1"),
    ],
)
def test_bad_input_is_named(features: Tensor, call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(features)  # type: ignore[operator]


def test_module_takes_both_forms(features: Tensor) -> None:
    module = PrRoIPool2D(2, 3, 0.5)
    rois = torch.tensor([[0.0, 1, 1, 6, 5], [1, 2, 1, 6, 3]], dtype=torch.float64)
    torch.testing.assert_close(module(features, rois), prroi_pool2d(features, rois, 2, 3, 0.5))
    torch.testing.assert_close(module(features, rois[:, None, 1:])[:, 0], module(features, rois))
    assert "2, 3, spatial_scale=0.5" in repr(module)
