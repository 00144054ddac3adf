"""Selection of boxes on a frame in a window."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ltr.utils.errors import InputError
from pytracking.ui.window import Box, Window
from pytracking.utils.text import counted
from pytracking.visualization.boxes import draw_target

TITLE = "Draw targets"
HELP = "drag: add a target   d: remove the last   Enter: start   q: cancel"
LARGEST = 1280  # pixels of the window's longer side


def draw_boxes(image: NDArray[np.uint8]) -> list[Box]:
    """Boxes (x, y, w, h; pixels of ``image``, RGB uint8 [H, W, 3]) drawn by the user.

    Raises InputError if none is drawn or no window can be opened.
    """
    window = Window(TITLE)
    try:
        return ask_boxes(image, window)
    finally:
        window.close()


def ask_boxes(image: NDArray[np.uint8], window: Window) -> list[Box]:
    """The boxes drawn in ``window`` until Enter; InputError if the user cancels."""
    scale = min(1.0, LARGEST / max(image.shape[:2]))
    shown = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    boxes: list[Box] = []
    while True:
        picture = shown.copy()
        for target_id, box in enumerate(boxes):
            draw_target(picture, box, target_id, 1.0, "tracking")
        window.show(picture, counted(len(boxes), "target"), HELP)
        match window.key():
            case "\r" | "\n" if boxes:
                return [(x / scale, y / scale, w / scale, h / scale) for x, y, w, h in boxes]
            case "d" if boxes:
                boxes.pop()
            case "q" | "esc" | "closed":
                raise InputError("no target was drawn")
        drawn = window.drawing.take()
        if drawn:
            boxes.append(drawn)
