"""How targets look on a frame."""

from collections import deque
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from pytracking.tracker.base.output import Box, TrackOutput

Colour = tuple[int, int, int]

LOST_COLOUR: Colour = (235, 30, 45)
PALETTE: tuple[Colour, ...] = (  # RGB, told apart by colour-blind eyes too (Okabe and Ito)
    (0, 200, 120),
    (86, 180, 233),
    (240, 228, 66),
    (230, 159, 0),
    (204, 121, 167),
    (0, 114, 178),
)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


class Overlay:
    """Draws the targets of one frame after another: box, id, score, LOST, and where they have been.

    Args:
        scale: size of the pictures drawn, as a part of the frames'.
        trail: length of the trail of a target, in frames.
    """

    def __init__(self, scale: float = 1.0, trail: int = 0) -> None:
        if not 0 < scale <= 8:
            raise ValueError(f"scale: expected a number above 0 and at most 8, got {scale}")
        if trail < 0:
            raise ValueError(f"trail: expected 0 frames or more, got {trail}")
        self._scale, self._length = scale, trail
        self._trails: dict[int, deque[tuple[float, float]]] = {}

    def check(self, image: NDArray[np.uint8]) -> None:
        """ValueError where pictures of ``image``'s size would be drawn smaller than two pixels."""
        height, width = image.shape[:2]
        if self._scale * min(height, width) < 2:
            raise ValueError(f"scale: {self._scale} makes nothing of pictures of {width} x {height}")

    def draw(self, image: NDArray[np.uint8], targets: Mapping[int, TrackOutput]) -> NDArray[np.uint8]:
        """A scaled copy of ``image`` (RGB uint8 [H, W, 3]) with its ``targets`` by id, in pixels of ``image``."""
        if self._scale == 1:
            picture = image.copy()
        else:
            way = cv2.INTER_AREA if self._scale < 1 else cv2.INTER_LINEAR
            picture = np.asarray(cv2.resize(image, None, fx=self._scale, fy=self._scale, interpolation=way), np.uint8)
        for target_id, target in targets.items():
            x, y, w, h = (self._scale * value for value in target.box)
            trail = self._trails.setdefault(target_id, deque(maxlen=self._length))
            if target.state != "lost":
                trail.append((x + w / 2, y + h / 2))
            draw_trail(picture, np.array(trail), colour_of(target_id))
            draw_target(picture, (x, y, w, h), target_id, target.score, target.state)
        return picture


def colour_of(target_id: int) -> Colour:
    """RGB of a target."""
    return PALETTE[target_id % len(PALETTE)]


def draw_trail(image: NDArray[np.uint8], points: NDArray[np.float64], colour: Colour) -> None:
    """Draw the way through ``points`` [n, 2] (x, y; oldest first) into ``image``, thinner where it is older."""
    sixteenths = np.round(16 * points).astype(np.int32)  # cv2's fixed point, for lines that do not jitter
    for i in range(1, len(points)):
        thickness = 1 + round(_unit(image) * i / len(points))
        cv2.line(image, sixteenths[i - 1], sixteenths[i], colour, thickness, cv2.LINE_AA, shift=4)


def _unit(image: NDArray[np.uint8]) -> int:
    """Half the thickness of a line, in pixels."""
    return max(1, round(min(image.shape[:2]) / 300))


def draw_target(
    image: NDArray[np.uint8],
    box: Box,
    target_id: int,
    score: float,
    state: str,
) -> None:
    """Draw one target into ``image`` (RGB uint8 [H, W, 3], changed in place).

    box: x, y, w, h in pixels. score: 0..1. state: "tracking" (full frame), "uncertain" (corners only) or "lost"
    (corners in red, and the word).
    """
    colour = LOST_COLOUR if state == "lost" else colour_of(target_id)
    unit = _unit(image)
    left, top = round(box[0]), round(box[1])
    right, bottom = round(box[0] + box[2]), round(box[1] + box[3])
    for line_colour, thickness in (((0, 0, 0), 2 * unit + 2), (colour, 2 * unit)):
        if state == "tracking":
            cv2.rectangle(image, (left, top), (right, bottom), line_colour, thickness, cv2.LINE_AA)
        else:
            _draw_corners(image, (left, top), (right, bottom), line_colour, thickness)
    text = f"{target_id}  LOST" if state == "lost" else f"{target_id}  {score:.2f}"
    _draw_label(image, (left, top), text, colour, unit)


def _draw_corners(
    image: NDArray[np.uint8], low: tuple[int, int], high: tuple[int, int], colour: Colour, thickness: int
) -> None:
    arm = max(3, min(high[0] - low[0], high[1] - low[1]) // 4)
    for x, to_x in ((low[0], 1), (high[0], -1)):
        for y, to_y in ((low[1], 1), (high[1], -1)):
            corner = np.array([[x + to_x * arm, y], [x, y], [x, y + to_y * arm]], np.int32)
            cv2.polylines(image, [corner], False, colour, thickness, cv2.LINE_AA)


def _draw_label(image: NDArray[np.uint8], corner: tuple[int, int], text: str, colour: Colour, unit: int) -> None:
    """A filled tag above the box, moved to stay inside the picture, with black or white text as the colour asks."""
    scale, pad = 0.35 + 0.2 * unit, 2 + 2 * unit
    (width, height), below = cv2.getTextSize(text, _FONT, scale, unit)
    tag_height = height + below + pad
    x = int(np.clip(corner[0] - unit, 0, max(0, image.shape[1] - width - 2 * pad)))
    y = int(np.clip(corner[1] - unit, tag_height, image.shape[0]))
    cv2.rectangle(image, (x, y - tag_height), (x + width + 2 * pad, y), colour, cv2.FILLED)
    brightness = 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]
    ink = (0, 0, 0) if brightness > 110 else (255, 255, 255)
    cv2.putText(image, text, (x + pad, y - below - pad // 2 + unit), _FONT, scale, ink, unit, cv2.LINE_AA)
