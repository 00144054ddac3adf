"""Named settings of detection."""

from ltr.train_settings.detection.base import BranchTrainSettings, DetectionSettings, DetectorTrainSettings
from ltr.train_settings.detection.mobile import DETECTOR_MOBILE

SETTINGS: dict[str, DetectionSettings] = {
    "detector_mobile": DETECTOR_MOBILE,
}

__all__ = ["SETTINGS", "BranchTrainSettings", "DetectionSettings", "DetectorTrainSettings"]
