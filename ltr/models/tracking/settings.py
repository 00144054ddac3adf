"""Everything that decides the shape of a tracking network and the frames it expects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import ClassVar, Literal

from ltr.data.crop import CropSettings
from ltr.data.labels import ScoreGrid
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
class DiMPnetSettings(CropSettings):
    """A :class:`~ltr.models.tracking.dimpnet.DiMPnet`. Saved beside its weights, so a network rebuilds itself."""

    OLD_NAMES: ClassVar[Mapping[str, str]] = {"search_area_factor": "search_area", "image_size": "crop_side"}

    backbone: str = "resnet50"
    frozen_layers: tuple[str, ...] = ("conv1", "layer1", "layer2")
    classifier: ClassifierSettings = field(default_factory=ClassifierSettings)
    box_branch: AtomIoUNetSettings = field(default_factory=AtomIoUNetSettings)

    @property
    def stride(self) -> int:
        """Crop pixels a cell of the score map."""
        return 16

    @property
    def feature_size(self) -> int:
        """Side of the classification feature map, in cells."""
        return self.crop_side // self.stride

    @property
    def score_size(self) -> int:
        """Side K of the score map, in cells."""
        return self.feature_size + 1 - self.classifier.filter_size % 2

    @property
    def label_sigma(self) -> float:
        """Standard deviation of the classification label, in cells."""
        return self.classifier.output_sigma_factor / self.search_area * self.feature_size

    @property
    def score_grid(self) -> ScoreGrid:
        """Of the score map: an odd filter's score belongs to the middle of a cell, an even one's to a corner."""
        offset = self.classifier.filter_size % 2 * self.stride / 2
        return ScoreGrid(self.score_size, self.stride, offset, self.label_sigma)

    def problems(self) -> list[str]:
        """What is wrong with these settings, one line each."""
        found = super().problems()
        c, b = self.classifier, self.box_branch
        if self.crop_side % self.stride:
            found.append(f"crop_side: expected a multiple of {self.stride}, got {self.crop_side}")
        if not 1 <= c.filter_size <= 64:
            found.append(f"classifier.filter_size: expected 1 to 64, got {c.filter_size}")
        if not 0 <= c.num_blocks <= 64:
            found.append(f"classifier.num_blocks: expected 0 to 64, got {c.num_blocks}")
        widths = {
            "classifier.feature_dim": c.feature_dim,
            "classifier.optimizer.num_dist_bins": c.optimizer.num_dist_bins,
        }
        widths |= {f"box_branch.{field.name}": getattr(b, field.name) for field in fields(b)}
        found += [
            f"{name}: expected 1 to 8192, got {width}" for name, width in widths.items() if not 1 <= width <= 8192
        ]
        positive = {"classifier.output_sigma_factor": c.output_sigma_factor}
        positive |= {
            f"classifier.optimizer.{name}": getattr(c.optimizer, name)
            for name in ("init_step_length", "init_filter_reg", "min_filter_reg", "bin_displacement")
        }
        found += [f"{name}: expected more than 0, got {value}" for name, value in positive.items() if not value > 0]
        if not 0 <= c.optimizer.num_iter <= 1000:
            found.append(f"classifier.optimizer.num_iter: expected 0 to 1000, got {c.optimizer.num_iter}")
        if self.classifier.objective not in ("hinge", "kl"):
            found.append(f"classifier.objective: expected hinge or kl, got {self.classifier.objective!r}")
        return found
