"""Targets as detections of the package supervision, whose annotators, zones and counters take them, and back.

detections = to_detections(targets.track(frame))           # tracker_id, confidence, data["state"]
frame = supervision.TraceAnnotator().annotate(frame, detections)
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ltr.utils.errors import InputError
from pytracking.api.multi_tracker import MultiTracker
from pytracking.integrations.detector import start_detected
from pytracking.tracker.base.output import TrackOutput
from pytracking.utils.extras import install_hint

try:
    import supervision as sv
except ImportError as error:
    message = f"needs the package supervision ({error}): {install_hint('annotation')}"
    raise ImportError(message) from error


def to_detections(
    outputs: Mapping[int, TrackOutput], class_ids: Mapping[int, int] | None = None, lost: bool = False
) -> sv.Detections:
    """The targets of a frame: ``xyxy [n, 4]``, ``confidence`` (the score), ``tracker_id`` and ``data["state"]``.

    Args:
        outputs: by id, as ``MultiTracker.track`` returns them.
        class_ids: ``class_id`` by target id (0 where there is none); None: without classes.
        lost: also the boxes of lost targets, which are not to be trusted.
    """
    kept = {target: output for target, output in outputs.items() if lost or output.state != "lost"}
    boxes = np.array([output.box for output in kept.values()], np.float32).reshape(-1, 4)
    classes = None if class_ids is None else np.array([class_ids.get(target, 0) for target in kept], int)
    return sv.Detections(
        xyxy=np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]]),
        confidence=np.array([output.score for output in kept.values()], np.float32),
        class_id=classes,
        tracker_id=np.array(list(kept), int),
        data={"state": np.array([output.state for output in kept.values()], dtype=str)},
    )


def boxes_of(detections: sv.Detections) -> NDArray[np.float64]:
    """The boxes ``[n, 4]`` of detections: x, y, w, h in pixels, as our trackers take them."""
    corners = np.asarray(detections.xyxy, np.float64).reshape(-1, 4)
    return np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])


def start_from(
    targets: MultiTracker,
    frame: NDArray[np.uint8],
    detections: sv.Detections,
    outputs: Mapping[int, TrackOutput],
    confidence: float = 0.5,
) -> dict[int, int]:
    """Add a target for each detection of at least ``confidence`` that no target covers yet, the surest first.

    Returns:
        The ``class_id`` by the id of the new target (0 without classes), for :func:`to_detections`.
    """
    if not isinstance(detections, sv.Detections):
        raise InputError(f"detections: expected supervision.Detections, got {type(detections).__name__}")
    scores = np.ones(len(detections)) if detections.confidence is None else detections.confidence
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] >= confidence]
    started = start_detected(targets, frame, boxes_of(detections)[order], outputs)
    classes = detections.class_id
    return {target: 0 if classes is None else int(classes[order[number]]) for target, number in started.items()}
