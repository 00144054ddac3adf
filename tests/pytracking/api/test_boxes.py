from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from pytracking.api.boxes import check_box

FRAME = np.zeros((240, 320, 3), np.uint8)


@pytest.mark.parametrize(
    "box",
    [
        (10, 20, 30, 40),
        [10.0, 20, 30, 40],
        np.array([10, 20, 30, 40], np.float32),
        torch.tensor([10, 20, 30, 40]),
        [np.float32(10), np.int64(20), torch.tensor(30), Fraction(40)],
    ],
)
def test_boxes_become_four_floats(box: Any) -> None:
    checked = check_box(box, FRAME)
    assert checked == (10.0, 20.0, 30.0, 40.0)
    assert all(type(value) is float for value in checked)


@pytest.mark.parametrize("box", [(-75, 0, 100, 10), (-500, -400, 900, 700), (0, -30, 320, 40)])
def test_a_part_outside_the_frame_is_allowed(box: Any) -> None:
    assert check_box(box, FRAME) == box


@pytest.mark.parametrize(
    ("box", "message"),
    [
        (None, "expected four finite numbers x, y, w, h, got None"),
        ("1,2,3,4", "got '1,2,3,4'"),
        ("1234", "got '1234'"),
        (("a", "b", "c", "d"), "got \\('a', 'b', 'c', 'd'\\)"),
        ((1, 2, 3), "expected four finite numbers"),
        ((1, 2, 3, None), "expected four finite numbers"),
        ((1, 2, float("nan"), 4), "expected four finite numbers"),
        (np.zeros((4, 1)), "expected four finite numbers"),
        ((1, 2, 3j, 4), "expected four finite numbers"),
        ((10**400, 2, 3, 4), "expected four finite numbers"),
        ((True, 2, 3, 4), "expected four finite numbers"),
        (np.array([True] * 4), "expected four finite numbers"),
        ({1, 2, 3, 4}, "expected four finite numbers"),
        (7, "expected four finite numbers"),
        ((10, 10, 1e-300, 50), "smaller than a pixel"),
        ((1, 2, 0, 4), "width and height above 0"),
        ((0.4, 0.4, 0.2, 0.2), "smaller than a pixel; expected pixels, not parts of the frame"),
        ((320, 0, 10, 10), "lies outside the 320 x 240 frame"),
        ((-20, 0, 20, 10), "lies outside"),
        ((300, 220, 100, 100), "the 320 x 240 frame shows 4 % of \\(300.0, .*; expected 25 % or more"),
        ((-76, 0, 100, 10), "frame shows 24 % of"),
        ((10, 10, 1e9, 1e9), "more than 4 times as large as the 320 x 240 frame"),
    ],
)
def test_other_boxes_are_one_clear_error(box: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^box: .*{message}"):
        check_box(box, FRAME)
