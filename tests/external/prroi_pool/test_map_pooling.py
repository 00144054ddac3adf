"""Pooling of boxes on one map, against the exact pooling and its gradient."""

import pytest
import torch
from torch import Tensor

from external.prroi_pool import pool_boxes, prroi_pool2d_batch

# Corners in pixels of a map of 9 x 9.
BOXES = {
    "inside": (1.3, 2.1, 6.2, 4.9),
    "within one pixel": (2.2, 3.3, 2.6, 3.4),
    "in the last row and column": (6.3, 7.2, 7.9, 7.95),
    "the whole map and more": (-3.0, -2.5, 12.0, 11.0),
    "across the left top corner": (-2.7, -1.6, 2.4, 3.3),
    "across the right border": (5.5, 1.2, 13.1, 4.4),
    "in the fading rim": (8.1, 8.2, 8.8, 8.9),
    "outside": (20.0, 20.0, 25.0, 22.0),
    "outside on the left": (-25.0, 2.0, -20.0, 4.0),
}


@pytest.fixture
def features() -> Tensor:
    return torch.randn(9, 9, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def _center_size(corners: Tensor) -> tuple[Tensor, Tensor]:
    return (corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]


def _exact(features: Tensor, center: Tensor, size: Tensor, bins: int) -> Tensor:
    corners = torch.cat([center - size / 2, center + size / 2], dim=1)
    return prroi_pool2d_batch(features.permute(2, 0, 1)[None], corners[None], bins, bins)[0].permute(0, 2, 3, 1)


@pytest.mark.parametrize("bins", [1, 3, 5])
@pytest.mark.parametrize("names", [[name] for name in BOXES] + [list(BOXES)], ids=[*BOXES, "all at once"])
def test_equals_the_exact_pooling_and_its_autograd_gradient(features: Tensor, names: list[str], bins: int) -> None:
    center, size = _center_size(torch.tensor([BOXES[name] for name in names], dtype=torch.float64))
    upstream = torch.randn(len(names), bins, bins, 3, dtype=torch.float64)
    with torch.inference_mode():
        torch.testing.assert_close(pool_boxes(features, center, size, bins), _exact(features, center, size, bins))

    center.requires_grad_()
    size.requires_grad_()
    slopes = [
        torch.autograd.grad((pool(features, center, size, bins) * upstream).sum(), (center, size))
        for pool in (pool_boxes, _exact)
    ]
    torch.testing.assert_close(*slopes)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_box_that_is_no_box_spoils_only_itself(features: Tensor, bad: float) -> None:
    center, size = _center_size(torch.tensor([BOXES["inside"], BOXES["inside"]], dtype=torch.float64))
    center[1, 0] = bad
    pooled = pool_boxes(features, center, size, 3)
    torch.testing.assert_close(pooled[:1], _exact(features, center[:1], size[:1], 3))


def test_no_boxes(features: Tensor) -> None:
    assert pool_boxes(features.float(), torch.zeros(0, 2), torch.zeros(0, 2), 3).shape == (0, 3, 3, 3)
