import base64
import io
import re

import numpy as np
from PIL import Image

from pytracking.analysis.film import film_strip, timeline

WHITE, BLUE = (255, 255, 255), (0, 0, 255)


def decode(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/jpeg;base64,")))))


def test_a_timeline_breaks_where_there_is_no_truth() -> None:
    overlaps = np.array([1.0, 0.5, np.nan, 0.0])
    text = timeline([overlaps], ["#123456"], width=300, height=100)
    assert re.findall(r'd="([^"]*)"', text) == ["M0.0 0.0h0 L100.0 50.0 M300.0 100.0h0"]
    assert 'stroke="#123456"' in text


def test_a_long_timeline_has_at_most_a_point_a_pixel() -> None:
    text = timeline([np.ones(10_000)], ["#000"], width=1000)
    assert text.count("L") == 999


def test_frames_are_spread_over_the_sequence_and_show_both_boxes() -> None:
    frames = [np.full((120, 160, 3), 100, np.uint8) for _ in range(21)]
    truth = np.tile([60.0, 40.0, 20.0, 20.0], (21, 1))
    strip = film_strip(iter(frames), truth, [truth + np.array([20.0, 0, 0, 0])], ["#0000ff"], count=5)
    assert [number for number, _ in strip] == [0, 5, 10, 15, 20]
    picture = decode(strip[0][1]).astype(int)
    assert picture.shape == (176, 176, 3)
    # the cut is 120 px wide around (70, 50): the truth's left side and the prediction's right side, half way down
    scale = 176 / 120
    left, right, middle = round((60 - 10) * scale), round((100 - 10) * scale), round(50 * scale)
    assert np.abs(picture[middle, left - 1 : left + 3] - WHITE).sum(axis=1).min() < 120
    assert np.abs(picture[middle, right - 3 : right + 2] - BLUE).sum(axis=1).min() < 200


def test_a_frame_without_any_box_is_shown_whole() -> None:
    frame = np.zeros((50, 100, 3), np.uint8)
    frame[:, 50:] = 255
    ((_, uri),) = film_strip([frame], np.full((1, 4), np.nan), [np.zeros((1, 4))], ["#0000ff"], count=1)
    picture = decode(uri)
    assert picture[88, 20].max() < 40
    assert picture[88, 150].min() > 215


def test_reading_stops_at_the_last_frame_shown() -> None:
    def frames():  # type: ignore[no-untyped-def]
        yield np.zeros((20, 20, 3), np.uint8)
        raise AssertionError("read on")

    assert len(film_strip(frames(), np.ones((1, 4)), [], [], count=3)) == 1
