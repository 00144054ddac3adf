from itertools import pairwise

import numpy as np
import pytest

from ltr.utils.errors import InputError
from pytracking.evaluation.realtime import ArrivingFrames, RealTimeBuilder
from pytracking.tracker.base.config import TrackerConfig
from tests.fakes.trackers import FakeBuilder

IMAGE = np.zeros((48, 64, 3), np.uint8)


def seen(latency, fps, frames):
    arriving, taken = ArrivingFrames(fps), []
    for frame in range(frames):
        if arriving.sees(frame):
            taken.append(frame)
            arriving.work(frame, latency)
    return taken


@pytest.mark.parametrize(
    ("latency", "fps", "expected"),
    [
        (0.0, 25, range(12)),
        (0.04, 25, range(12)),  # done exactly when the next one comes
        (0.08, 25, range(0, 12, 2)),
        (0.1, 30, range(0, 12, 3)),
        (0.06, 25, [0, 1, 3, 4, 6, 7, 9, 10]),
        (1.0, 25, [0]),
    ],
)
def test_the_frames_that_are_seen_at_a_constant_latency(latency, fps, expected):
    assert seen(latency, fps, 12) == list(expected)


@pytest.mark.parametrize("intervals", [1.0, 1.25, 1.37, 2.5, 3.0, 7.9])
def test_a_busy_tracker_takes_the_newest_frame(intervals):
    """In closed form: the n-th frame is begun at n k intervals, where frame floor(n k) is the newest."""
    taken = seen(intervals / 30, 30, 200)
    assert taken == [int(n * intervals + 1e-9) for n in range(len(taken))]
    assert len(taken) == np.ceil(200 / intervals)


def test_an_idle_tracker_waits_and_a_slow_frame_costs_those_that_come_meanwhile():
    arriving = ArrivingFrames(10)
    arriving.work(0, 0.35)
    assert [arriving.sees(frame) for frame in (1, 2, 3)] == [False, False, True]
    arriving.work(3, 0.01)  # until 0.36 s
    assert arriving.sees(4)
    arriving.work(4, 0.19)  # from its arrival at 0.4 s until 0.59 s
    assert arriving.sees(5)


def test_the_last_output_stands_for_frames_that_are_not_seen():
    tracker = RealTimeBuilder(25, 0.1, FakeBuilder())(TrackerConfig(seed=3))
    alone = FakeBuilder()(TrackerConfig(seed=3))
    for target in (tracker, alone):
        target.initialize(IMAGE, (10.0, 12.0, 20.0, 16.0))
    outputs = [tracker.track(IMAGE) for _ in range(10)]
    assert [output.box for output in outputs[:1]] == [(10.0, 12.0, 20.0, 16.0)]
    assert [a is b for a, b in pairwise(outputs)] == [i not in (2, 5, 7, 10) for i in range(2, 11)]
    assert [outputs[i - 1] for i in (2, 5, 7, 10)] == [alone.track(IMAGE) for _ in range(4)]
    assert tracker.run_info().realtime == {"fps": 25, "latency": 0.1}
    tracker.initialize(IMAGE, (10.0, 12.0, 20.0, 16.0))  # begins anew
    assert tracker.track(IMAGE).box == (10.0, 12.0, 20.0, 16.0)


def test_without_a_given_latency_the_measured_times_count():
    tracker = RealTimeBuilder(1000, None, FakeBuilder(slow=0.02))(TrackerConfig())
    tracker.initialize(IMAGE, (10.0, 12.0, 20.0, 16.0))
    assert len({tracker.track(IMAGE) for _ in range(20)}) <= 2  # one frame takes 20 intervals at least
    assert tracker.run_info().realtime == {"fps": 1000, "latency": None}


@pytest.mark.parametrize("fps", [0, -25, float("nan"), float("inf")])
def test_frame_rates_that_are_none(fps):
    with pytest.raises(InputError, match=r"--realtime .*: expected frames a second, above 0"):
        RealTimeBuilder(fps)


@pytest.mark.parametrize("latency", [-0.001, float("nan"), float("inf")])
def test_latencies_that_are_none(latency):
    with pytest.raises(InputError, match=r"--latency .*: expected milliseconds a frame, 0 or more"):
        RealTimeBuilder(25, latency)
