from functools import partial

import numpy as np
import pytest

from ltr.utils.errors import InputError
from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.evaluation.starts import anchors, find_rule, name_of_start, sequence_of, sequences_of_starts, spread
from pytracking.video.frame_source import open_frames
from tests.fakes.videos import number_of, write_images, write_video


def truth(frames, unusable=()):
    boxes = np.column_stack([np.arange(frames), np.arange(frames), np.full(frames, 10), np.full(frames, 8)]).astype(
        float
    )
    boxes[list(unusable)] = np.nan
    return boxes


def test_four_starts_are_beginning_and_middle_in_both_directions():
    assert spread(truth(400), 4) == [range(151), range(200, 351), range(399, 248, -1), range(199, 48, -1)]
    assert spread(truth(400), 3) == [range(151), range(200, 351), range(399, 248, -1)]
    assert spread(truth(100), 1) == [range(100)]
    assert spread(truth(30), 10**12) == spread(truth(30), 60)  # no more places than frames


def test_a_start_moves_on_to_a_usable_box_and_is_left_out_where_it_is_short_or_the_same():
    small = truth(300, unusable=range(10))
    small[290:, 2] = 3.9
    assert spread(small, 2) == [range(10, 161), range(289, 138, -1)]
    assert spread(truth(60, unusable=range(45)), 4) == [range(59, -1, -1)]  # 15 frames are left forwards
    assert spread(truth(300, unusable=range(200)), 4) == [range(200, 300), range(299, 148, -1)]
    assert spread(truth(20), 4) == []


def test_anchors_are_fifty_frames_apart_and_go_the_longer_way():
    expected = [range(220), range(50, 220), range(100, 220), range(150, -1, -1), range(200, -1, -1), range(219, -1, -1)]
    assert anchors(truth(220)) == expected
    moved = anchors(truth(220, unusable=[0, 50, 51, *range(140, 151)]))
    assert [start[0] for start in moved] == [1, 52, 100, 139, 200, 219]


@pytest.mark.parametrize("text", ["0", "-1", "many", "2.5", ""])
def test_other_starts_are_refused(text):
    with pytest.raises(InputError, match=f"--starts {text}: expected a number, 1 or more, or anchors"):
        find_rule(text)


@pytest.mark.parametrize("kind", ["images", "video"])
def test_frames_and_truth_of_a_start(tmp_path, kind):
    if kind == "images":
        path = write_images(tmp_path / "img", [f"{i}.png" for i in range(22)])
    else:
        path = write_video(tmp_path / "a.mp4", frames=22)
    sequence = Sequence("a", "folder", truth(22), partial(open_frames, path))
    forwards, backwards = sequences_of_starts([sequence], find_rule("2"))
    assert (forwards.name, backwards.name) == ("a@0-21", "a@21-0")
    assert [number_of(frame) for frame in forwards.open()] == list(range(22))
    assert [number_of(frame) for frame in backwards.open()] == list(range(22))[::-1]
    np.testing.assert_array_equal(backwards.ground_truth, truth(22)[::-1])
    (late,) = sequences_of_starts([sequence], lambda boxes: [range(5, 9)])
    assert (late.name, late.length) == ("a@5-8", 4)
    assert [number_of(frame) for frame in late.open()] == [5, 6, 7, 8]
    assert name_of_start("a", range(9, 4, -2)) == "a@9-5"


def test_the_sequence_of_a_start():
    assert [sequence_of(name) for name in ("a@0-150", "b@home@99-0", "c", "d@e", "f@1")] == [
        "a",
        "b@home",
        "c",
        "d@e",
        "f@1",
    ]
