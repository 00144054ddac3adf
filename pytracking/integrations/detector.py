"""A detector starts the targets that a tracker follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytracking.api.multi_tracker import MultiTracker
from pytracking.tracker.base.output import TrackOutput


def start_detected(
    targets: MultiTracker,
    frame: NDArray[np.uint8],
    boxes: ArrayLike,
    outputs: Mapping[int, TrackOutput],
    overlap: float = 0.3,
) -> dict[int, int]:
    """Add a target for each detection that no target covers yet, the first of several that overlap.

    Args:
        targets: the tracked targets.
        frame: the frame of the detections, as for ``MultiTracker.add``.
        boxes: ``[n, 4]`` of the detections: x, y, w, h in pixels; the surest first.
        outputs: of ``targets.track(frame)``; those that are lost cover nothing.
        overlap: above this IoU, a detection and a target are the same.

    Returns:
        The number of the detection by the id of the target that it started.
    """
    found = np.asarray(boxes, np.float64).reshape(-1, 4)
    covered = [output.box for output in outputs.values() if output.state != "lost"]
    started: dict[int, int] = {}
    for number, box in enumerate(found.tolist()):
        if not any(_iou(box, other) > overlap for other in covered):
            started[targets.add(frame, box)] = number
            covered.append((box[0], box[1], box[2], box[3]))
    return started


def _iou(a: Sequence[float], b: Sequence[float]) -> float:
    wide, high = (max(0.0, min(a[i] + a[i + 2], b[i] + b[i + 2]) - max(a[i], b[i])) for i in (0, 1))
    common = wide * high
    return common / max(a[2] * a[3] + b[2] * b[3] - common, 1e-9)
