"""Ascent of a predicted overlap. The head is the true overlap wherever nothing else is said."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ltr.data.bounding_box_utils import box_from_relative, box_iou
from pytracking.parameter.dimp.base import OverlapAscentParams
from pytracking.tracker.dimp.overlap_ascent import ascend, draw_jitter

DEFAULT = OverlapAscentParams()


def _overlap_with(target: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda boxes: 2 * box_iou(boxes, target) - 1


@pytest.mark.parametrize(("side", "elongation", "reached"), [(80.0, 0.0, 0.92), (57.6, 0.4, 0.89)])
def test_a_true_overlap_leads_to_the_target(side: float, elongation: float, reached: float) -> None:
    """Steps are in crop pixels: with ATOM's length, a larger and a square target (80 px) gain more than a long one of a
    fifth of the crop. From an IoU of 0.76, the methods for log-densities come to 0.77 (mean) and 0.84 (ascent)."""
    generator = torch.Generator().manual_seed(0)
    before, after = [], []
    for _ in range(200):
        shape = elongation * torch.randn(1, generator=generator)
        size = side * torch.exp(torch.cat([shape, -shape]))
        target = torch.cat([144 - size / 2, size])
        start = box_from_relative(0.08 * torch.randn(4, generator=generator), target)
        refined = ascend(_overlap_with(target), start, draw_jitter(DEFAULT, generator), DEFAULT)
        before.append(box_iou(start, target))
        after.append(box_iou(refined, target))
    assert torch.stack(before).mean().item() == pytest.approx(0.76, abs=0.03)
    assert torch.stack(after).mean() >= reached


def test_a_step_is_the_gradient_times_the_size_of_the_box() -> None:
    """f = sum of c . (x, y, w, h), whose gradient is c everywhere."""
    slope = torch.tensor([0.1, -0.2, 0.05, 0.3])
    params = OverlapAscentParams(num_boxes=1, num_iterations=2, step_length=2.0, step_decay=0.5, top_k=1)
    box = torch.tensor([10.0, 20.0, 40.0, 30.0])
    refined = ascend(lambda boxes: boxes @ slope, box, draw_jitter(params, torch.Generator()), params)
    x, y, w, h = 10 + 2 * 0.1 * 40, 20 - 2 * 0.2 * 30, 40 + 2 * 0.05 * 40, 30 + 2 * 0.3 * 30
    expected = [x + 0.1 * w, y - 0.2 * h, w + 0.05 * w, h + 0.3 * h]  # the second step is half as long
    torch.testing.assert_close(refined, torch.tensor(expected))


def test_the_mean_is_that_of_the_best_before_the_last_step() -> None:
    params = OverlapAscentParams(num_boxes=4, num_iterations=1, top_k=2)
    jitter = torch.tensor([[0.0, 0, 0, 0], [1.0, 0, 0, 0], [2.0, 0, 0, 0], [-1.0, 0, 0, 0]])
    box = torch.tensor([0.0, 0.0, 10.0, 10.0])
    refined = ascend(lambda boxes: 0.01 * boxes[:, 0], box, jitter, params)
    torch.testing.assert_close(refined, torch.tensor([15.0 + 0.01 * 10, 0.0, 10.0, 10.0]))


def test_long_boxes_do_not_count() -> None:
    """The best boxes grow long; where all do, the box stays."""
    params = OverlapAscentParams(num_boxes=3, num_iterations=1, top_k=2, max_aspect=2.0)
    box, grows = torch.tensor([0.0, 0.0, 20.0, 20.0]), torch.tensor([0.0, 0.0, 0.02, 0.0])
    jitter = torch.tensor([[0.0, 0, 0, 0], [0.0, 0, 4, 0], [0.0, 0, 5, 0]])
    torch.testing.assert_close(ascend(lambda b: b @ grows, box, jitter, params), box + 20 * grows)
    assert torch.equal(ascend(lambda b: b @ (100 * grows), box, jitter, params), box)


def test_starts_are_uniform_and_the_first_is_the_box() -> None:
    jitter = draw_jitter(OverlapAscentParams(num_boxes=4001), torch.Generator().manual_seed(0))
    assert torch.equal(jitter[0], torch.zeros(4))
    half = torch.tensor([0.05, 0.05, 0.25, 0.25])
    assert (jitter.abs() <= half).all()
    torch.testing.assert_close(jitter.std(dim=0), 2 * half / 12**0.5, rtol=0.03, atol=0)
    params = OverlapAscentParams(num_boxes=2, num_iterations=1, top_k=1, max_aspect=100)
    small = torch.tensor([[0.0, 0, 0, 0], [0.0, 0, -2.0, 0.1]])  # the width would be negative
    refined = ascend(lambda b: -b[:, 2], torch.tensor([0.0, 0.0, 18.0, 32.0]), small, params)
    assert refined[2:].tolist() == pytest.approx([1.0, 32 + 2.4])  # a third, 6 px, minus the step, a pixel at least
