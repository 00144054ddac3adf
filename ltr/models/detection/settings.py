"""Settings of the architecture of the detector and of the energy branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from ltr.utils.config import PositiveInt, Range


@dataclass(frozen=True)
class DetectorSettings:
    """A Faster R-CNN with a feature pyramid; the defaults are those of torchvision's, trained on COCO."""

    kind: Literal["resnet50", "mobile"] = "resnet50"
    num_classes: Annotated[int, Range(least=2)] = 91  # including the background, class 0
    min_size: int = 800  # images are scaled to this shorter side,
    max_size: int = 1333  # but at most to this longer side
    canonical_size: float = 224.0  # sqrt(w h), in pixels of the scaled picture, from which a box is pooled at stride 16
    score_threshold: float = 0.05  # candidates have at least this score
    max_candidates: int = 1000  # per image, before non-maximum suppression

    def problems(self) -> list[str]:
        """What is wrong with these settings, one line each."""
        if 32 <= self.min_size <= self.max_size:
            return []
        return [f"min_size: expected 32 to max_size ({self.max_size}), got {self.min_size}"]


@dataclass(frozen=True)
class BranchSettings:
    """The energy branch: PrRoIPool, two hidden layers, one energy per class. The defaults are those of the paper."""

    pool_size: PositiveInt = 7  # bins along each side of a box
    hidden: PositiveInt = 1024  # width of the fully connected layers
    components: PositiveInt | None = None  # K of the learned proposal; None: the method has none


@dataclass(frozen=True)
class PredictionSettings:
    """The defaults are those of the paper; step lengths belong to a method (Table S1) and come separately."""

    iou_threshold: float = 0.5  # candidates that overlap by more are one cluster
    max_detections: int = 100  # per image
    iterations: int = 10  # T of Algorithm S1
    decay: float = 0.5  # eta
