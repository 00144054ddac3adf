from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from pytracking import MultiTracker
from pytracking.pipeline.backward import count_frames, in_forward_order
from pytracking.pipeline.selection import select
from pytracking.pipeline.track_video import InitialBox, track_video
from pytracking.video.frame_source import BrokenSourceError, FrameSource, open_frames
from pytracking.video.reverse import reverse_frames
from tests.fakes.trackers import FakeTracker
from tests.fakes.video_kinds import damage, encode, packet_places
from tests.fakes.videos import number_of, numbered_frame, write_images, write_video

FRAME = numbered_frame(0).nbytes
START = InitialBox((10.0, 12.0, 20.0, 16.0), 6)


def drawn(frames, error=None, length=None):
    def iterate():
        yield from map(numbered_frame, range(frames))
        if error:
            raise error

    return FrameSource("drawn", iterate, length, 10.0)


@pytest.mark.parametrize("memory", [1, 3 * FRAME, 2**30])
def test_frames_come_from_the_last_to_the_first(tmp_path, memory):
    numbers = range(1, 8, 2)
    sources = [
        drawn(9),
        open_frames(write_video(tmp_path / "a.mp4", frames=9)),
        open_frames(write_images(tmp_path / "img", [f"{i}.png" for i in range(9)])),
    ]
    for source in sources:
        turned = reverse_frames(source, numbers, memory)
        assert [number_of(frame) for frame in turned] == [7, 5, 3, 1]
        assert turned.length == 4


def test_no_more_frames_are_held_than_fit():
    alive = []

    def iterate():
        for number in range(9):
            alive.append(number)
            yield numbered_frame(number)

    frames = iter(reverse_frames(FrameSource("drawn", iterate), range(9), 2 * FRAME))
    next(frames)
    assert len(alive) == 1 + 9  # the first frame, to know its size, and one pass
    next(frames)
    next(frames)
    assert len(alive) == 1 + 9 + 7


def test_a_video_that_is_shorter_than_it_says_is_refused():
    with pytest.raises(BrokenSourceError, match="drawn: has no frame 5"):
        next(iter(reverse_frames(drawn(5), range(8))))


def test_the_reason_why_a_frame_is_not_there_is_told():
    frames = iter(reverse_frames(drawn(3, BrokenSourceError("breaks off at frame 3")), range(4)))
    with pytest.raises(BrokenSourceError, match="breaks off at frame 3"):
        next(frames)


def test_damage_is_told_after_the_first_frame(tmp_path):
    path = encode(tmp_path / "bad.mp4", numbers=range(20), options={"g": "5"}, noise=True)
    whole, frames = list(open_frames(path)), []
    damage(path, *packet_places(path)[7])
    source = open_frames(path)
    with pytest.raises(BrokenSourceError, match=r"bad\.mp4: frames? \d.* damaged"):
        frames.extend(reverse_frames(source, range(2, 18), 6 * whole[0].nbytes))
    assert len(frames) == 16
    assert np.array_equal(frames[0], whole[17])
    assert np.array_equal(frames[-1], whole[2])


def test_what_was_found_is_given_in_the_order_of_the_video():
    source, numbers = drawn(9), range(2, 9, 2)
    steps = track_video(reverse_frames(source, range(2, 7, 2)), [START], MultiTracker(FakeTracker()), [6, 4, 2])
    given = list(in_forward_order(steps, source, numbers))
    assert [(s.frame, number_of(s.image), list(s.targets)) for s in given] == [
        (2, 2, [0]),
        (4, 4, [0]),
        (6, 6, [0]),
        (8, 8, []),
    ]
    assert given[2].targets[0].box == START.box
    assert [step.time for step in given] == pytest.approx([0.2, 0.4, 0.6, 0.8])


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BrokenSourceError("gone")])
def test_what_was_found_before_a_break_is_given_before_it(error):
    source = drawn(9)

    def broken():
        turned = reverse_frames(source, range(7))
        yield from islice(track_video(turned, [START], MultiTracker(FakeTracker()), [6, 5, 4]), 2)
        raise error

    steps = in_forward_order(broken(), source, range(9))
    given = [(step.frame, list(step.targets)) for step in islice(steps, 9)]
    with pytest.raises(type(error)):
        next(steps)
    assert given[-5:] == [(4, []), (5, [0]), (6, [0]), (7, []), (8, [])]


def test_frames_are_counted_where_nobody_knows_their_number():
    assert count_frames(drawn(7)) == 7
    assert count_frames(replace(drawn(7), length=5)) == 5


def test_a_selection_knows_its_frames():
    forward = select(drawn(9, length=9), 1, 8, 3)
    assert (list(forward.numbers), forward.first) == ([1, 4, 7], 1)
    backward = select(drawn(9), 1, None, 3, backward=True)
    assert (list(backward.numbers), backward.first) == ([1, 4, 7], 7)
    assert [number_of(frame) for frame in backward.to_track([InitialBox(START.box, 4)])] == [4, 1]
    with pytest.raises(ValueError, match="--backward: camera 0 has no last frame"):
        select(FrameSource("camera 0", list, live=True), 0, None, 1, backward=True)
    with pytest.raises(ValueError, match="drawn: no frames from 9 to None"):
        select(drawn(9), 9, None, 1, backward=True)


def test_a_track_that_is_corrected_backward_has_its_gap_behind_the_correction():
    source, numbers = drawn(7, length=7), range(7)
    starts = [START, InitialBox((5.0, 5.0, 9.0, 8.0), 3, 0)]
    turned = reverse_frames(source, numbers)
    steps = track_video(turned, starts, MultiTracker(FakeTracker()), reversed(numbers))
    assert [step.frame for step in in_forward_order(steps, source, numbers) if step.begun] == [4]
