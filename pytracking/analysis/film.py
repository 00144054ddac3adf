"""Pictures of a sequence for the report: overlaps over time, and strips of frames with the boxes drawn in."""

import base64
import io
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pytracking.analysis.metrics import Array

TRUTH_COLOUR = "#ffffff"
_SIZE = 176  # side of a picture of a strip in pixels


def timeline(overlaps: Sequence[Array], colours: Sequence[str], width: int = 1000, height: int = 84) -> str:
    """An ``<svg>`` of overlaps [n] over frames, a line a tracker; gaps where an overlap is NaN (no truth)."""
    frames = len(overlaps[0])
    step = max(1, -(-frames // width))  # at most a point a pixel
    paths = []
    for overlap, colour in reversed(list(zip(overlaps, colours, strict=True))):  # the first is drawn on top
        commands, drawing = [], False
        for i in range(0, frames, step):
            seen = not np.isnan(overlap[i])
            if seen:
                point = f"{i / max(1, frames - 1) * width:.1f} {(1 - overlap[i]) * height:.1f}"
                commands.append(f"L{point}" if drawing else f"M{point}h0")  # h0: a lone frame is a dot
            drawing = seen
        line = f'<path d="{" ".join(commands)}" fill="none" stroke="{colour}" stroke-width="1.5" '
        paths.append(line + 'vector-effect="non-scaling-stroke" stroke-linejoin="round" stroke-linecap="round"/>')
    half = f'<line x1="0" x2="{width}" y1="{height / 2}" y2="{height / 2}" stroke="#bbb" stroke-dasharray="4 4"/>'
    return (
        f'<svg class="timeline" viewBox="0 -2 {width} {height + 4}" preserveAspectRatio="none" role="img" '
        f'aria-label="overlap over {frames} frames">{half}{"".join(paths)}</svg>'
    )


def film_strip(
    frames: Iterable[NDArray[np.uint8]],
    truth: Array,
    predictions: Sequence[Array],
    colours: Sequence[str],
    count: int = 6,
) -> list[tuple[int, str]]:
    """``count`` frames spread over a sequence, cut out around the target: (frame number from 0, JPEG data URI).

    frames: RGB uint8 [H, W, 3]. truth, predictions: boxes [n, 4] in pixels of the frames, NaN = none; the truth is
    drawn in white, each prediction in its colour.
    """
    picks = set(np.linspace(0, len(truth) - 1, count).round().astype(int).tolist())
    pictures = []
    for i, frame in enumerate(frames):
        if i in picks:
            boxes = [(prediction[i], colour) for prediction, colour in zip(predictions, colours, strict=True)]
            pictures.append((i, _picture(frame, [*reversed(boxes), (truth[i], TRUTH_COLOUR)])))
        if i >= max(picks):
            break
    return pictures


def _picture(frame: NDArray[np.uint8], boxes: Sequence[tuple[Array, str]]) -> str:
    """A square of ``frame`` around the last of ``boxes`` that is there, all of them drawn in, as a data URI."""
    shown = [(box, colour) for box, colour in boxes if np.isfinite(box).all() and box[2] > 0 and box[3] > 0]
    height, width = frame.shape[:2]
    x, y, w, h = shown[-1][0] if shown else np.array([0.0, 0.0, width, height])
    side = float(min(max(width, height), max(6 * np.sqrt(w * h), 1.3 * max(w, h), 48)))
    left = float(np.clip(x + w / 2 - side / 2, min(0, width - side), max(0, width - side)))
    top = float(np.clip(y + h / 2 - side / 2, min(0, height - side), max(0, height - side)))
    scale = _SIZE / side
    picture = Image.fromarray(frame).transform(
        (_SIZE, _SIZE), Image.Transform.EXTENT, (left, top, left + side, top + side), Image.Resampling.BICUBIC
    )
    draw = ImageDraw.Draw(picture)
    for (bx, by, bw, bh), colour in shown:
        corners = [(bx - left) * scale, (by - top) * scale, (bx + bw - left) * scale, (by + bh - top) * scale]
        draw.rectangle([corners[0] - 1, corners[1] - 1, corners[2] + 1, corners[3] + 1], outline="#000000", width=4)
        draw.rectangle(corners, outline=colour, width=2)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
