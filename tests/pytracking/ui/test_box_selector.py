import subprocess
import sys
import time
from collections import deque

import numpy as np
import pytest

from pytracking.ui.box_selector import LARGEST, TITLE, ask_boxes
from pytracking.ui.window import BoxDrawing
from tests.fakes.display import find_window, virtual_display, xdotool

FRAME = np.full((240, 320, 3), 90, np.uint8)


class ScriptedWindow:
    """A window whose user presses keys, and draws boxes."""

    def __init__(self, *script):
        self.drawing, self.script, self.shown = BoxDrawing(), deque(script), []

    def show(self, image, top, bottom):
        self.shown.append(image)

    def key(self):
        action = self.script.popleft()
        if isinstance(action, str):
            return action
        self.drawing._done = action
        return ""


@pytest.mark.parametrize(
    ("script", "boxes"),
    [
        (
            ["\r", (10, 20, 30, 40), "d", "d", (50, 60, 70, 80), (1, 2, 30, 40), "x", "\r"],
            [(50, 60, 70, 80), (1, 2, 30, 40)],
        ),
        ([(10, 20, 30, 40), "\n"], [(10, 20, 30, 40)]),
    ],
)
def test_boxes_are_drawn_and_taken_back(script, boxes):
    window = ScriptedWindow(*script)
    assert ask_boxes(FRAME, window) == boxes
    assert (FRAME == 90).all()
    assert (window.shown[-1] != 90).any()


@pytest.mark.parametrize("key", ["q", "esc", "closed"])
def test_nothing_drawn(key):
    with pytest.raises(ValueError, match="no target was drawn"):
        ask_boxes(FRAME, ScriptedWindow((10, 20, 30, 40), key))


def test_boxes_of_a_large_frame_are_in_its_own_pixels():
    window = ScriptedWindow((10, 20, 30, 40), "\r")
    assert ask_boxes(np.zeros((LARGEST, 2 * LARGEST, 3), np.uint8), window) == [(20, 40, 60, 80)]
    assert window.shown[0].shape == (LARGEST / 2, LARGEST, 3)


def test_a_box_drawn_with_the_mouse():
    code = (
        "import numpy as np, pytracking.run_video; from pytracking.ui.box_selector import draw_boxes\n"
        "print(draw_boxes(np.full((240, 320, 3), 90, np.uint8)))"
    )
    with virtual_display() as display:
        environment = {"DISPLAY": display, "PYTHONPATH": ":".join(sys.path), "QT_LOGGING_RULES": "*=false"}
        with subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            window = find_window(display, TITLE, "320x288", seconds=120)
            for step in ("mousemove 40 74", "mousedown 1", "mousemove 90 124", "mousemove 140 174", "mouseup 1"):
                name, *arguments = step.split()
                place = ["--window", window] if name == "mousemove" else []
                xdotool(display, name, *place, *arguments)
                time.sleep(0.2)
            xdotool(display, "key", "Return")
            output, _ = process.communicate(timeout=120)
    assert output.strip() == "[(40.0, 50.0, 100.0, 100.0)]"
