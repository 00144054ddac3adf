from dataclasses import replace

import numpy as np
import pytest
import torch

from ltr.data.bounding_box_utils import box_to_relative
from pytracking.tracker.dimp.debug import FrameDebug
from pytracking.tracker.dimp.localization import Localization
from pytracking.visualization.panels import POINTS, REACH, SIZE, draw_panels, energy_slice

BEFORE = np.array([40.0, 30.0, 20.0, 10.0])


def peaked_at(box_rel):
    def energy(boxes):
        relative = box_to_relative(torch.from_numpy(boxes), torch.from_numpy(BEFORE))
        return -((relative.numpy() - box_rel) ** 2).sum(axis=1)

    return energy


VIEW = FrameDebug(
    crop=np.full((96, 96, 3), (200, 30, 30), np.uint8),
    scores=np.eye(7),
    found=Localization((0.0, 0.0), 1.0, "tracking", False),
    energy=peaked_at((0.2, -0.4, 0.6, 0.0)),
    before=BEFORE,
    after=BEFORE + 2,
    weights=np.full(20, 0.05),
    num_init=15,
)


@pytest.mark.parametrize(("axes", "peak"), [((0, 1), (0.2, -0.4)), ((2, 3), (0.6, 0.0)), ((1, 0), (-0.4, 0.2))])
def test_slices_run_over_two_axes_of_box_space(axes, peak):
    values = energy_slice(VIEW, axes)
    row, column = np.unravel_index(values.argmax(), values.shape)
    steps = np.linspace(-REACH, REACH, POINTS)
    assert (steps[column], steps[row]) == pytest.approx(peak, abs=1e-6)


def test_a_row_shows_the_crop_and_grows_no_larger_without_a_refinement():
    whole = draw_panels("target 0", VIEW)
    assert (whole.shape, whole.dtype) == ((SIZE[1], SIZE[0], 3), np.uint8)
    assert (np.abs(whole.astype(int) - (200, 30, 30)).sum(axis=2) < 10).sum() > 10_000
    lost = draw_panels("target 0", replace(VIEW, energy=None, before=None, after=None))
    assert lost.shape == whole.shape
    yellow_green = (np.abs(whole.astype(int) - (253, 231, 37)).sum(axis=2) < 30).sum()  # the top of viridis
    assert yellow_green > 500
    assert (np.abs(lost.astype(int) - (253, 231, 37)).sum(axis=2) < 30).sum() == 0


def test_a_row_without_a_view_is_empty_but_for_its_title():
    row = draw_panels("target 0", None)
    assert (row[60:] == 255).all()
    assert (row[:40] < 128).any()
