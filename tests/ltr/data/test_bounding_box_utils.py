import math

import pytest
import torch

from ltr.data.bounding_box_utils import box_from_relative, box_iou, box_to_relative


def test_relative_box_by_hand() -> None:
    reference = torch.tensor([10.0, 20.0, 40.0, 20.0])
    box = torch.tensor([40.0, 15.0, 20.0, 40.0])  # center (50, 35) against (30, 30)
    expected = torch.tensor([20 / 40, 5 / 20, math.log(0.5), math.log(2.0)])
    torch.testing.assert_close(box_to_relative(box, reference), expected)


def test_relative_box_there_and_back() -> None:
    generator = torch.Generator().manual_seed(0)
    boxes = torch.rand(5, 7, 4, generator=generator, dtype=torch.float64) * 100 + 1
    reference = torch.rand(5, 1, 4, generator=generator, dtype=torch.float64) * 100 + 1
    torch.testing.assert_close(box_from_relative(box_to_relative(boxes, reference), reference), boxes)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((0, 0, 10, 10), 1.0),
        ((5, 0, 10, 10), 50 / 150),
        ((10, 0, 10, 10), 0.0),
        ((2, 2, 5, 5), 25 / 100),
        ((0, 0, 0, 10), 0.0),
        ((0, 0, -3, 5), 0.0),
    ],
)
def test_iou_by_hand(other: tuple[float, ...], expected: float) -> None:
    box = torch.tensor([0.0, 0.0, 10.0, 10.0])
    assert box_iou(box, torch.tensor(other, dtype=torch.float32)).item() == pytest.approx(expected)


def test_iou_of_two_empty_boxes_is_zero() -> None:
    empty = torch.zeros(3, 4)
    assert box_iou(empty, empty).tolist() == [0, 0, 0]
