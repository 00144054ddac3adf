"""Measures on one sequence: overlaps, errors, curves, and the ``METRICS`` of the tables (numpy, no files).

Boxes are [n, 4] arrays of x, y, w, h in pixels of the image, one row per frame. The origin is free, but both arguments
must share it. No function modifies its input.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytracking.analysis.protocols import Protocol

Array = NDArray[np.float64]


def all_positive(columns: Array) -> NDArray[np.bool_]:
    """Whether all numbers of a row are above zero, [n], for ``columns`` [n, k]; much faster than ``all(axis=1)``."""
    return np.logical_and.reduce([column > 0 for column in columns.T])


def iou(prediction: Array, truth: Array) -> Array:
    """Intersection over union [n] of ``prediction`` [n, 4] and ``truth`` [n, 4], frame by frame, in 0..1.

    A box covers x..x+w. The inclusive form of OTB's MATLAB code (right = x + w - 1, and + 1 in the overlap) gives the
    same number. 0 if the union has no area, NaN if a box is NaN.
    """
    low = np.maximum(prediction[:, :2], truth[:, :2])
    high = np.minimum(prediction[:, :2] + prediction[:, 2:], truth[:, :2] + truth[:, 2:])
    sides = np.maximum(high - low, 0.0)
    intersection = sides[:, 0] * sides[:, 1]
    union = prediction[:, 2] * prediction[:, 3] + truth[:, 2] * truth[:, 3] - intersection
    ratio = np.divide(intersection, union, out=np.where(np.isnan(union), np.nan, 0.0), where=union > 0)
    return np.minimum(ratio, 1.0)  # x + w - x may exceed w by rounding


def center(boxes: Array) -> Array:
    """Centers [n, 2] of ``boxes`` [n, 4] at x + (w - 1)/2, as OTB defines them.

    TrackingNet's (w + 1)/2 shifts truth and prediction equally.
    """
    return boxes[:, :2] + (boxes[:, 2:] - 1.0) / 2


def center_error(prediction: Array, truth: Array) -> Array:
    """Distance [n] in pixels between the centers of the boxes (Wu et al., "Online Object Tracking", CVPR 2013)."""
    offset = center(prediction) - center(truth)
    return np.hypot(offset[:, 0], offset[:, 1])


def normalized_center_error(prediction: Array, truth: Array, divide_first: bool = False) -> Array:
    """Distance [n] between the centers, each axis in units of the true box's side (Mueller et al., TrackingNet, 2018).

    divide_first: each center is divided by the side before the subtraction, as in pytracking, pysot and LaSOT's
    toolkit. The result differs only by rounding, but boxes are often integers, so their errors lie exactly on a
    threshold: on UAV123 the order changes the score by 0.02 points. Infinite if the true box has a side of zero or
    less.
    """
    sides = np.where(truth[:, 2:] <= 0, np.nan, truth[:, 2:])
    if divide_first:
        offset = center(prediction) / sides - center(truth) / sides
    else:
        offset = (center(prediction) - center(truth)) / sides
    error = np.hypot(offset[:, 0], offset[:, 1])
    return np.where((truth[:, 2] <= 0) | (truth[:, 3] <= 0), np.inf, error)


def success_curve(overlaps: Array, thresholds: ArrayLike, strict: bool = True) -> Array:
    """Fraction [k] of the ``overlaps`` [n] above each of ``thresholds`` [k]; also at it if not ``strict``."""
    below = np.searchsorted(np.sort(overlaps), thresholds, side="right" if strict else "left")
    return (len(overlaps) - below) / len(overlaps)


def precision_curve(errors: Array, thresholds: ArrayLike) -> Array:
    """Fraction [k] of the ``errors`` [n] at or below each of ``thresholds`` [k] (the same unit as the errors)."""
    return np.searchsorted(np.sort(errors), thresholds, side="right") / len(errors)


def area_under_curve(curve: Array, trapezoid: bool = False) -> Array:
    """Area under ``curve`` [..., k] over equally spaced thresholds scaled to 0..1.

    The mean of the k values (OTB's MATLAB code, pytracking, got10k, pysot), or the trapezoid rule (TrackingNet).
    """
    if not trapezoid:
        return curve.mean(axis=-1)
    return (curve[..., 1:] + curve[..., :-1]).mean(axis=-1) / 2


def at_threshold(curve: Array, thresholds: ArrayLike, threshold: float) -> Array:
    """The value of ``curve`` [..., k] at the element of ``thresholds`` [k] nearest to ``threshold``."""
    return curve[..., int(np.argmin(np.abs(np.asarray(thresholds) - threshold)))]


@dataclass(frozen=True)
class FrameMeasures:
    """Measures of the counted frames of one sequence by the rules of ``protocol``; the input of every metric.

    overlap, error (px), normalized_error: [n]; a frame without a usable truth has the values that the protocol gives.
    usable: [n], true if the truth is usable. frames: the divisor of all fractions.
    """

    overlap: Array
    error: Array
    normalized_error: Array
    usable: NDArray[np.bool_]
    frames: int
    protocol: Protocol

    @cached_property
    def success(self) -> Array:
        """Fractions [k] of the frames with an overlap above each of the protocol's thresholds."""
        protocol = self.protocol
        return self._of_frames(success_curve(self.overlap, protocol.overlap_thresholds, protocol.strict))

    @cached_property
    def precision(self) -> Array:
        """Fractions [k] of the frames with a center error at or below each of the protocol's thresholds."""
        return self._of_frames(precision_curve(self.error, self.protocol.center_thresholds))

    @cached_property
    def norm_precision(self) -> Array:
        """As ``precision``, of the normalized center errors."""
        return self._of_frames(precision_curve(self.normalized_error, self.protocol.normalized_thresholds))

    def _of_frames(self, curve: Array) -> Array:
        return curve * (len(self.overlap) / self.frames)


@dataclass(frozen=True)
class Curve:
    """A plotted curve. name: of its files. label: of the x axis. thresholds: its x values, [k].

    values: the curve [k] of one sequence, as fractions.
    """

    name: str
    title: str
    label: str
    thresholds: Callable[[Protocol], Sequence[float]]
    values: Callable[[FrameMeasures], Array]


@dataclass(frozen=True)
class Metric:
    """A score. title: the head of its column. value: the score of one sequence as a fraction, NaN if it has none.

    The score of a data set is the mean over sequences, or over frames if the protocol pools them. curve: the plot that
    shows the score in its legend.
    """

    title: str
    value: Callable[[FrameMeasures], float]
    curve: Curve | None = None


def _auc(measures: FrameMeasures) -> float:
    return float(area_under_curve(measures.success, measures.protocol.trapezoid))


def _precision(measures: FrameMeasures) -> float:
    protocol = measures.protocol
    if protocol.trapezoid:
        return float(area_under_curve(measures.precision, trapezoid=True))
    return float(at_threshold(measures.precision, protocol.center_thresholds, 20.0))


def _norm_precision(measures: FrameMeasures) -> float:
    protocol = measures.protocol
    if protocol.trapezoid:
        return float(area_under_curve(measures.norm_precision, trapezoid=True))
    return float(at_threshold(measures.norm_precision, protocol.normalized_thresholds, 0.2))


def _success_at(threshold: float, measures: FrameMeasures) -> float:
    return float(at_threshold(measures.success, measures.protocol.overlap_thresholds, threshold))


def _average_overlap(measures: FrameMeasures) -> float:
    return float(measures.overlap[measures.usable].mean()) if measures.usable.any() else float("nan")


_SUCCESS = Curve(
    "success", "Success plot", "Overlap threshold", lambda protocol: protocol.overlap_thresholds, lambda m: m.success
)
_PRECISION = Curve(
    "precision",
    "Precision plot",
    "Location error threshold [px]",
    lambda protocol: protocol.center_thresholds,
    lambda m: m.precision,
)
_NORM_PRECISION = Curve(
    "norm_precision",
    "Normalized precision plot",
    "Normalized location error threshold",
    lambda protocol: protocol.normalized_thresholds,
    lambda m: m.norm_precision,
)

# key of the JSON -> metric, in the order of the columns; the first one ranks the trackers
METRICS: dict[str, Metric] = {
    "auc": Metric("AUC", _auc, _SUCCESS),
    "precision": Metric("Precision", _precision, _PRECISION),
    "norm_precision": Metric("Norm. precision", _norm_precision, _NORM_PRECISION),
    "op50": Metric("OP50", partial(_success_at, 0.5)),
    "op75": Metric("OP75", partial(_success_at, 0.75)),
    "ao": Metric("AO", _average_overlap),
}


def plotted_curves() -> dict[str, tuple[str, Curve]]:
    """Name of each curve -> the metric in its legend, and the curve."""
    return {metric.curve.name: (name, metric.curve) for name, metric in METRICS.items() if metric.curve is not None}
