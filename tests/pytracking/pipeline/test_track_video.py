from dataclasses import replace
from itertools import count

import pytest

from pytracking import MultiTracker, TrackOutput
from pytracking.pipeline.track_video import InitialBox, frame_times, track_video
from pytracking.video.frame_source import FrameSource
from tests.fakes.trackers import FakeTracker
from tests.fakes.videos import number_of, numbered_frame

STARTS = [InitialBox((10.0, 12.0, 20.0, 16.0), 7), InitialBox((30.0, 5.0, 9.5, 8.0), 9, 1)]


def source_of(frames):
    return FrameSource("fake", lambda: map(numbered_frame, range(frames)))


def steps_of(source, starts=STARTS, numbers=None, times=None):
    return track_video(source, starts, MultiTracker(FakeTracker()), numbers or count(7), times)


def test_targets_start_in_their_frames_and_keep_their_ids():
    steps = list(steps_of(source_of(5), [replace(STARTS[1], target=0), replace(STARTS[0], target=1)]))
    assert [(step.frame, number_of(step.image), list(step.targets)) for step in steps] == [
        (7, 0, [1]),
        (8, 1, [1]),
        (9, 2, [0, 1]),
        (10, 3, [0, 1]),
        (11, 4, [0, 1]),
    ]
    assert steps[0].targets == {1: TrackOutput(STARTS[0].box, 1.0, "tracking")}
    alone = FakeTracker()
    alone.initialize(steps[0].image, STARTS[0].box)
    assert [step.targets[1] for step in steps[1:]] == [alone.track(step.image) for step in steps[1:]]
    assert [step.seconds > 0 for step in steps] == [False, True, True, True, True]


def test_numbers_are_those_of_the_video():
    assert [step.frame for step in steps_of(source_of(3), [InitialBox(STARTS[0].box, 13)], count(3, 5))] == [3, 8, 13]


def test_a_target_is_followed_to_its_end_and_may_come_back():
    first, again = STARTS[0], InitialBox((30.0, 5.0, 9.5, 8.0), 11, 0)
    steps = list(steps_of(source_of(6), [replace(first, end=9), again]))
    assert [(step.frame, list(step.targets)) for step in steps] == [
        (7, [0]),
        (8, [0]),
        (9, [0]),
        (10, []),
        (11, [0]),
        (12, [0]),
    ]
    assert steps[4].targets[0].box == again.box


def test_an_end_between_the_frames_that_are_used_counts():
    steps = list(steps_of(source_of(4), [replace(STARTS[0], end=10)], count(7, 2)))
    assert [list(step.targets) for step in steps] == [[0], [0], [], []]


def test_another_box_for_a_target_learns_it_anew():
    other = InitialBox((30.0, 5.0, 9.5, 8.0), 9, 0)
    steps = list(steps_of(source_of(4), [STARTS[0], other]))
    assert [list(step.targets) for step in steps] == [[0]] * 4
    assert steps[2].targets[0] == TrackOutput(other.box, 1.0, "tracking")
    alone = FakeTracker()
    alone.initialize(steps[2].image, other.box)
    assert steps[3].targets[0] == alone.track(steps[3].image)


def test_times_are_those_of_the_video():
    even = FrameSource("even", list, fps=20.0)
    assert list(frame_times(even, [0, 4, 8])) == [0.0, 0.2, 0.4]
    uneven = FrameSource("uneven", list, fps=10.0, times=(0.0, 0.5, 0.6))
    assert list(frame_times(uneven, [1, 2, 4])) == pytest.approx([0.5, 0.6, 0.8])  # two more than its header tells
    assert list(frame_times(FrameSource("images", list), [0, 1])) == [None, None]
    steps = steps_of(source_of(2), STARTS[:1], count(7), iter([0.7, 0.9]))
    assert [step.time for step in steps] == [0.7, 0.9]


def test_frames_of_a_live_source_have_the_times_at_which_they_come(monkeypatch):
    clock = iter([100.2, 100.3, 101.3])
    monkeypatch.setattr("pytracking.pipeline.track_video.time.monotonic", lambda: next(clock))
    times = frame_times(FrameSource("camera 0", list, live=True), count())
    assert [next(times) for _ in range(3)] == pytest.approx([0.0, 0.1, 1.1])


def test_steps_say_whose_track_begins():
    steps = list(steps_of(source_of(4), [STARTS[0], InitialBox((30.0, 5.0, 9.5, 8.0), 9, 0)]))
    assert [set(step.begun) for step in steps] == [{0}, set(), {0}, set()]
