import pytest
import torch

from pytracking.parameter.dimp.base import AscentParams, DiMPParams, LocalizationParams, RefinementParams
from pytracking.tracker.dimp.dimp import DiMP
from pytracking.tracker.dimp.observer import Recorder
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import ALWAYS_FOUND, SMALL, small_network

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
    dimp = DiMP(small_network().requires_grad_(False), SMALL, params, torch.device("cpu"))
    if recorder:
        dimp.observer = recorder
    dimp.initialize(FRAME, BOX)
    return dimp


def test_a_recorder_sees_what_the_tracker_does_and_changes_nothing():
    recorder = Recorder()
    watched, alone = tracker(ALWAYS_FOUND, recorder), tracker(ALWAYS_FOUND)
    assert recorder.view is None
    for _ in range(2):
        output = watched.track(FRAME)
        assert output == alone.track(FRAME)
    view = recorder.view
    assert view.crop.shape == (SMALL.image_size, SMALL.image_size, 3)
    assert (view.found.state, view.found.score) == ("tracking", pytest.approx(view.scores.max()))
    assert len(view.weights) == view.num_init + 2
    assert view.weights.sum() == pytest.approx(1)
    values = view.energy(torch.stack([view.before, view.after]))
    assert values.shape == (2,)
    assert values[1] >= values[0]
    assert view.before[2:] == pytest.approx(view.after[2:], rel=0.07)  # max_size_change


def test_a_lost_target_is_not_refined():
    recorder = Recorder()
    tracker(NEVER, recorder).track(FRAME)
    assert recorder.view.found.state == "lost"
    assert recorder.view.energy is recorder.view.before is recorder.view.after is None
    assert len(recorder.view.weights) == recorder.view.num_init


def test_another_recorder_is_another():
    recorder = Recorder()
    assert isinstance(recorder.another(), Recorder)
    assert recorder.another() is not recorder
