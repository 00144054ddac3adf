"""Tracking scores by plain loops over frames, straight from the definitions; the oracle of pytracking/analysis."""

import math

Box = tuple[float, float, float, float]


def iou(a: Box, b: Box) -> float:
    """The inclusive form of OTB's MATLAB code: pixels x .. x + w - 1."""
    right = min(a[0] + a[2] - 1, b[0] + b[2] - 1)
    bottom = min(a[1] + a[3] - 1, b[1] + b[3] - 1)
    width = max(0.0, right - max(a[0], b[0]) + 1)
    height = max(0.0, bottom - max(a[1], b[1]) + 1)
    union = a[2] * a[3] + b[2] * b[3] - width * height
    return width * height / union if union > 0 else 0.0


def center_error(a: Box, b: Box, units: tuple[float, float] = (1.0, 1.0)) -> float:
    dx = (a[0] + (a[2] - 1) / 2) / units[0] - (b[0] + (b[2] - 1) / 2) / units[0]
    dy = (a[1] + (a[3] - 1) / 2) / units[1] - (b[1] + (b[3] - 1) / 2) / units[1]
    return math.sqrt(dx * dx + dy * dy)


def pytracking_scores(prediction: list[Box], truth: list[Box], absent: list[bool], tag: str) -> dict[str, float]:
    """AUC, precision (20 px), normalized precision (0.2) as fractions, by pytracking's rules for otb, uav or lasot."""
    boxes = [tuple(0.0 if math.isnan(v) else v for v in box) for box in prediction][: len(truth)]
    for i in range(1, len(boxes)):
        if (boxes[i][2] == 0 or boxes[i][3] == 0) and not any(map(math.isnan, truth[i])):
            boxes[i] = boxes[i - 1]
    boxes += [(0.0, 0.0, 0.0, 0.0)] * (len(truth) - len(boxes))
    boxes[0] = truth[0]
    overlaps, errors, normalized = [], [], []
    for box, true, gone in zip(boxes, truth, absent, strict=True):
        if all(v > 0 for v in true) and not gone:
            overlaps.append(iou(box, true))
            errors.append(center_error(box, true))
            normalized.append(center_error(box, true, (true[2], true[3])))
        else:
            overlaps.append(-1.0)
            errors.append(-1.0 if tag == "uav" else math.inf)
            normalized.append(math.inf if tag == "lasot" and gone else -1.0)
    frames = len(truth)
    curve = [sum(o > 0.05 * k for o in overlaps) / frames for k in range(21)]
    return {
        "auc": sum(curve) / 21,
        "precision": sum(e <= 20 for e in errors) / frames,
        "norm_precision": sum(e <= 0.2 for e in normalized) / frames,
        "op50": curve[10],
        "op75": curve[15],
    }


def pysot_scores(prediction: list[Box], truth: list[Box], absent: list[bool]) -> dict[str, float]:
    """The same by pysot's rules: absent frames leave the numerator, unusable ones have overlap and error -1."""
    overlaps, errors, normalized = [], [], []
    for box, true, gone in zip(prediction, truth, absent, strict=True):
        if gone:
            continue
        usable = true[2] > 0 and true[3] > 0
        has_center = true[0] + (true[2] - 1) / 2 > 0 and true[1] + (true[3] - 1) / 2 > 0
        overlaps.append(iou(box, true) if usable else -1.0)
        errors.append(center_error(box, true) if has_center else -1.0)
        normalized.append(center_error(box, true, (true[2] + 1e-16, true[3] + 1e-16)) if has_center else -1.0)
    frames = len(truth)
    return {
        "auc": sum(sum(o > 0.05 * k for o in overlaps) / frames for k in range(21)) / 21,
        "precision": sum(e <= 20 for e in errors) / frames,
        "norm_precision": sum(e <= 0.2 for e in normalized) / frames,
    }


def trackingnet_scores(prediction: list[Box], truth: list[Box]) -> dict[str, float]:
    """The same by TrackingNet's devkit: whole pixels, overlap at or above, and areas by the trapezoid rule."""
    boxes = [tuple(float(round(v)) for v in box) for box in prediction]
    trues = [tuple(float(round(v)) for v in box) for box in truth]
    boxes[0] = trues[0]
    pairs, frames = list(zip(boxes, trues, strict=True)), len(truth)
    overlaps = [iou(a, b) for a, b in pairs]
    errors = [center_error(a, b) for a, b in pairs]
    normalized = [
        math.hypot((a[0] + a[2] / 2 - b[0] - b[2] / 2) / b[2], (a[1] + a[3] / 2 - b[1] - b[3] / 2) / b[3])
        for a, b in pairs
    ]
    curves = {
        "auc": [sum(o >= k / 20 for o in overlaps) / frames for k in range(21)],
        "precision": [sum(e <= 2.5 * k for e in errors) / frames for k in range(21)],
        "norm_precision": [sum(e <= k / 40 for e in normalized) / frames for k in range(21)],
    }
    return {name: sum((a + b) / 2 / 20 for a, b in zip(c[1:], c[:-1], strict=True)) for name, c in curves.items()}
