"""Which of the two ways makes the box."""

import pytest
import torch

from pytracking.parameter.dimp.base import RefinementParams
from pytracking.tracker.dimp.box_ascent import ascend, draw_starts
from pytracking.tracker.dimp.box_mean import boxes_around, mean_box
from pytracking.tracker.dimp.box_refinement import refine_box, starting_points
from tests.pytracking.tracker.dimp.test_box_ascent import BEST, START, energy_of, slope_of

CPU = torch.device("cpu")


def test_the_method_is_the_parameters() -> None:
    slope, box = slope_of(energy_of(BEST)), START
    params = RefinementParams(method="mean")
    points = starting_points(params, torch.Generator(), CPU)
    assert torch.equal(points, boxes_around(params.mean, CPU))
    assert torch.equal(refine_box(slope, box, points, params), mean_box(slope, box, points, params.mean))
    params = RefinementParams(method="ascent")
    points = starting_points(params, torch.Generator().manual_seed(0), CPU)
    assert torch.equal(points, draw_starts(params.ascent, torch.Generator().manual_seed(0)))
    assert torch.equal(refine_box(slope, box, points, params), ascend(slope, box, points, params.ascent))


def test_an_unknown_method_is_named() -> None:
    with pytest.raises(ValueError, match=r"refinement\.method: expected mean or ascent, got 'median'"):
        RefinementParams(method="median")
