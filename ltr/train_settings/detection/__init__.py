"""Named settings of detection: the small detector, and the energy branch by every method of Table 2 on either one.

``ncep`` is the paper's (ResNet-50, COCO), ``ncep_mobile`` that of the small detector; likewise for every method.
"""

from ltr.train_settings.detection.base import BranchTrainSettings, DetectionSettings, DetectorTrainSettings
from ltr.train_settings.detection.coco import BRANCH_COCO
from ltr.train_settings.detection.methods import METHODS
from ltr.train_settings.detection.mobile import BRANCH_MOBILE, DETECTOR_MOBILE

SETTINGS: dict[str, DetectionSettings] = {
    "detector_mobile": DETECTOR_MOBILE,
    **{name: BRANCH_COCO.with_method(name) for name in METHODS},
    **{f"{name}_mobile": BRANCH_MOBILE.with_method(name) for name in METHODS},
}

__all__ = [
    "BRANCH_COCO",
    "BRANCH_MOBILE",
    "METHODS",
    "SETTINGS",
    "BranchTrainSettings",
    "DetectionSettings",
    "DetectorTrainSettings",
]
