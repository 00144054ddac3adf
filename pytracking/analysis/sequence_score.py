"""One sequence measured: a result against its truth, by the rules of a protocol."""

import numpy as np
from numpy.typing import NDArray

from ltr.dataset.layouts.base import GroundTruth as GroundTruth
from ltr.utils.errors import InputError
from pytracking.analysis import metrics
from pytracking.analysis.metrics import Array, FrameMeasures
from pytracking.analysis.protocols import Protocol
from pytracking.utils.text import bare_name


def without_omitted_rows(truth: GroundTruth, protocol: Protocol) -> GroundTruth:
    """``truth`` without the rows that the protocol leaves out at its start (OTB's Tiger1)."""
    full, omitted = _omitted_rows(truth, protocol)
    if not omitted or len(truth.boxes) != full:
        return truth
    return GroundTruth(truth.name, truth.boxes[omitted:], truth.absent[omitted:], truth.image_size)


def align_rows(boxes: Array, truth: GroundTruth, protocol: Protocol) -> Array:
    """``boxes`` [m, 4] of a result without the rows that ``truth`` (already cut) leaves out, if it has them."""
    full, omitted = _omitted_rows(truth, protocol)
    starts_at_first = abs(len(boxes) - full) < abs(len(boxes) - len(truth.boxes))
    return boxes[omitted:] if omitted and starts_at_first else boxes


def _omitted_rows(truth: GroundTruth, protocol: Protocol) -> tuple[int, int]:
    return protocol.omitted_rows.get(bare_name(truth.name), (0, 0))


def absent_frames(truth: GroundTruth, protocol: Protocol) -> NDArray[np.bool_]:
    """The frames [n] whose target counts as absent."""
    return truth.absent | np.isnan(truth.boxes[:, 0]) if protocol.nan_truth == "absent" else truth.absent


def usable_frames(true_boxes: Array, protocol: Protocol) -> NDArray[np.bool_]:
    """Whether each of ``true_boxes`` [n, 4] can be used, absent or not."""
    return metrics.all_positive(true_boxes[:, 2 if protocol.usable == "size" else 0 :])


def measure_sequence(prediction: Array, truth: GroundTruth, protocol: Protocol) -> FrameMeasures:
    """Measure ``prediction`` [m, 4] (pixels, NaN = no box) against ``truth`` [n, 4] by ``protocol``.

    Surplus rows are cut; missing rows count as boxes without area. Raises ValueError if no frame is left to score.
    """
    boxes = prepare_boxes(prediction, truth, protocol)
    true_boxes, absent = truth.boxes, absent_frames(truth, protocol)
    if protocol.first_frame == "drop":
        boxes, true_boxes, absent = boxes[1:], true_boxes[1:], absent[1:]
    if protocol.round_boxes:
        boxes, true_boxes = np.round(boxes), np.round(true_boxes)
    if protocol.clip_to_image and truth.image_size is not None:
        boxes, true_boxes = _clip(boxes, truth.image_size), _clip(true_boxes, truth.image_size)

    with np.errstate(invalid="ignore"):
        overlap = metrics.iou(boxes, true_boxes)
        error = metrics.center_error(boxes, true_boxes)
        normalized = metrics.normalized_center_error(boxes, true_boxes, protocol.divide_first)
        usable = usable_frames(true_boxes, protocol) & ~absent
        unusable = no_error = ~usable & ~absent
        if protocol.errors_need_center:
            no_error = ~metrics.all_positive(metrics.center(true_boxes)) & ~absent
    if protocol.unusable is not None:
        overlap[unusable] = protocol.unusable.overlap
        error[no_error] = protocol.unusable.center_error
        normalized[no_error] = protocol.unusable.normalized_error
    overlap[absent], error[absent], normalized[absent] = protocol.absent
    counted = ~np.isnan(overlap)
    frames = int(usable.sum() if protocol.exclude_unusable else counted.sum())
    if frames == 0:
        raise InputError(f"{truth.name}: no frame of the truth can be scored")
    return FrameMeasures(overlap[counted], error[counted], normalized[counted], usable[counted], frames, protocol)


def prepare_boxes(prediction: Array, truth: GroundTruth, protocol: Protocol) -> Array:
    """``prediction`` [m, 4] adjusted to the truth: [n, 4] without NaN, by the rules for rows and the first frame."""
    boxes = np.zeros_like(truth.boxes)
    rows = align_rows(prediction, truth, protocol)[: len(boxes)]
    boxes[: len(rows)] = np.nan_to_num(rows, nan=0.0)
    if protocol.repeat_empty:
        has_area = metrics.all_positive(boxes[:, 2:]) | np.isnan(truth.boxes[:, 0])
        has_area[0] = True
        has_area[len(rows) :] = True  # missing rows stay empty
        boxes = boxes[np.maximum.accumulate(np.where(has_area, np.arange(len(boxes)), 0))]
    if protocol.first_frame == "truth" and len(boxes):
        boxes[0] = truth.boxes[0]
    return boxes


def _clip(boxes: Array, size: tuple[float, float]) -> Array:
    """``boxes`` [n, 4] clipped to an image of ``size`` (width, height) as got10k does: corner first, then the sides."""
    limit = np.array(size)
    corner = np.clip(boxes[:, :2], 0, limit)
    return np.hstack([corner, np.clip(boxes[:, 2:], 0, limit - corner)])
