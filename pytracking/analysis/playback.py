"""Stored results drawn over their frames: one panel per tracker, and the overlaps over time below the panels."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFont

from ltr.utils.errors import InputError
from pytracking.analysis import metrics
from pytracking.analysis.metrics import Array
from pytracking.analysis.name_matching import match_names
from pytracking.analysis.protocols import Protocol
from pytracking.analysis.report_figures import COLORS, LOST, is_there
from pytracking.analysis.run_score import read_result
from pytracking.analysis.sequence_score import GroundTruth, align_rows
from pytracking.analysis.sources import TrackerResults
from pytracking.evaluation.results import read_scores

Picture = NDArray[np.uint8]

PANEL_SIDES, ALONE_SIDES = (400, 640), (480, 1280)  # smallest and largest longer side: several panels, one panel
WHITE, BACK, INK, SOFT, RED = (255, 255, 255), (20, 23, 27), (230, 232, 235), (154, 164, 175), (235, 30, 45)
_BAR, _TIMELINE, _MARGIN = 26, 84, 8  # heights and distance in pixels
_SMALL = 32  # pixels; a box with a smaller side gets thinner lines


@dataclass(frozen=True)
class ResultTrack:
    """The stored result of a tracker on a sequence.

    boxes: [n, 4] x, y, w, h in pixels, NaN for no box. overlap: [n] with the truth, NaN if the truth has no box.
    scores, states: a number and a word per frame if the tracker wrote them, else empty.
    """

    name: str
    boxes: Array
    overlap: Array
    scores: Array
    states: list[str]


def load_track(tracker: TrackerResults, truth: GroundTruth, protocol: Protocol) -> ResultTrack:
    """The result of the first run of ``tracker`` on the sequence of ``truth``.

    Raises ValueError or OSError if there is no usable result.
    """
    run = tracker.runs[0]
    found = match_names([truth.name], run.files).get(truth.name)
    if found is None:
        raise InputError(f"{run.folder}: no result for {truth.name}")
    path = run.files[found][0]
    boxes = np.full_like(truth.boxes, np.nan)
    rows = align_rows(read_result(path, truth, protocol, False, Counter()), truth, protocol)[: len(boxes)]
    boxes[: len(rows)] = rows
    overlap = np.nan_to_num(metrics.iou(boxes, truth.boxes), nan=0.0)
    overlap[truth.absent | ~metrics.all_positive(truth.boxes[:, 2:])] = np.nan
    score_file = path.with_name(f"{path.stem}_score.txt")
    scores, states = read_scores(score_file) if score_file.is_file() else (np.empty(0), [])
    return ResultTrack(tracker.name, boxes, overlap, scores, states)


def render_playback(frames: Iterable[Picture], truth: GroundTruth, tracks: Sequence[ResultTrack]) -> Iterator[Picture]:
    """Each of ``frames`` (RGB uint8 [H, W, 3]) as a picture of all panels; all pictures have the same, even size.

    The first frame determines the size of the panels; all other frames are scaled to it.
    """
    base: Picture | None = None
    size = (0, 0)
    for number, frame in enumerate(frames):
        size = size if number else _panel_size(frame, len(tracks))
        panels = [_panel(frame, size, number, truth, track, i) for i, track in enumerate(tracks)]
        rows = _grid(panels)
        if base is None:
            base = _timeline(truth, tracks, rows.shape[1])
        yield np.vstack([rows, _with_cursor(base, number, truth)])


def _panel_size(frame: Picture, panels: int) -> tuple[int, int]:
    """Width and height of the pictures of a sequence that begins with ``frame``."""
    height, width = frame.shape[:2]
    smallest, largest = PANEL_SIDES if panels > 1 else ALONE_SIDES
    scale = float(np.clip(max(height, width), smallest, largest)) / max(height, width)
    return 2 * max(1, round(width * scale / 2)), 2 * max(1, round(height * scale / 2))


def _panel(
    frame: Picture, size: tuple[int, int], number: int, truth: GroundTruth, track: ResultTrack, index: int
) -> Picture:
    """The frame with both boxes, below a bar with the name of the tracker."""
    height, width = frame.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    inner = [min(most, math.ceil(side * scale)) for side, most in zip((width, height), size, strict=True)]
    corner = [(most - side) // 2 for side, most in zip(inner, size, strict=True)]
    picture = np.full((size[1], size[0], 3), BACK, np.uint8)
    image = cv2.resize(frame, inner, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    picture[corner[1] : corner[1] + inner[1], corner[0] : corner[0] + inner[0]] = image
    color = ImageColor.getrgb(COLORS[index % len(COLORS)])
    boxes = ((truth.boxes[number], WHITE, 5, 3), (track.boxes[number], color, 2, 1))  # widths that keep both visible
    for rim in (2, 0):
        for box, ink, broad, thin in boxes:
            if is_there(box):
                thickness = broad if box[2:].min() * scale >= _SMALL else thin
                ends = [box[:2] * scale + corner, (box[:2] + box[2:]) * scale + corner]
                low, high = ([round(float(value)) for value in end] for end in ends)
                cv2.rectangle(picture, low, high, (0, 0, 0) if rim else ink, thickness + rim, cv2.LINE_AA)
    state = track.states[number] if number < len(track.states) else ""
    overlap = track.overlap[number]
    said = ["no truth" if np.isnan(overlap) else f"overlap {overlap:.2f}"]
    said += [f"score {track.scores[number]:.2f}", state.upper()] if state else []
    alarm = state == "lost" or overlap < LOST
    return np.vstack([_bar(picture.shape[1], track.name, color, "   ".join(said), RED if alarm else INK), picture])


def _bar(width: int, name: str, color: tuple[int, ...], said: str, ink: tuple[int, ...]) -> Picture:
    bar = Image.new("RGB", (width, _BAR), BACK)
    draw = ImageDraw.Draw(bar)
    font = ImageFont.load_default(14)
    draw.rectangle([_MARGIN, 7, _MARGIN + 12, 19], fill=color)
    draw.text((_MARGIN + 20, _BAR / 2), name, INK, font, anchor="lm")
    draw.text((width - _MARGIN, _BAR / 2), said, ink, font, anchor="rm")
    return np.asarray(bar)


def _grid(panels: Sequence[Picture]) -> Picture:
    columns = len(panels) if len(panels) <= 3 else math.ceil(math.sqrt(len(panels)))
    blanks = [np.full_like(panels[0], BACK)] * (-len(panels) % columns)
    filled = [*panels, *blanks]
    return np.vstack([np.hstack(filled[i : i + columns]) for i in range(0, len(filled), columns)])


def _timeline(truth: GroundTruth, tracks: Sequence[ResultTrack], width: int) -> Picture:
    """A plot of the overlaps of all tracks over the whole sequence, the first track on top."""
    image = Image.new("RGB", (width, _TIMELINE), BACK)
    draw = ImageDraw.Draw(image)
    top, bottom, font = _BAR, _TIMELINE - _MARGIN, ImageFont.load_default(9)
    for level in (0, 0.5, 1):
        y = bottom - level * (bottom - top)
        draw.line([_MARGIN, y, width - _MARGIN, y], (54, 60, 68))
        draw.text((_MARGIN, y - 1), f"{level:g}", SOFT, font, anchor="lb")
    x = _cursor(np.arange(len(truth.boxes)), len(truth.boxes), width)
    for index, track in reversed(list(enumerate(tracks))):
        seen = ~np.isnan(track.overlap)
        parts = np.split(np.arange(len(x)), np.flatnonzero(np.diff(seen.astype(int))) + 1)
        for part in (p for p in parts if seen[p[0]]):
            points = np.column_stack([x[part], bottom - track.overlap[part] * (bottom - top)])
            draw.line(points.ravel().tolist(), COLORS[index % len(COLORS)], 2 if index == 0 else 1)
    return np.array(image)


def _cursor(number: NDArray[np.int64], frames: int, width: int) -> Array:
    return _MARGIN + number / max(1, frames - 1) * (width - 2 * _MARGIN - 1)


def _with_cursor(base: Picture, number: int, truth: GroundTruth) -> Picture:
    frames = len(truth.boxes)
    image = Image.fromarray(base)
    draw = ImageDraw.Draw(image)
    x = float(_cursor(np.array(number), frames, base.shape[1]))
    draw.line([x, _BAR - 4, x, _TIMELINE - 4], WHITE)
    font = ImageFont.load_default(13)
    draw.text((_MARGIN, _BAR / 2), "overlap with the truth, the broad white box", SOFT, font, anchor="lm")
    draw.text(
        (base.shape[1] - _MARGIN, _BAR / 2), f"{truth.name}, frame {number} of 0-{frames - 1}", SOFT, font, anchor="rm"
    )
    return np.asarray(image)
