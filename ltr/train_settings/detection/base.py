"""Settings of detection: training the detector, and training the energy branch on top of it when it is frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self

from ltr.dataset.detection import DetectionSource
from ltr.models.detection.settings import BranchSettings, DetectorSettings
from ltr.models.loss.ebm import EBMLoss, LearnedProposalLoss
from ltr.train_settings.detection.methods import COMPONENTS, METHODS
from ltr.trainers.settings import TrainSettings, named_method
from ltr.utils.config import PositiveFloat, PositiveInt

Sources = tuple[DetectionSource, ...]


@dataclass(frozen=True)
class DetectionData:
    """Images for training, for the choice of step lengths, and for the results."""

    train: Sources
    val: Sources
    test: Sources
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # name -> categories; empty: the files' own

    def problems(self) -> list[str]:
        """What is wrong with these settings, one line each."""
        parts = {"train": self.train, "val": self.val, "test": self.test}
        return [f"{name}: expected at least one source" for name, sources in parts.items() if not sources]


@dataclass(frozen=True)
class DetectionSettings(TrainSettings):
    """Common settings of both trainings."""

    data: DetectionData = DetectionData((), (), ())
    detector: DetectorSettings = DetectorSettings()
    pictures_per_epoch: int = 160_000
    validation_pictures: PositiveInt = 200

    def problems(self) -> list[str]:
        """What is wrong with these settings, one line each."""
        found = []
        classes = len(self.data.classes)
        if classes and self.detector.num_classes != classes + 1:
            found.append(
                f"detector.num_classes: expected {classes + 1} (the classes of the data and the background), "
                f"got {self.detector.num_classes}"
            )
        if self.pictures_per_epoch < self.optim.batch_size:
            found.append(
                f"pictures_per_epoch: expected at least a batch of {self.optim.batch_size}, "
                f"got {self.pictures_per_epoch}"
            )
        return found


@dataclass(frozen=True)
class DetectorTrainSettings(DetectionSettings):
    """Training of the detector itself."""

    pretrained: bool = True  # start the backbone from ImageNet


@dataclass(frozen=True)
class BranchTrainSettings(DetectionSettings):
    """Training of an :class:`~ltr.models.detection.energy_branch.EnergyBranch` on a frozen detector.

    ``weights`` of the detector: a ``.safetensors`` file of a trained one, a ``.pth`` of torchvision's, or ``None``
    for torchvision's own, trained on COCO. ``cache`` is a folder for the outputs of the frozen detector, in half
    precision: useful with few images. Step lengths (Table S1) belong to a method, since the steepness of its energies
    differs.
    """

    method_field: ClassVar[str] = "loss"

    weights: Path | None = None
    cache: Path | None = None
    branch: BranchSettings = BranchSettings()
    loss: EBMLoss = METHODS["ncep"].loss
    step_position: PositiveFloat = METHODS["ncep"].step_position
    step_size: PositiveFloat = METHODS["ncep"].step_size

    def with_method(self, name: str) -> Self:
        """These settings with another method of ``METHODS`` and its step lengths."""
        method = named_method(METHODS, name, "loss")
        components = COMPONENTS if isinstance(method.loss, LearnedProposalLoss) else None
        branch = replace(self.branch, components=components)
        return replace(
            self, branch=branch, loss=method.loss, step_position=method.step_position, step_size=method.step_size
        )

    def problems(self) -> list[str]:
        """What is wrong with these settings, one line each."""
        found = super().problems()
        if isinstance(self.loss, LearnedProposalLoss) and self.branch.components is None:
            found.append(
                f"branch.components: {type(self.loss).__name__} needs the number of components of its proposal"
            )
        return found
