"""Named settings of detection: the small detector, and the energy branch by every method of Table 2 on either one.

``ncep`` is the paper's (ResNet-50, COCO), ``ncep_mobile`` that of the small detector; so with every method.
"""

from dataclasses import replace

from ltr.train_settings.detection.base import BranchTrainSettings, DetectionSettings, DetectorTrainSettings
from ltr.train_settings.detection.coco import BRANCH_COCO
from ltr.train_settings.detection.methods import METHODS, Method
from ltr.train_settings.detection.mobile import BRANCH_MOBILE, DETECTOR_MOBILE


def with_method(settings: BranchTrainSettings, method: Method) -> BranchTrainSettings:
    """The settings with another training method and its step lengths."""
    return replace(settings, loss=method.loss, step_position=method.step_position, step_size=method.step_size)


SETTINGS: dict[str, DetectionSettings] = {
    "detector_mobile": DETECTOR_MOBILE,
    **{name: with_method(BRANCH_COCO, method) for name, method in METHODS.items()},
    **{f"{name}_mobile": with_method(BRANCH_MOBILE, method) for name, method in METHODS.items()},
}

__all__ = [
    "BRANCH_COCO",
    "BRANCH_MOBILE",
    "METHODS",
    "SETTINGS",
    "BranchTrainSettings",
    "DetectionSettings",
    "DetectorTrainSettings",
    "with_method",
]
