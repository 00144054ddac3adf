import signal
import threading
from contextlib import contextmanager

import pytest

from pytracking.pipeline.recording import end_as_interrupt, run_pipeline
from pytracking.pipeline.track_video import FrameResult
from pytracking.video.frame_source import BrokenSourceError
from tests.fakes.videos import numbered_frame


def steps_of(frames, error=None):
    for number in range(frames):
        yield FrameResult(number, numbered_frame(number), {}, 0.5 if number else 0.0)
    if error:
        raise error


FULL = OSError("disk full")


class Kept:
    """A sink that keeps the numbers of steps, and notes whether it was left by an error.

    fail_at: the frame at which writing fails by ``failure``; -1: opening, 99: the end.
    """

    def __init__(self, fail_at=None, failure=FULL):
        self.frames, self.end, self.fail_at, self.failure = [], "not yet", fail_at, failure

    def fail(self, number):
        if number == self.fail_at:
            raise self.failure

    @contextmanager
    def open(self):
        self.fail(-1)
        try:
            yield self.write
            self.fail(99)
            self.end = "well"
        except BaseException:
            self.end = "error"
            raise

    def write(self, step):
        self.fail(step.frame)
        self.frames.append(step.frame)


def opened(*sinks):
    return [sink.open() for sink in sinks]


def test_frames_without_a_target_are_written_and_not_timed():
    kept = Kept()
    recording = run_pipeline(steps_of(3), opened(kept))
    assert (kept.frames, kept.end) == ([0, 1, 2], "well")
    assert (recording.frames, recording.fps, recording.broken, recording.errors) == (3, 2.0, "", (None,))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BrokenSourceError("a.mp4: breaks off at frame 3"), "a.mp4: breaks off at frame 3"),
        (KeyboardInterrupt(), "interrupted after 3 frames"),
    ],
)
def test_everything_before_a_break_is_kept(error, reason):
    kept = [Kept(), Kept()]
    recording = run_pipeline(steps_of(3, error), opened(*kept))
    assert (recording.frames, recording.broken) == (3, reason)
    assert [(sink.frames, sink.end) for sink in kept] == [([0, 1, 2], "well")] * 2


def test_everything_before_a_bug_is_kept_and_the_bug_is_raised():
    kept = Kept()
    with pytest.raises(RuntimeError, match="boom"):
        run_pipeline(steps_of(3, RuntimeError("boom")), opened(kept))
    assert (kept.frames, kept.end) == ([0, 1, 2], "well")


@pytest.mark.parametrize("error", [None, BrokenSourceError("nothing at all"), KeyboardInterrupt()])
def test_without_a_frame_nothing_is_written(error):
    kept = Kept()
    with pytest.raises(ValueError, match=r"the video has no frames|nothing at all|interrupted after 0 frames"):
        run_pipeline(steps_of(0, error), opened(kept))
    assert kept.end == "error"


@pytest.mark.parametrize("fail_at", [1, 99])
def test_a_sink_that_fails_does_not_take_the_others_with_it(fail_at):
    failing, kept = Kept(fail_at), Kept()
    recording = run_pipeline(steps_of(4), opened(failing, kept))
    assert recording.errors == ("disk full", None)
    assert (failing.end, kept.end) == ("error", "well")
    assert (kept.frames, recording.frames) == ([0, 1, 2, 3], 4)


def test_where_every_sink_has_failed_it_ends():
    recording = run_pipeline(steps_of(9), opened(Kept(1), Kept(3)))
    assert (recording.frames, recording.errors) == (4, ("disk full", "disk full"))
    assert run_pipeline(steps_of(9), []).frames == 9


def test_a_sink_that_cannot_be_opened_ends_it_before_the_first_frame():
    kept = Kept()
    asked = iter(steps_of(3))
    with pytest.raises(OSError, match="disk full"):
        run_pipeline(asked, opened(kept, Kept(-1)))
    assert (kept.frames, kept.end) == ([], "error")
    assert next(asked).frame == 0


def test_a_bug_of_a_sink_is_raised_after_the_others_are_whole():
    kept = Kept()
    with pytest.raises(TypeError, match="bug"):
        run_pipeline(steps_of(3), opened(Kept(1, TypeError("bug")), kept))
    assert (kept.frames, kept.end) == ([0, 1, 2], "well")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_all_sinks_end_with_the_same_frame(name):
    first, last = Kept(), Kept()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    @contextmanager
    def pressing():
        def write(step):
            if step.frame == 1:
                signal.raise_signal(getattr(signal, name))  # to this thread, at once

        yield write

    try:
        end_as_interrupt()
        recording = run_pipeline(steps_of(5), [first.open(), pressing(), last.open()])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert recording.broken == "interrupted after 2 frames"
    assert first.frames == last.frames == [0, 1]


def test_signals_that_are_ignored_stay_ignored():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
        end_as_interrupt()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_other_threads_can_record_too():
    kept = Kept()
    thread = threading.Thread(target=lambda: run_pipeline(steps_of(2), opened(kept)))
    thread.start()
    thread.join()
    assert (kept.frames, kept.end) == ([0, 1], "well")
