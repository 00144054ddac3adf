"""Everything that decides the shape of a tracking network and the frames it expects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ltr.models.bbreg.atom_iou_net import AtomIoUNetSettings
from ltr.models.target_classifier.optimizer import FilterOptimizerSettings


@dataclass(frozen=True)
class ClassifierSettings:
    """The target classifier: feature head, filter and its optimizer."""

    num_blocks: int = 0  # residual blocks before the head's last convolution
    feature_dim: int = 256  # channels of the classification features
    filter_size: int = 4  # cells
    output_sigma_factor: float = 0.25  # standard deviation of the label, as a part of the target's size
    objective: Literal["hinge", "kl"] = "hinge"  # what the filter minimises: DiMP's learned one or PrDiMP's
    optimizer: FilterOptimizerSettings = field(default_factory=FilterOptimizerSettings)


@dataclass(frozen=True)
class DiMPnetSettings:
    """A :class:`~ltr.models.tracking.dimpnet.DiMPnet`. Saved beside its weights, so a network rebuilds itself."""

    backbone: str = "resnet50"
    frozen_layers: tuple[str, ...] = ("conv1", "layer1", "layer2")
    search_area_factor: float = 6.0  # side of the crop, in sqrt(w h) of the target
    image_size: int = 352  # side of the crop in pixels
    classifier: ClassifierSettings = field(default_factory=ClassifierSettings)
    box_branch: AtomIoUNetSettings = field(default_factory=AtomIoUNetSettings)

    @property
    def stride(self) -> int:
        """Crop pixels a cell of the score map."""
        return 16

    @property
    def feature_size(self) -> int:
        """Side of the classification feature map, in cells."""
        return self.image_size // self.stride

    @property
    def score_size(self) -> int:
        """Side K of the score map, in cells."""
        return self.feature_size + 1 - self.classifier.filter_size % 2

    @property
    def label_sigma(self) -> float:
        """Standard deviation of the classification label, in cells."""
        return self.classifier.output_sigma_factor / self.search_area_factor * self.feature_size

    def problems(self) -> list[str]:
        """What is wrong with these settings, one line each."""
        found = []
        if self.image_size < 64 or self.image_size % 16:
            found.append(f"image_size: expected a multiple of 16, at least 64, got {self.image_size}")
        if self.search_area_factor <= 1:
            found.append(f"search_area_factor: expected more than 1, got {self.search_area_factor}")
        if self.classifier.filter_size < 1:
            found.append(f"classifier.filter_size: expected at least 1, got {self.classifier.filter_size}")
        if self.classifier.objective not in ("hinge", "kl"):
            found.append(f"classifier.objective: expected hinge or kl, got {self.classifier.objective!r}")
        return found
