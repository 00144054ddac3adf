"""Filling between keyframes. The oracle: a tracker that drifts away evenly, so that the blend of both ways is exact."""

import numpy as np
import pytest

from pytracking.annotation.model import AnnotatedBox
from pytracking.pipeline.propagation import SPREAD, blend, doubt, fill_between, follow_on, track_from
from pytracking.tracker.base.output import TrackOutput
from pytracking.video.frame_source import open_video
from tests.fakes.drifting import DRIFT, DriftingTracker, true_box
from tests.fakes.videos import write_video


@pytest.fixture
def source(tmp_path):
    return open_video(write_video(tmp_path / "a.mp4", frames=16))


@pytest.mark.parametrize(("frame", "last"), [(2, 7), (7, 2), (4, 4)])
def test_tracking_goes_both_ways(source, frame, last):
    found = list(track_from(source, DriftingTracker(), frame, true_box(frame), last))
    step = 1 if last >= frame else -1
    assert [number for number, _ in found] == list(range(frame, last + step, step))[1:]
    for number, output in found:  # each image was the one of its number
        assert output.box[0] == pytest.approx(true_box(number)[0] + DRIFT * abs(number - frame))


def test_boxes_between_keyframes_are_the_true_ones(source):
    """Forward, the box is d too far right after i frames; backward, n - i frames further left: weighted, nothing."""
    calls = []
    tracker = DriftingTracker(signed=True)
    filled = fill_between(source, tracker, (3, 13), (true_box(3), true_box(13)), lambda: calls.append(1))
    assert list(filled) == list(range(4, 13))
    for frame, box in filled.items():
        assert box.box == pytest.approx(true_box(frame), abs=1e-6)
        assert not box.keyframe
    assert len(calls) == 18
    apart = [box.box_std[0] for box in filled.values()]  # how far the two ways disagree
    parts = np.arange(1, 10) / 10
    assert apart == pytest.approx(np.sqrt(parts * (1 - parts)) * 10 * DRIFT, rel=1e-6)


def test_a_lost_side_hardly_counts():
    def output(x, state, score=0.8):
        return TrackOutput((x, 0, 10, 10), score, state, (0, 0, 0, 0))

    here = {5: output(100, "tracking")}
    there = {5: output(0, "lost")}
    for forward, backward in ((here, there), (there, here)):
        [(frame, box)] = blend(forward, backward, 4, 6).items()
        assert frame == 5
        assert box.box[0] > 98
    both = blend(here, {5: output(60, "tracking", 0.4)}, 0, 10)[5]  # in the middle, by the scores
    assert both.box[0] == pytest.approx((0.8 * 100 + 0.4 * 60) / 1.2)
    assert both.score == pytest.approx((0.8 * 0.8 + 0.4 * 0.4) / 1.2)
    assert blend(here, {}, 0, 10)[5].box[0] == 100  # one side alone
    assert blend({}, {}, 0, 10) == {}


def test_following_on_ends_where_the_target_is_lost(source):
    tracker = DriftingTracker(lost_from=9)
    assert [frame for frame, _ in follow_on(source, tracker, 4, true_box(4), 15)] == [5, 6, 7, 8]
    assert [frame for frame, _ in follow_on(source, DriftingTracker(), 4, true_box(4), 0)] == [3, 2, 1, 0]


def test_doubt():
    def box(score, std, keyframe=False):
        return AnnotatedBox((0, 0, 20, 40), keyframe, score=score, box_std=std and (std, std, std, std))

    assert doubt(box(0.1, 20, keyframe=True)) == 0
    assert doubt(box(0.9, None)) == pytest.approx(0.1)
    assert doubt(box(0.5, 0)) == 0.5
    assert doubt(box(0.99, SPREAD * 20)) == 0.5
    assert doubt(box(0.99, 1000)) == 1
    assert doubt(AnnotatedBox((0, 0, 20, 40), keyframe=False)) == 0  # interpolated by another tool
