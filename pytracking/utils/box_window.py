"""Drawing boxes with the mouse, where there is a display."""

import os
import sys

import cv2
import numpy as np
from numpy.typing import NDArray

from pytracking.tracker.base.output import Box

TITLE = "Drag a box and press Enter; again for more targets; Esc to begin"
LARGEST = 1280  # pixels of the window's longer side


def has_display() -> bool:
    """Whether a window can be opened here."""
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


def draw_boxes(image: NDArray[np.uint8]) -> list[Box]:
    """Boxes (x, y, w, h; pixels of ``image``, RGB uint8 [H, W, 3]) that somebody draws; ValueError where none is."""
    if not has_display():
        raise ValueError(
            "which target? give --box x,y,w,h (left, top, width, height in pixels); no display to draw it on"
        )
    scale = min(1.0, LARGEST / max(image.shape[:2]))
    small = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    try:
        drawn = cv2.selectROIs(TITLE, small, showCrosshair=False, printNotice=False)
    except cv2.error as error:
        raise ValueError(
            f"no window can be opened ({error.err}); give --box x,y,w,h, or install opencv-python"
        ) from None
    finally:
        cv2.destroyAllWindows()
    boxes = [
        (x / scale, y / scale, w / scale, h / scale) for x, y, w, h in np.reshape(drawn, (-1, 4)).tolist() if w and h
    ]
    if not boxes:
        raise ValueError("no box was drawn")
    return boxes
