"""Settings of the architecture of a tracking network and of its crops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from ltr.data.crop import CropSettings
from ltr.data.labels import ScoreGrid
from ltr.models.bbreg.settings import AtomIoUNetSettings
from ltr.models.target_classifier.settings import FilterOptimizerSettings
from ltr.utils.config import PositiveFloat, Range, Width


@dataclass(frozen=True)
class ClassifierSettings:
    """The target classifier: feature head, filter and its optimizer."""

    num_blocks: Annotated[int, Range(least=0, most=64)] = 0  # residual blocks before the head's last convolution
    feature_dim: Width = 256  # channels of the classification features
    filter_size: Annotated[int, Range(least=1, most=64)] = 4  # cells
    output_sigma_factor: PositiveFloat = 0.25  # standard deviation of the label, as a fraction of the target's size
    label_sigma: PositiveFloat | None = None  # the same in cells, for crops of any size (pytracking's gauss_sigma)
    objective: Literal["hinge", "kl", "online"] = (
        "hinge"  # of the filter: DiMP's learned one, PrDiMP's, or none in the network (ATOM)
    )
    optimizer: FilterOptimizerSettings = field(default_factory=FilterOptimizerSettings)


@dataclass(frozen=True)
class DiMPnetSettings(CropSettings):
    """A :class:`~ltr.models.tracking.dimpnet.DiMPnet`. Saved in the card beside its weights."""

    OLD_NAMES: ClassVar[Mapping[str, str]] = {"search_area_factor": "search_area", "image_size": "crop_side"}

    backbone: str = "resnet50"
    frozen_layers: tuple[str, ...] = ("conv1", "layer1", "layer2")
    classifier: ClassifierSettings = field(default_factory=ClassifierSettings)
    box_branch: AtomIoUNetSettings = field(default_factory=AtomIoUNetSettings)

    @property
    def stride(self) -> int:
        """Crop pixels per cell of the score map."""
        return 16

    @property
    def feature_size(self) -> int:
        """Side of the classification feature map, in cells."""
        return self.crop_side // self.stride

    @property
    def filter_shape(self) -> tuple[int, ...]:
        """Of the filter of one target."""
        return 1, self.classifier.feature_dim, self.classifier.filter_size, self.classifier.filter_size

    @property
    def label_sigma(self) -> float:
        """Standard deviation of the classification label, in cells."""
        if self.classifier.label_sigma is not None:
            return self.classifier.label_sigma
        return self.classifier.output_sigma_factor / self.search_area * self.feature_size

    @property
    def score_grid(self) -> ScoreGrid:
        """The grid of the score map: scores lie at cell centers for odd filters, at cell corners for even ones."""
        odd = self.classifier.filter_size % 2
        return ScoreGrid(self.feature_size + 1 - odd, self.stride, odd * self.stride / 2, self.label_sigma)

    def problems(self) -> list[str]:
        """What is wrong with these settings, one line each."""
        from ltr.models.backbone import BACKBONES  # late: imports torch

        found = []
        if self.crop_side % self.stride:
            found.append(f"crop_side: expected a multiple of {self.stride}, got {self.crop_side}")
        if self.backbone not in BACKBONES:
            found.append(f"backbone: unknown {self.backbone!r}; known are {', '.join(BACKBONES)}")
        return found
