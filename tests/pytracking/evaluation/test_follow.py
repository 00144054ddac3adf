import csv

import av
import numpy as np
import pytest

from pytracking.evaluation.follow import CSV_COLUMNS, draw_step, follow, record
from pytracking.evaluation.video import BrokenSourceError, FrameSource, open_frames
from tests.fakes.trackers import FakeTracker
from tests.fakes.videos import numbered_frame, write_video

BOXES = [(10.0, 12.0, 20.0, 16.0), (30.0, 5.0, 9.5, 8.0)]


def steps_of(source, first_number=0):
    return follow(source, BOXES, [FakeTracker(0), FakeTracker(1)], first_number)


def breaking_source(error, after=3):
    def frames():
        for number in range(after):
            yield numbered_frame(number)
        raise error

    return FrameSource("breaking", frames)


def read_rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_two_targets_are_written_to_video_and_table(tmp_path):
    source = open_frames(write_video(tmp_path / "in.mp4", frames=4))
    recording = record(steps_of(source, 7), source.fps, tmp_path / "out.mp4", tmp_path / "new" / "out.csv")
    assert (recording.frames, recording.broken) == (4, "")
    assert recording.fps > 0
    rows = read_rows(tmp_path / "new" / "out.csv")
    assert tuple(rows[0]) == CSV_COLUMNS
    assert [(r["frame"], r["id"]) for r in rows] == [(str(f), str(i)) for f in range(7, 11) for i in (0, 1)]
    assert list(rows[1].values()) == ["7", "1", "30.0000", "5.0000", "9.5000", "8.0000", "1.0000", "tracking"]
    dx, dy = np.random.default_rng(1).normal(size=2)
    assert [rows[3][k] for k in ("x", "y", "score", "state")] == [f"{30 + dx:.4f}", f"{5 + dy:.4f}", "0.2500", "lost"]
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 4


@pytest.mark.parametrize("error", [BrokenSourceError("a.mp4: breaks off at frame 3"), KeyboardInterrupt()])
def test_everything_before_a_break_is_kept(tmp_path, error):
    recording = record(steps_of(breaking_source(error)), 25, tmp_path / "a.mp4", tmp_path / "a.csv")
    assert recording.frames == 3
    assert recording.broken in ("a.mp4: breaks off at frame 3", "interrupted after 3 frames")
    assert len(read_rows(tmp_path / "a.csv")) == 6
    assert len(list(open_frames(tmp_path / "a.mp4"))) == 3


def test_other_errors_and_empty_sources_leave_nothing(tmp_path):
    outputs = (tmp_path / "a.mp4", tmp_path / "a.csv")
    with pytest.raises(RuntimeError):
        record(steps_of(breaking_source(RuntimeError())), 25, *outputs)
    with pytest.raises(ValueError, match="nothing at all"):
        record(steps_of(breaking_source(BrokenSourceError("nothing at all"), after=0)), 25, *outputs)
    with pytest.raises(ValueError, match="the video has no frames"):
        record(iter(()), 25, *outputs)
    assert list(tmp_path.iterdir()) == []


def test_drawing_leaves_the_frame_alone():
    frames = FrameSource("two", lambda: iter([numbered_frame(0), numbered_frame(1)]))
    _, step = steps_of(frames)
    before = step.image.copy()
    assert (draw_step(step) != before).any()
    np.testing.assert_array_equal(step.image, before)
