import pytest

from ltr.utils.errors import InputError
from pytracking.annotation import editing
from pytracking.annotation.editing import Project
from pytracking.annotation.model import AnnotatedBox, Annotations, VideoInfo
from pytracking.pipeline.autofill import Span, fill_span, spans_around, spans_of
from pytracking.video.frame_source import open_video
from tests.fakes.drifting import DriftingTracker, true_box
from tests.fakes.videos import write_video

VIDEO = VideoInfo((64, 48), 30, 25.0, "a.mp4")
FOUND = AnnotatedBox((1, 2, 30, 40), keyframe=False, score=0.9)


def project(*keys, filled=(), ends=()):
    """One target, 0, with keyframes and boxes that tracking found."""
    made = Project(Annotations((), VIDEO))
    target = None
    for frame in keys:
        made, target = editing.draw(made, target, "ball", frame, true_box(frame))
    made = editing.fill(made, 0, dict.fromkeys(filled, FOUND))
    return Project(made.annotations, frozenset((0, end) for end in ends))


def frames(made, target=0):
    return list(made.track(target).boxes)


def test_drawing():
    made = project(10)
    made, target = editing.draw(made, None, "cat", 3, (1, 2, 3, 4))
    assert (target, made.annotations.labels) == (1, ["ball", "cat"])
    made, target = editing.draw(made, 0, "", 4, (1, 2, 3, 4))
    assert (target, frames(made), made.keys(0)) == (0, [4, 10], [4, 10])
    assert made.track(0).label == "ball"
    with pytest.raises(InputError, match="frame 30: the video has 30 frames"):
        editing.draw(made, None, "x", 30, (1, 2, 3, 4))
    with pytest.raises(InputError, match="no target 9"):
        editing.draw(made, 9, "x", 3, (1, 2, 3, 4))


def test_filling_keeps_keyframes():
    made = editing.fill(project(4, 8), 0, dict.fromkeys(range(3, 9), FOUND))
    assert made.keys(0) == [4, 8]
    assert made.track(0).boxes[4].box == true_box(4)
    assert frames(made) == list(range(3, 9))
    assert frames(editing.cleared(made, 0, 3, 6)) == [4, 7, 8]


def test_taking_back_a_keyframe_removes_what_was_found_from_it():
    made = project(4, 8, 12, filled=range(2, 16))
    assert frames(editing.take_back(made, 0, 8)) == [2, 3, 4, 12, 13, 14, 15]
    assert frames(editing.take_back(made, 0, 12)) == list(range(2, 9))
    assert editing.take_back(project(4), 0, 4).annotations.tracks == ()  # nothing is left of it
    with pytest.raises(InputError, match="target 0 has no keyframe 5"):
        editing.take_back(made, 0, 5)


def test_hiding():
    made = project(4, 12, filled=range(4, 16))
    hidden = editing.hide(made, 0, 7)
    assert (frames(hidden), hidden.ends) == ([4, 5, 6, *range(12, 16)], {(0, 6)})
    assert frames(editing.hide(made, 0, 14)) == list(range(4, 14))
    assert editing.hide(project(4), 0, 4).annotations.tracks == ()
    again, _ = editing.draw(hidden, 0, "", 7, true_box(7))  # seen again in the very next frame
    assert again.ends == frozenset()
    later, _ = editing.draw(hidden, 0, "", 9, true_box(9))
    assert later.ends == {(0, 6)}


def test_labels_and_removal():
    made = editing.relabel(project(4, ends=[4]), 0, "dog")
    assert made.annotations.labels == ["dog"]
    assert editing.remove(made, 0) == Project(Annotations((), VIDEO))


def test_what_is_filled_after_a_box_was_drawn():
    filled = project(4, 8, 12, filled=range(20))
    assert spans_around(filled, 0, 8) == [Span(0, 4, 8, True), Span(0, 8, 12, True)]
    assert spans_around(filled, 0, 12) == [Span(0, 8, 12, True), Span(0, 12, 19, False)]
    assert spans_around(filled, 0, 4) == [Span(0, 4, 0, False), Span(0, 4, 8, True)]
    assert spans_around(project(4), 0, 4) == []
    assert spans_around(project(4, 5), 0, 5) == []
    leaves = project(4, 12, ends=[7])
    assert spans_around(leaves, 0, 12) == [Span(0, 4, 7, False)]


def test_what_is_filled_on_demand():
    assert spans_of(project(4, 8), 0) == [Span(0, 4, 8, True), Span(0, 8, 29, False)]
    assert spans_of(project(4, 8, filled=[5, 6, 7]), 0) == [Span(0, 8, 29, False)]
    assert spans_of(project(4, 8, ends=[6, 20]), 0) == [Span(0, 4, 6, False), Span(0, 8, 20, False)]
    assert spans_of(project(4, 8), 0, back=True) == [Span(0, 4, 8, True), Span(0, 4, 0, False)]
    assert spans_of(project(0, 29), 0, back=True) == [Span(0, 0, 29, True)]
    assert spans_of(project(29), 0) == []


def test_spans_are_filled_in_parts(tmp_path):
    source = open_video(write_video(tmp_path / "a.mp4", frames=20))
    made, count = project(0, 8), []
    [between] = fill_span(source, DriftingTracker(), made, Span(0, 0, 8, True), lambda: count.append(1))
    assert (list(between), len(count)) == (list(range(1, 8)), Span(0, 0, 8, True).work)
    parts = list(fill_span(source, DriftingTracker(), made, Span(0, 8, 19, False), lambda: count.append(1)))
    assert [frame for part in parts for frame in part] == list(range(9, 20))
    assert [len(part) for part in parts] == [10, 1]
    assert len(count) == 14 + 11
