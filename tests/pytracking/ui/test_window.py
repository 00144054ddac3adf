import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from pytracking.ui.window import STRIP, BoxDrawing, Window

DOWN, MOVE, UP = cv2.EVENT_LBUTTONDOWN, cv2.EVENT_MOUSEMOVE, cv2.EVENT_LBUTTONUP


@pytest.mark.parametrize(("start", "end"), [((10, 20), (40, 80)), ((40, 80), (10, 20)), ((10, 80), (40, 20))])
def test_a_box_is_drawn_from_any_corner(start, end):
    drawing = BoxDrawing()
    drawing.mouse(MOVE, 1, 1)
    assert drawing.selection is None
    drawing.mouse(DOWN, *start, 0, None)
    assert drawing.selection == (*start, 0, 0)
    drawing.mouse(MOVE, *end)
    assert drawing.selection == (10, 20, 30, 60)
    assert drawing.take() is None
    drawing.mouse(UP, *end)
    assert drawing.selection is None
    drawing.mouse(MOVE, 90, 90)
    assert drawing.take() == (10, 20, 30, 60)
    assert drawing.take() is None


def test_clicks_are_no_boxes():
    drawing = BoxDrawing()
    for event in (DOWN, UP):
        drawing.mouse(event, 10, 10)
    assert drawing.take() is None
    assert drawing.selection is None


def test_without_a_display_there_is_one_clear_error(monkeypatch):
    monkeypatch.setattr("pytracking.ui.window.sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(ValueError, match="no display for a window"):
        Window("none")


@pytest.fixture
def cv2_window(monkeypatch):
    """OpenCV's windows replaced: what is shown, the key that is pressed, whether the window is still there."""
    shown, keys, visible = [], [], [1.0]
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("pytracking.ui.window.has_foreign_x11", lambda: False)
    monkeypatch.setattr(cv2, "namedWindow", lambda *_: None)
    monkeypatch.setattr(cv2, "setMouseCallback", lambda *_: None)
    monkeypatch.setattr(cv2, "imshow", lambda _, image: shown.append(image))
    monkeypatch.setattr(cv2, "waitKey", lambda _: keys.pop(0) if keys else -1)
    monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: visible[0])
    return shown, keys, visible


def test_what_is_shown(cv2_window):
    shown, _, _ = cv2_window
    window = Window("made")
    window.drawing.mouse(DOWN, 30, 40)
    window.drawing.mouse(MOVE, 90, 80)
    image = np.zeros((120, 160, 3), np.uint8)
    image[...] = (90, 60, 30)
    window.show(image, "above", "below")
    (bgr,) = shown
    picture = bgr[STRIP:-STRIP]
    assert picture.shape == (120, 160, 3)
    assert (picture[[0, -1]] == (30, 60, 90)).all()  # no text on it
    assert tuple(picture[60, 30]) == (255, 255, 255)  # the left side of the box
    for strip in (bgr[:STRIP], bgr[-STRIP:]):
        assert tuple(strip[1, -1]) == (0, 0, 0)
        assert strip.max() == 255


def test_the_mouse_is_in_pixels_of_the_picture(cv2_window, monkeypatch):
    callbacks = []
    monkeypatch.setattr(cv2, "setMouseCallback", lambda _, callback: callbacks.append(callback))
    window = Window("made")
    window.show(np.zeros((120, 160, 3), np.uint8), "above", "below")
    for event, x, y in ((DOWN, 30, STRIP + 40), (MOVE, 50, STRIP + 60), (UP, 500, STRIP + 500)):
        callbacks[0](event, x, y, 0, None)
    assert window.drawing.take() == (30, 40, 130, 80)


def test_pyav_loaded_before_opencv_is_told_instead_of_waiting_for_ever():
    packages = Path(cv2.__file__).parents[1]
    pyav, opencv = ({file.name for file in packages.glob(f"{name}.libs/libxcb-*")} for name in ("av", "opencv*"))
    if not pyav & opencv:
        pytest.skip("these wheels of PyAV and OpenCV have no X11 library in common")
    code = "import av; from pytracking.ui.window import Window; Window('none')"
    environment = {"DISPLAY": ":0", "PYTHONPATH": ":".join(sys.path), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert "InputError: PyAV was imported before OpenCV" in done.stderr


def test_keys(cv2_window):
    _, keys, visible = cv2_window
    window = Window("made")
    keys += [ord("r"), ord("Q"), 27, -1]
    assert [window.key() for _ in range(4)] == ["r", "q", "esc", ""]
    visible[0] = 0.0
    assert window.key() == "closed"


def test_an_opencv_without_windows(monkeypatch):
    def fail(*_):
        raise cv2.error("The function is not implemented")

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("pytracking.ui.window.has_foreign_x11", lambda: False)
    monkeypatch.setattr(cv2, "namedWindow", fail)
    with pytest.raises(ValueError, match="opencv-python-headless"):
        Window("none")
