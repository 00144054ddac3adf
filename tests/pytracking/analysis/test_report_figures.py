import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from pytracking.analysis.report_figures import choose_frames, film_strip, timeline

WHITE, BLUE = (255, 255, 255), (0, 0, 255)


def decode(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/jpeg;base64,")))))


def test_a_timeline_breaks_where_there_is_no_truth() -> None:
    overlaps = np.array([1.0, 0.5, np.nan, 0.0])
    text = timeline([overlaps], ["#123456"], ticks=[1], width=300, height=100)
    half, line, ticks = re.findall(r' d="([^"]*)"', text)
    assert line == "M0.0 0.0h0 L100.0 50.0 M300.0 100.0h0"
    assert (half, ticks) == ("M0 50.0H300", "M100.0 102v-7")
    assert 'stroke="#123456"' in text


def test_the_lines_of_a_timeline_are_dashed_each_in_its_way() -> None:
    text = timeline([np.ones(3)] * 4, ["#000"] * 4)
    lines = re.findall(r'stroke="#000"[^>]*', text)[::-1]  # the first is drawn last
    dashes = [re.search(r'dasharray="([^"]*)"', line)[1] for line in lines]
    assert dashes[0] == "none"
    assert len(set(dashes)) == 4


def test_a_long_timeline_has_at_most_a_point_a_pixel() -> None:
    text = timeline([np.ones(10_000)], ["#000"], width=1000)
    assert text.count("L") == 999


def test_frames_are_spread_over_the_sequence_and_hold_the_first_one_lost() -> None:
    overlaps = np.ones(21)
    assert choose_frames(overlaps, 5) == [0, 5, 10, 15, 20]
    overlaps[[7, 8, 19]] = 0
    overlaps[3] = np.nan
    assert choose_frames(overlaps, 5) == [0, 7, 13, 20]  # 7 is among the spread ones
    overlaps[6] = 0.05
    assert choose_frames(overlaps, 5) == [0, 6, 7, 13, 20]


def test_pictures_show_both_boxes() -> None:
    frames = [np.full((120, 160, 3), 100, np.uint8) for _ in range(2)]
    truth = np.tile([60.0, 40.0, 20.0, 20.0], (21, 1))
    strip = film_strip(iter(frames), [0, 20], truth, [truth + np.array([20.0, 0, 0, 0])], ["#0000ff"])
    assert [number for number, _ in strip] == [0, 20]
    picture = decode(strip[0][1]).astype(int)
    assert picture.shape == (240, 240, 3)
    # the cut is 120 px wide around (80, 50): the truth's left side and the prediction's right side, half way down
    scale = 240 / 120
    left, right, middle = round((60 - 20) * scale), round((100 - 20) * scale), round(50 * scale)
    assert np.abs(picture[middle, left - 1 : left + 3] - WHITE).sum(axis=1).min() < 120
    assert np.abs(picture[middle, right - 3 : right + 2] - BLUE).sum(axis=1).min() < 200


def test_a_frame_without_any_box_is_shown_whole() -> None:
    frame = np.zeros((50, 100, 3), np.uint8)
    frame[:, 50:] = 255
    ((_, uri),) = film_strip([frame], [0], np.full((1, 4), np.nan), [np.zeros((1, 4))], ["#0000ff"])
    picture = decode(uri)
    assert picture[120, 30].max() < 40
    assert picture[120, 200].min() > 215


def test_a_prediction_far_away_is_in_the_picture_too() -> None:
    frame = np.zeros((300, 400, 3), np.uint8)
    truth, away = np.array([[10.0, 10, 20, 20]]), np.array([[300.0, 200, 20, 20]])
    ((_, uri),) = film_strip([frame], [0], truth, [away], ["#0000ff"])
    picture = decode(uri).astype(int)
    blue = (picture[..., 2] > 150) & (picture[..., 0] < 90)
    white = (picture > 150).all(axis=2)
    assert blue.any()
    assert white.any()


def test_fewer_frames_than_wanted_are_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        film_strip([np.zeros((20, 20, 3), np.uint8)], [0, 1], np.ones((2, 4)), [], [])


def test_where_boxes_coincide_both_are_seen() -> None:
    frame, box = np.zeros((120, 160, 3), np.uint8), np.array([[60.0, 40.0, 20.0, 20.0]])
    ((_, uri),) = film_strip([frame], [0], box, [box.copy()], ["#0000ff"])
    across = decode(uri).astype(int)[100, 60:110]  # over the left side, half way down
    assert (np.abs(across - WHITE).sum(axis=1) < 200).any()
    assert (np.abs(across - BLUE).sum(axis=1) < 250).any()
