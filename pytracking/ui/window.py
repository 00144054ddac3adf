"""An OpenCV window in which boxes are drawn with the mouse."""

import os
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ltr.utils.errors import InputError
from pytracking.tracker.base.output import Box

SMALLEST = 5  # pixels; a shorter drag is a click
STRIP = 24  # pixels, height of the text lines above and below the image
KEY_WAIT = 1  # ms
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


class BoxDrawing:
    """A box drawn by dragging the mouse from corner to corner.

    selection: the box being drawn (x, y, w, h in pixels), or None.
    """

    def __init__(self) -> None:
        self._start: tuple[int, int] | None = None
        self.selection: Box | None = None
        self._done: Box | None = None

    def mouse(self, event: int, x: int, y: int, *_: object) -> None:
        """Handle an event of OpenCV's mouse callback at (x, y) of the image."""
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
        """Discard the box being drawn."""
        self._start = self.selection = None

    def take(self) -> Box | None:
        """The box finished since the last call, or None."""
        done, self._done = self._done, None
        return done


def has_display() -> bool:
    """Whether a window can be opened: on Linux, OpenCV's wheels need an X server (on Wayland, XWayland)."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY"))


def has_foreign_x11() -> bool:
    """Whether PyAV was loaded before OpenCV on Linux, so that windows never open (see ``ltr/data/pyav.py``)."""
    try:
        loaded = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    bundled = Path(cv2.__file__).parents[1].glob("opencv*.libs/libxcb-*")
    return any(f"/av.libs/{library.name}" in loaded for library in bundled)


class Window:
    """A window with a line of text above the image and one below.

    Raises InputError if there is no display, OpenCV was built without windows, or PyAV was imported before it.
    """

    def __init__(self, title: str) -> None:
        if not has_display():
            raise InputError("there is no display for a window (DISPLAY is not set)")
        if has_foreign_x11():
            raise InputError("PyAV was imported before OpenCV, whose windows then never open: import cv2 before av")
        self.drawing = BoxDrawing()
        self._title, self._size = title, (0, 0)
        try:
            cv2.namedWindow(title, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)
        except cv2.error:
            raise InputError("this OpenCV has no windows (opencv-python-headless is installed)") from None
        cv2.setMouseCallback(title, self._mouse)

    def _mouse(self, event: int, x: int, y: int, *_: object) -> None:
        """OpenCV's mouse callback; positions outside the image are clipped to its edge."""
        width, height = self._size
        self.drawing.mouse(event, min(max(x, 0), width), min(max(y - STRIP, 0), height))

    def show(self, image: NDArray[np.uint8], top: str, bottom: str) -> None:
        """Show ``image`` (RGB uint8 [H, W, 3], drawn into) with the box being drawn and two lines of text."""
        if self.drawing.selection:
            x, y, w, h = map(round, self.drawing.selection)
            for color, thickness in ((BLACK, 4), (WHITE, 2)):
                cv2.rectangle(image, (x, y), (x + w, y + h), color, thickness)
        height, width = image.shape[:2]
        self._size = (width, height)
        framed = cv2.copyMakeBorder(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), STRIP, STRIP, 0, 0, cv2.BORDER_CONSTANT)
        for text, bottom_of_strip in ((top, STRIP), (bottom, height + 2 * STRIP)):
            place = (8, bottom_of_strip - 7)
            cv2.putText(framed, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, WHITE, 1, cv2.LINE_AA)
        cv2.imshow(self._title, framed)

    def key(self) -> str:
        """The pressed key, "" for none, "esc" for Escape; "closed" after the window was closed."""
        code = cv2.waitKey(KEY_WAIT) & 0xFF  # also processes mouse events
        if cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1:
            return "closed"
        return {0xFF: "", 27: "esc"}.get(code, chr(code).lower())

    def close(self) -> None:
        """Close the window."""
        cv2.destroyAllWindows()
