from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pytracking.analysis.playback import ResultTrack, load_track, render_playback
from pytracking.analysis.protocols import PROTOCOLS
from pytracking.analysis.sequence_score import GroundTruth
from pytracking.analysis.sources import find_tracker

Write = Callable[..., Path]
OTB = PROTOCOLS["otb"]
BAR, TIMELINE = 26, 84


@pytest.fixture
def truth(boxes: np.ndarray) -> GroundTruth:
    return GroundTruth("a", boxes, np.arange(40) == 5)


def track(name: str, boxes: np.ndarray, states: list[str] | None = None) -> ResultTrack:
    return ResultTrack(name, boxes, np.full(len(boxes), 0.5), np.full(len(boxes), 0.9), states or [])


def test_a_result_is_played_as_it_is_stored(write_boxes: Write, boxes: np.ndarray, truth: GroundTruth) -> None:
    stored = boxes + np.array([0, 5, 0, 0])
    stored[3] = np.nan
    folder = write_boxes("x", a=stored[:-1])
    (folder / "a_score.txt").write_text("0.5,tracking\n" * 39)
    found = load_track(find_tracker("x", folder), truth, OTB)
    np.testing.assert_array_equal(found.boxes[:39], stored[:39])
    assert np.isnan(found.boxes[39]).all()
    assert found.overlap[[0, 3, 39]] == pytest.approx([6 / 16, 0, 0])
    assert np.flatnonzero(np.isnan(found.overlap)).tolist() == [5]  # flagged absent
    assert (found.scores.tolist(), found.states) == ([0.5] * 39, ["tracking"] * 39)


def test_a_result_that_is_missing_or_too_short_is_named(
    write_boxes: Write, boxes: np.ndarray, truth: GroundTruth
) -> None:
    with pytest.raises(ValueError, match="x: no result for a"):
        load_track(find_tracker("x", write_boxes("x", b=boxes)), truth, OTB)
    with pytest.raises(ValueError, match="20 rows for the 40 frames of a"):
        load_track(find_tracker("y", write_boxes("y", a=boxes[:20])), truth, OTB)


def test_both_boxes_are_drawn_on_every_frame(boxes: np.ndarray, truth: GroundTruth) -> None:
    frames = [np.full((400, 600, 3), 90, np.uint8) for _ in range(40)]
    moved = truth.boxes * 4 + np.array([100, 0, 0, 0])
    big = GroundTruth("a", truth.boxes * 4, truth.absent)
    pictures = list(render_playback(frames, big, [track("x", moved)]))
    assert len(pictures) == 40
    picture = pictures[10].astype(int)
    assert picture.shape == (BAR + 400 + TIMELINE, 600, 3)
    (x, y, w, h), (px, _, _, _) = big.boxes[10], moved[10]
    assert picture[BAR + int(y + h / 2), int(x)].min() > 200  # the truth is white
    red, _, blue = picture[BAR + int(y + h / 2), int(px + w)]
    assert blue > 120 > red  # the first color
    assert (picture[BAR + 200, 10] == 90).all()
    assert (frames[10] == 90).all()  # the frame itself is not drawn into


@pytest.mark.parametrize(("trackers", "columns", "rows"), [(1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 2, 2), (5, 3, 2)])
def test_panels_lie_side_by_side(truth: GroundTruth, trackers: int, columns: int, rows: int) -> None:
    frames = [np.zeros((240, 500, 3), np.uint8)] * 2
    tracks = [track(f"t{i}", truth.boxes) for i in range(trackers)]
    first, second = render_playback(frames, truth, tracks)
    assert first.shape == second.shape == (rows * (BAR + 240) + TIMELINE, columns * 500, 3)
    assert (first[-TIMELINE:] != second[-TIMELINE:]).any()  # the cursor moves


@pytest.mark.parametrize("size", [(51, 81), (1081, 1921)])
def test_frames_of_any_size_become_panels_of_even_size(truth: GroundTruth, size: tuple[int, int]) -> None:
    frame = np.zeros((*size, 3), np.uint8)
    for count, (least, most) in ((1, (480, 1280)), (2, (400, 640))):
        (picture,) = render_playback([frame], truth, [track("x", truth.boxes)] * count)
        height, width = picture.shape[0] - BAR - TIMELINE, picture.shape[1] // count
        assert least <= width <= most
        assert height % 2 == width % 2 == 0
        assert height / width == pytest.approx(size[0] / size[1], abs=0.01)


def test_the_bar_turns_red_where_the_target_is_lost(truth: GroundTruth) -> None:
    frames = [np.zeros((240, 500, 3), np.uint8)] * 2
    pictures = list(render_playback(frames, truth, [track("x", truth.boxes, ["tracking", "lost"])]))
    red = [((p[:BAR, 250:, 0] > 180) & (p[:BAR, 250:, 1] < 90)).any() for p in pictures]
    assert red == [False, True]


@pytest.mark.parametrize("grown", [1, 10])
def test_where_boxes_coincide_both_are_seen(boxes: np.ndarray, truth: GroundTruth, grown: int) -> None:
    big = GroundTruth("a", truth.boxes * grown, truth.absent)
    (picture,) = render_playback([np.full((400, 600, 3), 90, np.uint8)], big, [track("x", big.boxes)])
    x, y, w, h = big.boxes[0]
    across = picture[BAR + int(y + h / 2), : int(x + w / 2)].astype(int)
    assert (across.min(axis=1) > 200).any()
    assert ((across[:, 2] > 120) & (across[:, 0] < 60)).any()  # the first color


@pytest.mark.parametrize("size", [(120, 250), (480, 200), (240, 500)])
def test_frames_of_other_sizes_are_fitted_into_the_panels(truth: GroundTruth, size: tuple[int, int]) -> None:
    frames = [np.full((240, 500, 3), 90, np.uint8), np.full((*size, 3), 200, np.uint8)]
    first, second = render_playback(frames, truth, [track(name, truth.boxes) for name in "xy"])
    assert first.shape == second.shape
    scale = min(240 / size[0], 500 / size[1])
    light = (second[BAR:-TIMELINE, :500] == 200).all(axis=2)
    rows, columns = np.flatnonzero(light.any(axis=1)), np.flatnonzero(light.any(axis=0))
    assert rows[-1] - rows[0] + 1 == pytest.approx(size[0] * scale, abs=1)
    assert columns[-1] - columns[0] + 1 == pytest.approx(size[1] * scale, abs=1)
    middle = truth.boxes[1, :2] * scale + [columns[0], rows[0]]  # the corner of the true box
    assert second[BAR + round(middle[1]), round(middle[0])].tolist() != [200, 200, 200]
