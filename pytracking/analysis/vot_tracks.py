"""The input of VOT's measures: the overlap of a run with the truth per frame, and the reported presence of the target.

Sources: Kristan et al., "A Novel Performance Evaluation Methodology for Single-Target Trackers" (TPAMI 2016) and the
results papers of the VOT challenges; the rules for frames without a target and for boxes are those of vot-toolkit 0.7
(``vot/region/raster.py``).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytracking.analysis.metrics import Array, all_positive

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Track:
    """One run over one sequence, or over a part of it; row 0 is the frame whose box was given to the tracker.

    overlap: [n], see :func:`pixel_overlap`; 0 in row 0. visible: [n] whether the truth has a target. reported: [n]
    whether the tracker reports one; false in row 0. confidence: [n], 0 in row 0.
    """

    overlap: Array
    visible: Flags
    reported: Flags
    confidence: Array


def make_track(
    boxes: Array,
    confidence: Array,
    reported: Flags,
    truth: Array,
    absent: Flags,
    image_size: tuple[float, float] | None = None,
) -> Track:
    """The track of ``boxes`` [n, 4] (x, y, w, h, pixels) against ``truth`` [n, 4], from the first frame of both.

    A box without area, or NaN, means no box: the tracker reports nothing, or the truth has no target. absent: [n]
    frames whose target the data set flags as out of sight. image_size: width, height in pixels.
    """
    reported = reported & all_positive(boxes[:, 2:])
    visible = ~absent & all_positive(truth[:, 2:])
    reported[0], confidence = False, np.where(np.arange(len(boxes)) == 0, 0.0, confidence)
    none = np.full(4, np.nan)
    found = np.where(reported[:, None], boxes, none)
    return Track(
        pixel_overlap(found, np.where(visible[:, None], truth, none), image_size), visible, reported, confidence
    )


def pixel_overlap(prediction: Array, truth: Array, image_size: tuple[float, float] | None = None) -> Array:
    """Intersection over union [n] of ``prediction`` [n, 4] and ``truth`` [n, 4], counted in pixels of the image.

    A box covers the pixels x .. x + w - 1 of its numbers rounded as float32. Pixels outside the image do not count.
    NaN or no area means no box; two missing boxes overlap by 1, as do two boxes whose common hull is one pixel wide or
    high.
    """
    (low_a, high_a), (low_b, high_b) = _corners(prediction), _corners(truth)
    low, high = np.minimum(low_a, low_b), np.maximum(high_a, high_b)
    same = (low >= high).any(axis=1)
    if image_size is not None:
        low, high = np.maximum(low, 0.0), np.minimum(high, np.array(image_size) - 1)
    outside = (low >= high).any(axis=1)
    first = _pixels(np.maximum(low_a, low), np.minimum(high_a, high), prediction)
    second = _pixels(np.maximum(low_b, low), np.minimum(high_b, high), truth)
    both = _pixels(np.maximum.reduce([low_a, low_b, low]), np.minimum.reduce([high_a, high_b, high]), prediction, truth)
    union = first + second - both
    ratio = np.divide(both, union, out=np.zeros(len(union)), where=(union > 0) & ~outside)
    return np.where(same, 1.0, ratio)


def _has_area(boxes: Array) -> Flags:
    return all_positive(boxes[:, 2:]) & ~np.isnan(boxes).any(axis=1)


def _corners(boxes: Array) -> tuple[Array, Array]:
    """The first and last pixels, [n, 2] each, of the boxes; 0 and 0 for no box."""
    rounded = np.round(np.where(_has_area(boxes)[:, None], boxes, 0.0).astype(np.float32)).astype(np.float64)
    low = rounded[:, :2]
    high = np.where(_has_area(boxes)[:, None], low + rounded[:, 2:] - 1, 0.0)
    return low, high


def _pixels(low: Array, high: Array, *boxes: Array) -> Array:
    """The number of pixels from ``low`` to ``high`` [n, 2]; 0 if one of the ``boxes`` has no area."""
    sides = np.maximum(high - low + 1, 0.0)
    return np.where(np.logical_and.reduce([_has_area(b) for b in boxes]), sides[:, 0] * sides[:, 1], 0.0)
