"""The shipped network on a made clip: the target leaves the crop and reappears in the far corner of the picture."""

from itertools import islice

import numpy as np
import pytest

from pytracking import Tracker
from pytracking.analysis.metrics import iou
from pytracking.evaluation.datasets.demo import demo_sequence
from tests.benchmarks.return_after_loss import corner_clip


@pytest.mark.parametrize("search", ["everywhere", "near"])
def test_the_target_is_found_far_away_if_it_is_searched_for_everywhere(search: str) -> None:
    sequence = demo_sequence()
    scenery = np.ascontiguousarray(next(iter(sequence.open()))[::-1])
    clip = corner_clip(sequence, scenery, np.random.default_rng(0))
    tracker = Tracker(device="cpu", search=search)
    found = False
    for number, (image, box) in enumerate(islice(clip.frames, 30)):
        assert box is not None
        if number == 0:
            tracker.initialize(image, box)
        else:
            output = tracker.track(image)
            overlap = iou(np.array([output.box]), np.array([box]))[0]
            found = number >= clip.back_at and overlap > 0.5
    assert found == (search == "everywhere")
