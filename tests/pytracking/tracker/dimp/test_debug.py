import numpy as np
import pytest

from pytracking.parameter.dimp.base import AscentParams, DiMPParams, LocalizationParams, RefinementParams
from pytracking.tracker.dimp.debug import DebugRecorder
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import ALWAYS_FOUND, SMALL, dimp_tracker, small_network

FRAME = noise_picture(0, 200, 150)
BOX = (60.0, 40.0, 32.0, 28.0)
NEVER = LocalizationParams(not_found_threshold=1e9)

# One box, no guards: its energy can only rise.
CLIMBING = RefinementParams(
    method="ascent",
    ascent=AscentParams(num_boxes=1, top_k=1, position_weight=1.0, size_rate=1.0, max_size_change=10.0),
)


def tracker(localization, recorder=None):
    params = DiMPParams(network="", localization=localization, refinement=CLIMBING)
    dimp = dimp_tracker(small_network(), SMALL, params)
    if recorder:
        dimp.debug = recorder
    dimp.initialize(FRAME, BOX)
    return dimp


def test_a_recorder_sees_what_the_tracker_does_and_changes_nothing():
    recorder = DebugRecorder()
    watched, alone = tracker(ALWAYS_FOUND, recorder), tracker(ALWAYS_FOUND)
    first = recorder.frame  # of the frame where the target is learned
    assert first.crop.shape == (SMALL.crop_side, SMALL.crop_side, 3)
    assert first.scores.shape[0] == first.scores.shape[1]
    assert first.found.score == pytest.approx(first.scores.max())
    center = first.before[:2] + first.before[2:] / 2
    assert center == pytest.approx([SMALL.crop_side / 2] * 2, abs=1)  # the given box is in the middle of the crop
    assert (len(first.weights), first.weights.sum()) == (first.num_init, pytest.approx(1))
    for _ in range(2):
        output = watched.track(FRAME)
        assert output == alone.track(FRAME)
    frame = recorder.frame
    assert frame.crop.shape == (SMALL.crop_side, SMALL.crop_side, 3)
    assert (frame.found.state, frame.found.score) == ("tracking", pytest.approx(frame.scores.max()))
    assert len(frame.weights) == frame.num_init + 2
    assert frame.weights.sum() == pytest.approx(1)
    values = frame.energy(np.stack([frame.before, frame.after]))
    assert values.shape == (2,)
    assert values[1] >= values[0]
    assert frame.before[2:] == pytest.approx(frame.after[2:], rel=0.07)  # max_size_change


def test_a_lost_target_is_not_refined():
    recorder = DebugRecorder()
    tracker(NEVER, recorder).track(FRAME)
    assert recorder.frame.found.state == "lost"
    assert recorder.frame.energy is recorder.frame.before is recorder.frame.after is None
    assert len(recorder.frame.weights) == recorder.frame.num_init


def test_the_clone_of_a_recorder_is_another():
    recorder = DebugRecorder()
    assert isinstance(recorder.clone(), DebugRecorder)
    assert recorder.clone() is not recorder
