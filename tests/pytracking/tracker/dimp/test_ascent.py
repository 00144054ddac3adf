from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ltr.data.bounding_box_utils import box_from_relative, box_iou, box_to_relative
from ltr.refine import refine
from pytracking.parameter.dimp.base import AscentParams
from pytracking.tracker.dimp.ascent import ascend, damp, draw_starts

FREE = AscentParams(
    num_boxes=8,
    num_iterations=60,
    step_length=0.02,
    top_k=3,
    position_weight=1.0,
    size_rate=1.0,
    max_size_change=10.0,
)
START = torch.tensor([40.0, 50, 30, 20])
BEST = torch.tensor([44.0, 47, 33, 21])


def energy_of(best: Tensor) -> Callable[[Tensor], Tensor]:
    """Highest at the box ``best``, falling with the distance in its relative space."""
    return lambda boxes: -10 * box_to_relative(boxes, best).square().sum(dim=-1)


def _refine(params: AscentParams = FREE, best: Tensor = BEST, seed: int = 0) -> Tensor:
    return ascend(energy_of(best), START, draw_starts(params, torch.Generator().manual_seed(seed)), params)


def test_climbs_to_the_best_box() -> None:
    refined = _refine()
    assert refined.shape == (4,)
    assert box_iou(refined, BEST) > 0.97
    assert box_iou(START, BEST) < 0.75


def test_the_answer_is_seeded() -> None:
    few = replace(FREE, num_iterations=2)
    assert torch.equal(_refine(few), _refine(few))
    assert not torch.equal(_refine(few), _refine(few, seed=1))


def test_one_box_starts_without_jitter() -> None:
    alone = replace(FREE, num_boxes=1, num_iterations=0)
    torch.testing.assert_close(_refine(alone), START)
    assert torch.equal(_refine(alone, seed=1), _refine(alone, seed=2))


def test_flat_energy_moves_nothing_but_the_mean_of_starts() -> None:
    still = replace(FREE, position_jitter=0.0, size_jitter=0.0)
    box = ascend(lambda boxes: 0 * boxes.sum(dim=-1), START, draw_starts(still, torch.Generator()), still)
    torch.testing.assert_close(box, START)


def test_only_the_best_boxes_count() -> None:
    """Without steps and with one box kept, the answer is the start of the highest energy."""
    params = replace(FREE, num_iterations=0, top_k=1, num_boxes=50)
    one = energy_of(BEST)(_refine(params)[None, None])
    mean = energy_of(BEST)(_refine(replace(params, top_k=50))[None, None])
    assert one > energy_of(BEST)(START[None, None])
    assert one > mean


def test_more_boxes_kept_than_there_are() -> None:
    assert torch.isfinite(_refine(replace(FREE, num_boxes=2, top_k=5))).all()


def test_size_is_held_back_by_inertia_and_position_is_shared() -> None:
    params = replace(FREE, position_weight=0.5, size_rate=0.5, max_size_change=0.06)
    box_rel = torch.tensor([0.2, -0.4, 0.08, -3.0])
    torch.testing.assert_close(damp(box_rel, params), torch.tensor([0.1, -0.2, 0.04, -0.06]))


def test_energy_that_pulls_far_away_cannot_run_away() -> None:
    params = replace(AscentParams(), max_size_change=0.05)
    change = box_to_relative(_refine(params, best=torch.tensor([300.0, 300, 500, 400])), START)
    assert change[2:].abs().max() <= 0.05 + 1e-5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_is_kept(dtype: torch.dtype) -> None:
    box = ascend(energy_of(BEST.to(dtype)), START.to(dtype), draw_starts(FREE, torch.Generator()), FREE)
    assert box.dtype == dtype


def test_climbs_as_refine_does_in_relative_space() -> None:
    energy, start, params = energy_of(BEST.double()), START.double(), replace(FREE, num_iterations=3)
    found = ascend(energy, start, torch.zeros(1, 4), params)
    box_rel, _ = refine(
        lambda y: energy(box_from_relative(y, start)), torch.zeros(1, 1, 4).double(), params.step_length, 3
    )
    torch.testing.assert_close(found, box_from_relative(box_rel[0, 0], start))
