"""OpenCV's trackers behind our interface: what goes in and comes out, by a fake one; MIL for what it alone does."""

import sys
from typing import Any

import cv2
import numpy as np
import pytest

from pytracking.parameter.opencv import PARAMETERS
from pytracking.parameter.opencv.base import OpenCVParams
from pytracking.tracker.base.output import Box, TrackOutput
from pytracking.tracker.opencv.opencv import OpenCVTracker
from tests.fakes.datasets import noise_picture
from tests.fakes.videos import moving_square

PARAMS = OpenCVParams("TrackerFake_create")
FRAME = noise_picture(0, 64, 48)


class FakeTracker:
    """As of ``cv2``: gives the ``answers`` one after another, raising those that are errors."""

    def __init__(self, *answers: Any) -> None:
        self.answers = iter(answers)

    def init(self, image: np.ndarray, box: tuple[int, int, int, int]) -> None:
        self.image, self.box = image, box

    def update(self, image: np.ndarray) -> tuple[bool, tuple[int, int, int, int]]:
        self.image = image
        answer = next(self.answers)
        if isinstance(answer, cv2.error):
            raise answer
        return answer


class ScoringTracker(FakeTracker):
    score = 0.75

    def getTrackingScore(self) -> float:
        return self.score


def test_frames_are_bgr_and_boxes_whole_pixels() -> None:
    fake = FakeTracker((True, (3, 4, 5, 6)))
    tracker = OpenCVTracker(lambda: fake, PARAMS)
    tracker.initialize(FRAME, (10.4, -2.6, 20.6, 0.2))
    assert fake.box == (10, -3, 21, 1)
    np.testing.assert_array_equal(fake.image, FRAME[..., ::-1])
    assert tracker.track(FRAME) == TrackOutput((3.0, 4.0, 5.0, 6.0), 1.0, "tracking")
    np.testing.assert_array_equal(fake.image, FRAME[..., ::-1])


def test_a_lost_target_keeps_its_last_box() -> None:
    first = (10.5, 12.5, 20.5, 16.5)
    fake = FakeTracker((False, (0, 0, 0, 0)), (True, (3, 4, 5, 6)), (True, (0, 0, 0, 0)), (False, (9, 9, 9, 9)))
    tracker = OpenCVTracker(lambda: fake, PARAMS)
    tracker.initialize(FRAME, first)
    outputs = [tracker.track(FRAME) for _ in range(4)]
    assert [output.box for output in outputs] == [first, *[(3.0, 4.0, 5.0, 6.0)] * 3]
    assert [output.state for output in outputs] == ["lost", "tracking", "lost", "lost"]
    assert [output.score for output in outputs] == [0.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize(("given", "expected"), [(0.75, [0.75, 0.75]), (-1.0, [1.0, 0.0]), (1.0000001, [1.0, 1.0])])
def test_trackers_that_score_themselves_are_believed(given: float, expected: list[float]) -> None:
    fake = ScoringTracker((True, (3, 4, 5, 6)), (False, (3, 4, 5, 6)))
    fake.score = given
    tracker = OpenCVTracker(lambda: fake, PARAMS)
    tracker.initialize(FRAME, (10, 12, 20, 16))
    assert [tracker.track(FRAME).score for _ in range(2)] == expected


def test_errors_name_the_box() -> None:
    fake = FakeTracker(cv2.error("resize.cpp:4217: !ssize.empty()"), (True, (3, 4, 5, 6)))
    tracker = OpenCVTracker(lambda: fake, PARAMS)
    tracker.initialize(FRAME, (10, 12, 20, 16))
    message = r"\(TrackerFake_create\) failed to find the target, box \(10, 12, 20, 16\) in a 64 x 48 frame: resize.cpp"
    with pytest.raises(ValueError, match=message):
        tracker.track(FRAME)


def mil(seed: int = 0) -> OpenCVTracker:
    return OpenCVTracker(cv2.TrackerMIL_create, PARAMETERS["mil"], seed)


def test_a_failed_start_leaves_the_target_before() -> None:
    frames, boxes = moving_square(4)
    tracker, undisturbed = mil(), mil()
    tracker.initialize(frames[0], boxes[0])
    with pytest.raises(ValueError, match=r"\(TrackerMIL_create\) failed to learn the target, box \(0, 0, 240, 180\)"):
        tracker.initialize(frames[0], (-10, -10, 500, 500))
    undisturbed.initialize(frames[0], boxes[0])
    assert [tracker.track(frame) for frame in frames] == [undisturbed.track(frame) for frame in frames]


@pytest.mark.parametrize(
    "box", [(60, 80, 1, 1), (60, 80, 1, 40), (239, 179, 30, 30), (-29, -28, 30, 30), (-9, 90, 30, 30)]
)
def test_mil_starts_on_boxes_that_it_would_look_at_for_ever(box: Box) -> None:
    frames, _ = moving_square(3)
    tracker = mil()
    tracker.initialize(frames[0], box)
    x, y, w, h = tracker.track(frames[1]).box
    assert min(w, h) >= 5
    assert 0 <= x <= 240 - w
    assert 0 <= y <= 180 - h


@pytest.mark.skipif(sys.platform == "win32", reason="the random numbers of MIL's features cannot be seeded there")
def test_the_seed_decides() -> None:
    frames, boxes = moving_square(8, step=8)

    def run(seed: int) -> list[TrackOutput]:
        tracker = mil(seed)
        tracker.initialize(frames[0], boxes[0])
        return [tracker.track(frame) for frame in frames[1:]]

    runs = [run(seed) for seed in (0, 1, 2, 0, 1, 2)]
    assert runs[:3] == runs[3:]
    assert any(run != runs[0] for run in runs[1:3])
