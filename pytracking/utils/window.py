"""An OpenCV window in which boxes are drawn with the mouse."""

import os
import sys

import cv2
import numpy as np
from numpy.typing import NDArray

from pytracking.tracker.base.output import Box

SMALLEST = 5  # pixels; a shorter drag is a click
STRIP = 24  # pixels, of the lines of text
KEY_WAIT = 1  # ms
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


class BoxDrawing:
    """A box drawn from corner to corner, as the mouse goes.

    selection: the box being drawn (x, y, w, h in pixels), or None.
    """

    def __init__(self) -> None:
        self._start: tuple[int, int] | None = None
        self.selection: Box | None = None
        self._done: Box | None = None

    def mouse(self, event: int, x: int, y: int, *_: object) -> None:
        """OpenCV's mouse callback."""
        if event == cv2.EVENT_LBUTTONDOWN:
            self._start, self.selection = (x, y), (x, y, 0, 0)
        elif self._start:
            x0, y0 = self._start
            self.selection = (min(x, x0), min(y, y0), abs(x - x0), abs(y - y0))
            if event == cv2.EVENT_LBUTTONUP:
                if min(self.selection[2:]) >= SMALLEST:
                    self._done = self.selection
                self.cancel()

    def cancel(self) -> None:
        """Forget the box being drawn."""
        self._start = self.selection = None

    def take(self) -> Box | None:
        """A box that was finished since the last call."""
        done, self._done = self._done, None
        return done


def has_display() -> bool:
    """Whether a window can be opened: OpenCV's wheels draw through X11 on Linux, on Wayland through its X server."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY"))


class Window:
    """A window called ``title``. ValueError where there is no display, or OpenCV was built without windows."""

    def __init__(self, title: str) -> None:
        if not has_display():
            raise ValueError("there is no display for a window (DISPLAY is not set)")
        self.drawing = BoxDrawing()
        self._title = title
        try:
            cv2.namedWindow(title, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)
        except cv2.error:
            raise ValueError("this OpenCV has no windows (opencv-python-headless is installed)") from None
        cv2.setMouseCallback(title, self.drawing.mouse)

    def show(self, image: NDArray[np.uint8], top: str, bottom: str) -> None:
        """Show ``image`` (RGB uint8 [H, W, 3], drawn into) with the box being drawn and two lines of text."""
        if self.drawing.selection:
            x, y, w, h = map(round, self.drawing.selection)
            for colour, thickness in ((BLACK, 4), (WHITE, 2)):
                cv2.rectangle(image, (x, y), (x + w, y + h), colour, thickness)
        _write_strip(image[:STRIP], top)
        _write_strip(image[-STRIP:], bottom)
        cv2.imshow(self._title, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))

    def key(self) -> str:
        """The key that was pressed, "" for none, "esc" for that one; "closed" once the window is."""
        code = cv2.waitKey(KEY_WAIT) & 0xFF  # which also lets the window hear the mouse
        if cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1:
            return "closed"
        return {0xFF: "", 27: "esc"}.get(code, chr(code).lower())

    def close(self) -> None:
        """Close the window, if the user has not."""
        cv2.destroyAllWindows()


def _write_strip(strip: NDArray[np.uint8], text: str) -> None:
    """White text on a darkened part of the picture."""
    strip //= 3
    cv2.putText(strip, text, (8, len(strip) - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.5, WHITE, 1, cv2.LINE_AA)
