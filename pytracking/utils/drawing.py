"""How a target looks on a frame."""

import cv2
import numpy as np
from numpy.typing import NDArray

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


def draw_target(
    image: NDArray[np.uint8],
    box: tuple[float, float, float, float],
    target_id: int,
    score: float,
    state: str,
) -> None:
    """Draw one target into ``image`` (RGB uint8 [H, W, 3], changed in place).

    box: x, y, w, h in pixels. score: 0..1. state: "tracking" (full frame), "uncertain" (corners only) or "lost"
    (corners in red, and the word).
    """
    colour = LOST_COLOUR if state == "lost" else PALETTE[target_id % len(PALETTE)]
    unit = max(1, round(min(image.shape[:2]) / 300))
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
