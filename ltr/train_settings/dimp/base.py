"""Settings of tracker training: the network, the data, the losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Literal, Self

from ltr.actors.tracking import TrackingLossWeights
from ltr.dataset.layouts import TRAINED
from ltr.models.loss.ebm import EBMLoss, needs_no_proposal
from ltr.models.tracking.settings import DiMPnetSettings
from ltr.sampling.processing import ProcessingSettings
from ltr.sampling.sampler import SamplerSettings
from ltr.train_settings.dimp.methods import BOX_METHODS
from ltr.trainers.settings import TrainSettings, named_method
from ltr.utils.config import NonNegativeFloat, NonNegativeInt


@dataclass(frozen=True)
class DataSource:
    """A data set under the data folder, by kind:

    lasot, got10k, ...: a ``split`` of a published video data set in ``ltr.dataset.layouts``;
    coco: images in COCO format, a published ``split`` of COCO (``train2017``), or a folder with ``annotations.json``
    and ``images/``;  video: a folder of annotated sequences;
    cut_paste: the masked objects of all coco and video sources, moved over their images and those of the folder
    ``path`` (which may be empty);  patches: random boxes of the images in a folder;  synthetic: needs no files.
    """

    kind: Literal[(*TRAINED, "coco", "video", "cut_paste", "patches", "synthetic")]  # type: ignore[valid-type]
    path: str = ""  # under the data folder, or absolute
    weight: NonNegativeFloat = 1.0  # in sampling
    split: str = ""
    source_weights: Mapping[str, float] = field(default_factory=dict)  # coco: by the images' field `dataset`

    def problems(self) -> list[str]:
        """What is wrong with this source, one line each."""
        found = []
        if self.kind in TRAINED and not self.split:
            found.append(f"split: expected one of {self.kind}")
        if self.source_weights and self.kind != "coco":
            found.append("source_weights: only pictures in COCO format have sources")
        return found


@dataclass(frozen=True)
class DiMPTrainSettings(TrainSettings):
    """Training of a :class:`~ltr.models.tracking.dimpnet.DiMPnet`."""

    OLD_NAMES: ClassVar[Mapping[str, str]] = {
        **{f"network.{old}": f"network.{new}" for old, new in DiMPnetSettings.OLD_NAMES.items()},
        "processing.search_area_factor": "network.search_area",
        "processing.output_size": "network.crop_side",
        "processing.crop_mode": "network.crop_mode",
        "processing.max_shrink": "network.max_shrink",
        "processing.kernel_size": "network.classifier.filter_size",
        "processing.output_sigma_factor": "network.classifier.output_sigma_factor",
        "processing.stride": "",
        "processing.train_jitter.centre": "processing.train_jitter.center",
        "processing.test_jitter.centre": "processing.test_jitter.center",
        "processing.augmentation.colour": "processing.augmentation.color",
        "processing.augmentation.coarse": "processing.augmentation.low_resolution",
        "processing.augmentation.coarse_detail": "processing.augmentation.low_resolution_detail",
    }
    method_field: ClassVar[str] = "box_loss"

    network: DiMPnetSettings = field(default_factory=DiMPnetSettings)
    best_by: str = "iou_refined"
    pretrained: bool = True  # start the backbone from ImageNet
    start: Path | None = None  # a .safetensors network to start from instead (fine-tuning)
    sources: tuple[DataSource, ...] = ()
    validation_sources: tuple[DataSource, ...] = ()  # for validation; must not overlap with the training data
    validation_sequences: tuple[str, ...] = ()  # of the video sources: for validation only
    sampler: SamplerSettings = SamplerSettings(samples_per_epoch=40_000)
    validation_samples: int = 240
    validation_workers: NonNegativeInt = 0  # processes that make validation samples
    processing: ProcessingSettings = field(default_factory=ProcessingSettings)
    box_loss: EBMLoss = BOX_METHODS["ncep"].loss
    hinge_threshold: float = 0.05
    loss_weights: TrackingLossWeights = field(default_factory=TrackingLossWeights)

    def with_method(self, name: str) -> Self:
        """These settings with another box loss of ``BOX_METHODS`` and its weight."""
        method = named_method(BOX_METHODS, name, "box_loss")
        return replace(self, box_loss=method.loss, loss_weights=replace(self.loss_weights, box=method.weight))

    @property
    def used_sources(self) -> list[DataSource]:
        """The sources that samples are drawn from."""
        return [source for source in self.sources if source.weight > 0]

    def problems(self) -> list[str]:
        """What is wrong with these settings, one line each."""
        found = needs_no_proposal("box_loss", self.box_loss)
        if not self.used_sources:
            found.append("sources: expected at least one with a weight above 0")
        if self.network.classifier.objective == "online":
            found.append("network.classifier.objective: expected hinge or kl, got online: no classifier to train")
        if 0 < self.optim.batch_size < 2 * self.optim.accumulate:
            found.append(
                f"optim.batch_size: expected at least 2 a part for the batch norm of the box branch, "
                f"got {self.optim.batch_size} in {self.optim.accumulate}"
            )
        samples = {
            "sampler.samples_per_epoch": self.sampler.samples_per_epoch,
            "validation_samples": self.validation_samples,
        }
        for name, number in samples.items():
            if number < self.optim.batch_size:
                found.append(f"{name}: expected at least a batch of {self.optim.batch_size}, got {number}")
        return found
