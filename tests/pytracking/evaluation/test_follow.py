from contextlib import contextmanager
from itertools import count

import pytest

from pytracking import MultiTracker, TrackOutput
from pytracking.evaluation.follow import Start, follow, record
from pytracking.evaluation.sinks import annotated_video
from pytracking.evaluation.video import BrokenSourceError, FrameSource, open_frames
from pytracking.utils.drawing import Overlay
from tests.fakes.trackers import FakeTracker
from tests.fakes.videos import number_of, numbered_frame

STARTS = [Start((10.0, 12.0, 20.0, 16.0), 7), Start((30.0, 5.0, 9.5, 8.0), 9)]


def source_of(frames, error=None):
    def iterate():
        yield from map(numbered_frame, range(frames))
        if error:
            raise error

    return FrameSource("fake", iterate)


def steps_of(source, starts=STARTS, numbers=None):
    return follow(source, starts, MultiTracker(FakeTracker()), numbers or count(7))


class Kept:
    """A sink that keeps steps, and notes whether it was left by an error."""

    def __init__(self):
        self.steps, self.end = [], "not yet"

    @contextmanager
    def open(self):
        try:
            yield self.steps.append
            self.end = "well"
        except BaseException:
            self.end = "error"
            raise


def test_targets_start_in_their_frames_and_keep_their_ids():
    steps = list(steps_of(source_of(5), [STARTS[1], STARTS[0]]))
    assert [(step.frame, number_of(step.image), list(step.targets)) for step in steps] == [
        (7, 0, [1]),
        (8, 1, [1]),
        (9, 2, [1, 0]),
        (10, 3, [0, 1]),
        (11, 4, [0, 1]),
    ]
    assert steps[0].targets == {1: TrackOutput(STARTS[0].box, 1.0, "tracking")}
    alone = FakeTracker()
    alone.initialize(steps[0].image, STARTS[0].box)
    assert [step.targets[1] for step in steps[1:]] == [alone.track(step.image) for step in steps[1:]]
    assert [step.seconds > 0 for step in steps] == [False, True, True, True, True]


def test_numbers_are_those_of_the_video():
    assert [step.frame for step in steps_of(source_of(3), [Start(STARTS[0].box, 13)], count(3, 5))] == [3, 8, 13]


def test_frames_before_the_first_target_pass_by():
    kept = Kept()
    recording = record(steps_of(source_of(3), [Start(STARTS[0].box, 9)]), [kept.open()])
    assert [len(step.targets) for step in kept.steps] == [0, 0, 1]
    assert (recording.frames, recording.fps, recording.broken, kept.end) == (3, 0.0, "", "well")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BrokenSourceError("a.mp4: breaks off at frame 3"), "a.mp4: breaks off at frame 3"),
        (KeyboardInterrupt(), "interrupted after 3 frames"),
    ],
)
def test_everything_before_a_break_is_kept(error, reason):
    kept = [Kept(), Kept()]
    recording = record(steps_of(source_of(3, error)), [sink.open() for sink in kept])
    assert (recording.frames, recording.broken) == (3, reason)
    assert recording.fps > 0
    assert [(len(sink.steps), sink.end) for sink in kept] == [(3, "well")] * 2


def test_a_video_that_ends_before_a_target_starts_is_broken():
    recording = record(steps_of(source_of(2)), [])
    assert (recording.frames, recording.broken) == (2, "fake: ended before frame 9, where a target starts")


@pytest.mark.parametrize(
    ("frames", "error", "expected", "message"),
    [
        (3, RuntimeError("boom"), RuntimeError, "boom"),
        (0, BrokenSourceError("nothing at all"), ValueError, "nothing at all"),
    ],
)
def test_other_errors_and_empty_sources_reach_the_sinks(frames, error, expected, message):
    kept = Kept()
    with pytest.raises(expected, match=message):
        record(steps_of(source_of(frames, error)), [kept.open()])
    assert kept.end == "error"
    with pytest.raises(ValueError, match="the video has no frames"):
        record(iter(()), [])


def test_a_picture_that_changes_its_size_ends_the_video_and_keeps_it(tmp_path):
    source = FrameSource("stream", lambda: iter([numbered_frame(0), numbered_frame(1), numbered_frame(2, width=80)]))
    recording = record(steps_of(source), [annotated_video(tmp_path / "a.mp4", source, Overlay())])
    assert (recording.frames, len(list(open_frames(tmp_path / "a.mp4")))) == (2, 2)
    assert "a.mp4: expected frames of (48, 64, 3), got (48, 80, 3)" in recording.broken
