"""Our trackers in CVAT, as a tracking function of its SDK (the extra ``annotation`` of pyproject.toml).

CVAT's agent runs it on your machine, and annotators choose it among the AI tools::

    cvat-cli function create-native dimp --function-module pytracking.integrations.cvat
    cvat-cli function run-agent ID --function-module pytracking.integrations.cvat
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from pytracking.api.tracker import Tracker
from pytracking.utils.extras import install_hint

try:
    from cvat_sdk import auto_annotation as cvat
except ImportError as error:
    message = f"needs the package cvat-sdk ({error}): {install_hint('annotation')}"
    raise ImportError(message) from error

RECTANGLE = "rectangle"


class CvatTracker:
    """A ``cvat_sdk.auto_annotation.TrackingFunction`` for rectangles. Each shape gets a clone of ``tracker``."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self.spec = cvat.TrackingFunctionSpec(supported_shape_types={RECTANGLE})

    def preprocess_image(self, context: cvat.TrackingFunctionContext, image: Image) -> NDArray[np.uint8]:
        """The image as RGB ``[H, W, 3]``, once for all shapes."""
        return np.asarray(image.convert("RGB"))

    def init_tracking_state(
        self, context: cvat.TrackingFunctionShapeContext, pp_image: NDArray[np.uint8], shape: cvat.TrackableShape
    ) -> Tracker:
        """A tracker that knows the target in ``shape``, whose points are left, top, right and bottom in pixels."""
        left, top, right, bottom = shape.points
        target = self._tracker.clone()
        target.initialize(pp_image, (left, top, right - left, bottom - top))
        return target

    def track(
        self, context: cvat.TrackingFunctionShapeContext, pp_image: NDArray[np.uint8], state: Tracker
    ) -> cvat.TrackableShape | None:
        """The target in the next image, or None where it is lost."""
        output = state.track(pp_image)
        if output.state == "lost":
            return None
        x, y, w, h = output.box
        return cvat.TrackableShape(type=RECTANGLE, points=[x, y, x + w, y + h])


def create(**settings: Any) -> CvatTracker:
    """What CVAT's agent calls: ``settings`` (its ``-p NAME=TYPE:VALUE``) are arguments of :class:`Tracker`."""
    return CvatTracker(Tracker(**settings))
