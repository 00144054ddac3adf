"""Pictures of a sequence for the report: overlaps over time, and strips of frames with the boxes drawn."""

import base64
import io
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pytracking.analysis.metrics import Array

# Okabe and Ito's colors, which color-blind readers can distinguish
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#666666", "#B8A800")
DASHES = ("none", "8 6", "1 5", "10 5 1 5")  # of SVG, in the order of the plots' lines
TRUTH_COLOR = "#ffffff"
_SIZE = 240  # side of a picture of a strip in pixels
LOST = 0.1  # an overlap below it counts as a lost target


def choose_frames(overlap: Array, count: int = 6) -> list[int]:
    """The frames of a strip: spread over the sequence, and the first frame with a lost target by ``overlap`` [n]."""
    lost = np.flatnonzero(overlap < LOST)[:1]
    spread = np.linspace(0, len(overlap) - 1, count - len(lost)).round().astype(int)
    return sorted({*spread.tolist(), *lost.tolist()})


def timeline(
    overlaps: Sequence[Array], colors: Sequence[str], ticks: Sequence[int] = (), width: int = 1000, height: int = 84
) -> str:
    """An ``<svg>`` of overlaps [n] over frames, one line per tracker, the first the strongest; NaN gives a gap. Lines
    are dashed in the order of ``DASHES``.

    ticks: marked frames. The colors of ticks and of the line at 0.5 are the page's, --tick and --half.
    """
    frames = len(overlaps[0])
    step = max(1, -(-frames // width))  # at most one point per pixel
    paths = []
    for number, (overlap, color) in reversed(list(enumerate(zip(overlaps, colors, strict=True)))):  # first on top
        commands, drawing = [], False
        for i in range(0, frames, step):
            seen = not np.isnan(overlap[i])
            if seen:
                point = f"{i / max(1, frames - 1) * width:.1f} {(1 - overlap[i]) * height:.1f}"
                commands.append(f"L{point}" if drawing else f"M{point}h0")  # h0: a single frame is a dot
            drawing = seen
        line = f'<path d="{" ".join(commands)}" fill="none" stroke="{color}" stroke-width="{1.6 if number else 2.4}" '
        line += f'stroke-dasharray="{DASHES[number % len(DASHES)]}" '
        paths.append(line + 'vector-effect="non-scaling-stroke" stroke-linejoin="round" stroke-linecap="round"/>')
    half = f'<path d="M0 {height / 2}H{width}" stroke="var(--half)" stroke-dasharray="4 4"/>'
    marks = "".join(f"M{i / max(1, frames - 1) * width:.1f} {height + 2}v-7" for i in ticks)
    marked = f'<path d="{marks}" stroke="var(--tick)" stroke-width="2" vector-effect="non-scaling-stroke"/>'
    return (
        f'<svg class="timeline" viewBox="0 -2 {width} {height + 4}" preserveAspectRatio="none" role="img" '
        f'aria-label="overlap over {frames} frames">{half}{"".join(paths)}{marked}</svg>'
    )


def film_strip(
    frames: Iterable[NDArray[np.uint8]],
    picks: Sequence[int],
    truth: Array,
    predictions: Sequence[Array],
    colors: Sequence[str],
) -> list[tuple[int, str]]:
    """The frames ``picks`` (from 0) of a sequence, cropped around the target: (number, JPEG data URI).

    frames: only those frames, RGB uint8 [H, W, 3]. truth, predictions: boxes [n, 4] of all frames in pixels, NaN for
    no box; the truth has a thick white outline, each prediction a thin one in its color.
    """
    pictures = []
    for i, frame in zip(picks, frames, strict=True):
        boxes = [(prediction[i], color) for prediction, color in zip(predictions, colors, strict=True)]
        pictures.append((i, _picture(frame, truth[i], boxes)))
    return pictures


def _picture(frame: NDArray[np.uint8], truth: Array, predictions: Sequence[tuple[Array, str]]) -> str:
    """A square of ``frame`` around ``truth`` and the first prediction, with all boxes drawn, as a data URI."""
    focus = [box for box in (truth, *(box for box, _ in predictions[:1])) if is_there(box)]
    left, top, side = _square(frame.shape[1], frame.shape[0], focus)
    scale = _SIZE / side
    picture = Image.fromarray(frame).transform(
        (_SIZE, _SIZE), Image.Transform.EXTENT, (left, top, left + side, top + side), Image.Resampling.BICUBIC
    )
    draw = ImageDraw.Draw(picture)
    first, others = predictions[:1], predictions[1:]
    rims = [(truth, "#000000", 6), *((box, "#000000", 4) for box, _ in predictions)]
    inner = [(box, color, 2) for box, color in (*reversed(others), *first)]
    for box, color, thickness in (*rims, (truth, TRUTH_COLOR, 4), *inner):  # thin over thick keeps both visible
        if is_there(box):
            outwards = (thickness - 1) // 2
            low, high = (box[:2] - (left, top)) * scale, (box[:2] + box[2:] - (left, top)) * scale
            draw.rectangle([*(low - outwards), *(high + outwards)], outline=color, width=thickness)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def is_there(box: Array) -> bool:
    """Whether ``box`` [4] is finite and has an area."""
    return bool(np.isfinite(box).all() and box[2] > 0 and box[3] > 0)


def _square(width: int, height: int, boxes: Sequence[Array]) -> tuple[float, float, float]:
    """Left, top and side of the part of a frame to show: ``boxes`` with a margin, or the whole frame without boxes."""
    whole = float(max(width, height))
    if not boxes:
        return (width - whole) / 2, (height - whole) / 2, whole
    low = np.min([box[:2] for box in boxes], axis=0)
    high = np.max([box[:2] + box[2:] for box in boxes], axis=0)
    side = min(whole, max(6 * float(np.sqrt(boxes[0][2] * boxes[0][3])), 1.3 * float((high - low).max()), 48.0))
    left, top = (
        float(np.clip(middle - side / 2, min(0, extent - side), max(0, extent - side)))
        for middle, extent in zip((low + high) / 2, (width, height), strict=True)
    )
    return left, top, side
