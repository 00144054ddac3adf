"""Drawing of targets on a frame."""

import unicodedata
from collections import deque
from collections.abc import Collection, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from ltr.utils.errors import InputError
from pytracking.tracker.base.output import Box, TrackOutput

Color = tuple[int, int, int]

LOST_COLOR: Color = (235, 30, 45)
PALETTE: tuple[Color, ...] = (  # RGB, told apart by color-blind eyes too (Okabe and Ito)
    (0, 200, 120),
    (86, 180, 233),
    (240, 228, 66),
    (230, 159, 0),
    (204, 121, 167),
    (0, 114, 178),
)
SMALL = 12  # in half line widths: lines of normal thickness would hide boxes with shorter sides
COVERED = 32  # the same for trails
LEGIBLE = 0.3  # smallest font scale of cv2
BAND = 1.36  # standard deviations: within them are 90 % of errors, which follow Student's t of 3 degrees of freedom
OPACITY = 0.25  # of the band, and of candidates
OUTLINE = 0.03  # half the width of a candidate's outline, in its sizes
_FONT = cv2.FONT_HERSHEY_SIMPLEX


class Overlay:
    """Draws the targets of successive frames: box, id, score or LOST, and trail.

    Args:
        scale: size of the drawn image relative to the frame.
        trail: length of the trail of a target, in frames; with a gap where it was lost or reinitialized.
        line_width: of boxes, in pixels of the drawn image; None: by its size.
        labels: whether to draw ids and scores.
        band: whether to draw a faint band that contains the edges of the box in about 90 % of frames.
        candidates: whether to draw the outlines of the others that look like a target, faintly.
        names: of targets, in place of their ids; without what ASCII does not have.
    """

    def __init__(
        self,
        scale: float = 1.0,
        trail: int = 0,
        line_width: int | None = None,
        labels: bool = True,
        band: bool = False,
        candidates: bool = False,
        names: Mapping[int, str] | None = None,
    ) -> None:
        if not 0 < scale <= 8:
            raise InputError(f"scale: expected a number above 0 and at most 8, got {scale}")
        if trail < 0:
            raise InputError(f"trail: expected 0 frames or more, got {trail}")
        if line_width is not None and not 1 <= line_width <= 100:
            raise InputError(f"line width: expected 1 to 100 pixels, got {line_width}")
        self._scale, self._length = scale, trail
        self._line_width, self._labels = line_width, labels
        self._band, self._candidates = band, candidates
        self._names = {target_id: _in_ascii(name) for target_id, name in (names or {}).items()}
        self._trails: dict[int, deque[tuple[float, float]]] = {}
        self._size: tuple[int, ...] = ()

    def check(self, image: NDArray[np.uint8]) -> None:
        """Raise InputError if images of this size would be drawn smaller than two pixels."""
        height, width = image.shape[:2]
        if self._scale * min(height, width) < 2:
            raise InputError(f"scale: {self._scale} is too small for frames of {width} x {height}")

    def draw(
        self, image: NDArray[np.uint8], targets: Mapping[int, TrackOutput], begun: Collection[int] = ()
    ) -> NDArray[np.uint8]:
        """A scaled copy of ``image`` (RGB uint8 [H, W, 3]) with its ``targets`` by id, in pixels of ``image``.

        begun: targets whose track starts here, so that their trails have a gap.
        """
        if image.shape != self._size:  # points of the trails are pixels of this size
            self._trails.clear()
            self._size = image.shape
        if self._scale == 1:
            picture = image.copy()
        else:
            way = cv2.INTER_AREA if self._scale < 1 else cv2.INTER_LINEAR
            picture = np.asarray(cv2.resize(image, None, fx=self._scale, fy=self._scale, interpolation=way), np.uint8)
        boxes = {target_id: self._scaled(target.box) for target_id, target in targets.items()}
        for target_id, target in targets.items():
            self._draw_faint(picture, target_id, target)
        covered = {target_id: box for target_id, box in boxes.items() if min(box[2:]) < COVERED * _unit(picture)}
        clean = picture.copy() if len(targets) > 1 and covered else picture
        for target_id, target in targets.items():
            self._draw_trail(picture, target_id, target, target_id in begun)
        for target_id, target in targets.items():
            self._draw_target(picture, target_id, target, self._labels)
        if clean is not picture:  # what belongs to other targets hides no small one
            for box in covered.values():
                inside = _inside(box)
                picture[inside] = clean[inside]
            for target_id in covered:
                self._draw_target(picture, target_id, targets[target_id], label=False)
        return picture

    def _scaled(self, box: Box) -> Box:
        x, y, w, h = (self._scale * value for value in box)
        return x, y, w, h

    def _draw_faint(self, picture: NDArray[np.uint8], target_id: int, target: TrackOutput) -> None:
        """The band, and the outlines of candidates."""
        if self._band and target.box_std:
            reach = (BAND * self._scale * target.box_std[0], BAND * self._scale * target.box_std[1])
            draw_band(picture, self._scaled(target.box), reach, color_of(target_id))
        for other in target.candidates if self._candidates else ():
            box = self._scaled(other.box)
            draw_band(picture, box, (OUTLINE * box[2], OUTLINE * box[3]), color_of(target_id))

    def _draw_trail(self, picture: NDArray[np.uint8], target_id: int, target: TrackOutput, begins: bool) -> None:
        x, y, w, h = box = self._scaled(target.box)
        trail = self._trails.setdefault(target_id, deque(maxlen=self._length))
        if begins:
            trail.append((np.nan, np.nan))
        trail.append((np.nan, np.nan) if target.state == "lost" else (x + w / 2, y + h / 2))
        draw_trail(picture, _outside_small(np.array(trail), box, _unit(picture)), color_of(target_id))

    def _draw_target(self, picture: NDArray[np.uint8], target_id: int, target: TrackOutput, label: bool) -> None:
        look = self._line_width, label, self._names.get(target_id, "")
        draw_target(picture, self._scaled(target.box), target_id, target.score, target.state, *look)


def _in_ascii(name: str) -> str:
    """``name`` without accents and what cv2 cannot draw."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().strip()


def _inside(box: Box) -> tuple[slice, slice]:
    """The rows and columns of the pixels in a box."""
    left, top, right, bottom = (max(0, round(edge)) for edge in (box[0], box[1], box[0] + box[2], box[1] + box[3]))
    return slice(top, bottom), slice(left, right)


def _outside_small(points: NDArray[np.float64], box: Box, unit: int) -> NDArray[np.float64]:
    """``points`` [n, 2], with NaN for those that would hide a small target."""
    x, y, w, h = box
    if min(w, h) >= COVERED * unit or not len(points):
        return points
    away = np.abs(points - (x + w / 2, y + h / 2)) - (w / 2, h / 2)
    return np.where(away.max(axis=1, keepdims=True) <= unit + 1, np.nan, points)


def color_of(target_id: int) -> Color:
    """RGB color of a target."""
    return PALETTE[target_id % len(PALETTE)]


def draw_trail(image: NDArray[np.uint8], points: NDArray[np.float64], color: Color) -> None:
    """Draw a line through ``points`` [n, 2] (x, y; oldest first; NaN: a gap) into ``image``, thinner with age."""
    there = np.isfinite(points.reshape(-1, 2).sum(axis=1))
    sixteenths = np.round(16 * np.nan_to_num(points)).astype(np.int32)  # cv2's fixed point: lines do not jitter
    for i in np.flatnonzero(there[1:] & there[:-1]) + 1:
        thickness = 1 + round(_unit(image) * i / len(points))
        cv2.line(image, sixteenths[i - 1], sixteenths[i], color, thickness, cv2.LINE_AA, shift=4)


def draw_band(image: NDArray[np.uint8], box: Box, reach: tuple[float, float], color: Color) -> None:
    """Blend a band round the edges of ``box`` into ``image``, ``reach`` (x, y) pixels to both sides of them."""
    low, size = np.array(box[:2]), np.array(box[2:])
    mask = np.zeros(image.shape[:2], np.uint8)
    for grown, value in ((np.array(reach), 255), (-np.minimum(reach, size / 2), 0)):
        left, top = np.round(np.clip(low - grown, -1, image.shape[1::-1])).astype(int)
        right, bottom = np.round(np.clip(low + size + grown, 0, image.shape[1::-1])).astype(int)
        mask[max(top, 0) : bottom, max(left, 0) : right] = value
    inside = mask > 0
    image[inside] = np.round((1 - OPACITY) * image[inside] + OPACITY * np.array(color)).astype(np.uint8)


def _unit(image: NDArray[np.uint8]) -> int:
    """Half the line thickness, in pixels."""
    return max(1, round(min(image.shape[:2]) / 300))


def draw_target(
    image: NDArray[np.uint8],
    box: Box,
    target_id: int,
    score: float,
    state: str,
    line_width: int | None = None,
    label: bool = True,
    name: str = "",
) -> None:
    """Draw one target into ``image`` (RGB uint8 [H, W, 3], changed in place).

    box: x, y, w, h in pixels; for a small target, thin lines are drawn outside of it. score: 0..1. state: "tracking"
    (full rectangle), "uncertain" (corners only) or "lost" (red corners and LOST). line_width: in pixels; None: by the
    sizes of the image and the box. name: in place of the id.
    """
    color = LOST_COLOR if state == "lost" else color_of(target_id)
    unit = _unit(image)
    small = min(box[2], box[3]) < SMALL * unit
    width = line_width or (max(1, unit // 2) if small else 2 * unit)
    inner = -1 if small else width // 2  # lines and their rim do not cover a small target
    left, top = round(box[0]), round(box[1])
    right, bottom = round(box[0] + box[2]), round(box[1] + box[3])
    arm = None if state == "tracking" else max(3, min(right - left, bottom - top) // 4)
    for line_color, rim in (((0, 0, 0), 1), (color, 0)):
        _draw_outline(image, (left, top, right, bottom), inner + rim, width - inner + rim, arm, line_color)
    text = f"{name or target_id}  {'LOST' if state == 'lost' else f'{score:.2f}'}"
    if label:
        gap = width - inner if small else 0
        _draw_label(image, (left, top - gap), bottom + gap, text, color, unit)


def _draw_outline(
    image: NDArray[np.uint8], edges: tuple[int, int, int, int], inner: int, outer: int, arm: int | None, color: Color
) -> None:
    """Lines from ``outer`` px outside the ``edges`` (left, top, right, bottom) to ``inner`` px inside.

    arm: length of the lines at the corners; None: whole edges. (cv2's thick lines do not have the requested width.)
    """
    left, top, right, bottom = edges
    low_x, low_y, high_x, high_y = left - outer, top - outer, right + outer, bottom + outer
    width = inner + outer
    along_x = [(low_x, high_x)] if arm is None else [(low_x, left + arm), (right - arm, high_x)]
    along_y = [(low_y, high_y)] if arm is None else [(low_y, top + arm), (bottom - arm, high_y)]
    bars = [(x0, y, x1, y + width) for x0, x1 in along_x for y in (low_y, high_y - width)]
    bars += [(x, y0, x + width, y1) for y0, y1 in along_y for x in (low_x, high_x - width)]
    for x0, y0, x1, y1 in bars:
        image[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = color


def _draw_label(
    image: NDArray[np.uint8], corner: tuple[int, int], bottom: int, text: str, color: Color, unit: int
) -> None:
    """A filled tag above the box (below it without enough space), inside the image; text in black or white."""
    scale, pad = 0.35 + 0.2 * unit, 2 + 2 * unit
    (width, height), below = cv2.getTextSize(text, _FONT, scale, unit)
    if 3 * width > image.shape[1]:  # in a tiny image it would hide too much
        scale *= image.shape[1] / (3 * width)
        if scale < LEGIBLE:
            return
        (width, height), below = cv2.getTextSize(text, _FONT, scale, unit)
    tag_height = height + below + pad
    x = int(np.clip(corner[0] - unit, 0, max(0, image.shape[1] - width - 2 * pad)))
    above, below_box = corner[1] - unit, bottom + unit + tag_height
    y = int(np.clip(above if above >= tag_height else below_box, tag_height, image.shape[0]))
    cv2.rectangle(image, (x, y - tag_height), (x + width + 2 * pad, y), color, cv2.FILLED)
    brightness = 0.3 * color[0] + 0.59 * color[1] + 0.11 * color[2]
    ink = (0, 0, 0) if brightness > 110 else (255, 255, 255)
    cv2.putText(image, text, (x + pad, y - below - pad // 2 + unit), _FONT, scale, ink, unit, cv2.LINE_AA)
