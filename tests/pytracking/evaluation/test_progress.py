import numpy as np
import pytest

from pytracking.evaluation import progress
from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.evaluation.progress import Progress, frames_a_second
from pytracking.evaluation.running import Outcome
from pytracking.video.frame_source import FrameSource


def sequence(name, rows, frames=None):
    return Sequence(name, "folder", np.ones((rows, 4)), lambda: FrameSource(name, lambda: iter(()), frames))


def missing(name):
    def source():
        raise FileNotFoundError(name)

    return Sequence(name, "folder", np.ones((1, 4)), source)


@pytest.fixture
def clock(monkeypatch):
    """Seconds that have passed, to be set."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_speed_is_that_of_all_frames_together():
    outcomes = [Outcome("a", 10, 1.0), Outcome("b", 90, 1.0), Outcome("c", error="x")]
    assert frames_a_second(outcomes) == 50
    assert frames_a_second([]) == 0


def test_time_left_is_by_frames_and_by_what_was_tracked_now(clock, capsys):
    sequences = [sequence("a", 100), sequence("b", 1, frames=50), missing("c"), sequence("d", 300)]
    with Progress(sequences) as shown:
        shown.add(Outcome("a", 100, 5.0, kept=True))
        clock[0] += 20
        shown.add(Outcome("b", 50, 10.0))
        shown.add(Outcome("c", error="no images"))
        clock[0] += 40
        shown.add(Outcome("d", 300, 30.0))
    assert capsys.readouterr().out.splitlines() == [
        "[1/4] a: 100 frames, kept",
        "[2/4] b: 50 frames, 5.0 FPS, 0:02:00 left",  # 20 s for 50 frames, and 301 to go
        "[3/4] c: FAILED, no images, 0:02:00 left",
        "[4/4] d: 300 frames, 10.0 FPS",
    ]
