"""Everything that decides the shape of a tracking network and the frames it expects."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
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
        c, b, size = self.classifier, self.box_branch, self.image_size
        if not 64 <= size <= 4096 or size % self.stride:
            found.append(f"image_size: expected a multiple of {self.stride}, 64 to 4096, got {size}")
        if not 1 < self.search_area_factor <= 100:
            found.append(f"search_area_factor: expected more than 1, at most 100, got {self.search_area_factor}")
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
