"""Builds the training runs of detection, and the parts that their evaluation shares."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from ltr.actors.detection import DetectorActor, EnergyBranchActor
from ltr.admin.build_optimizer import build_optimizer
from ltr.dataset.detection import DetectionDataset, DetectionImage
from ltr.models.detection.detector import BOX_STRIDES, PYRAMID_CHANNELS, build_detector
from ltr.models.detection.energy_branch import EnergyBranch
from ltr.models.detection.frozen import FrozenDetector, load_detector
from ltr.models.detection.prediction import BoxEnergyModel
from ltr.models.weights import NetworkCard, save_weights, sha256
from ltr.sampling.detection_batch import FeatureCache, FrozenItems, FrozenLoader
from ltr.sampling.detection_items import DetectionLoader, DetectionSampleBatch, EndlessSamples, load_sample
from ltr.train_settings.detection.base import BranchTrainSettings, DetectionSettings, DetectorTrainSettings, Sources
from ltr.trainers.ltr_trainer import Training
from ltr.utils.config import to_json
from ltr.utils.device import place
from ltr.utils.distributed import ProcessGroup


def read_pictures(settings: DetectionSettings, data: Path, sources: Sources) -> list[DetectionImage]:
    """The images of ``sources`` that contain an object."""
    return [p for p in DetectionDataset(data, sources, settings.data.classes) if len(p.boxes)]


def build(
    settings: BranchTrainSettings | DetectorTrainSettings,
    data: Path,
    device: torch.device,
    seed: int,
    processes: ProcessGroup,
    resumed: bool,
) -> Training:
    """The training of a detector, or of the energy branch on a fixed one."""
    del processes
    if isinstance(settings, BranchTrainSettings):
        return _build_branch(settings, data, device, seed)
    return _build_detector(settings, data, device, seed, resumed)


def _build_detector(
    settings: DetectorTrainSettings, data: Path, device: torch.device, seed: int, resumed: bool
) -> Training:
    """Detector, data and optimizer; the losses are the detector's own."""
    net = build_detector(settings.detector)
    train = EndlessSamples(read_pictures(settings, data, settings.data.train), load_sample, seed)
    val = EndlessSamples(read_pictures(settings, data, settings.data.val), load_sample, None)
    if settings.pretrained and settings.detector.kind == "mobile" and not resumed:
        net.backbone.body.load_pretrained()
    place(net, device)
    batch_size = settings.optim.batch_size
    optimizer, scheduler = build_optimizer(net, settings.optim)

    def export(folder: Path) -> None:
        _export(net, settings, seed, folder)

    return Training(
        DetectorActor(net),
        DetectionLoader(train, settings.pictures_per_epoch, batch_size, DetectionSampleBatch, settings.num_workers),
        DetectionLoader(val, settings.validation_pictures, batch_size, DetectionSampleBatch),
        optimizer,
        scheduler,
        export,
    )


def build_energy_model(settings: BranchTrainSettings, device: torch.device) -> BoxEnergyModel:
    """An untrained branch for the pyramid of the settings' detector."""
    kind = settings.detector.kind
    branch = EnergyBranch(PYRAMID_CHANNELS[kind], settings.detector.num_classes, settings.branch).to(device)
    return BoxEnergyModel(branch, BOX_STRIDES[kind], settings.detector.canonical_size)


class FrozenDetectorLoaders:
    """Makes the loaders of training and evaluation from the outputs of the settings' frozen detector."""

    def __init__(self, settings: BranchTrainSettings, device: torch.device) -> None:
        self.settings = settings
        self.detector: FrozenDetector = load_detector(settings.detector, settings.weights).to(device)
        self.cache = FeatureCache(settings.cache, self.detector.key) if settings.cache else None

    def loader(self, pictures: Sequence[DetectionImage], per_epoch: int, seed: int | None) -> FrozenLoader:
        """Batches of ``pictures``, ``per_epoch`` of them a pass; seed None: in order, none mirrored."""
        endless = EndlessSamples(pictures, FrozenItems(self.cache), seed)
        items = DetectionLoader(
            endless, per_epoch, self.settings.optim.batch_size, num_workers=self.settings.num_workers
        )
        return FrozenLoader(items, self.detector, self.cache)


def _build_branch(settings: BranchTrainSettings, data: Path, device: torch.device, seed: int) -> Training:
    """The energy branch, the frozen detector under it, data, loss and optimizer."""
    frozen = FrozenDetectorLoaders(settings, device)
    energy_model = build_energy_model(settings, device)
    actor = EnergyBranchActor(energy_model, settings.loss, (settings.step_position, settings.step_size))
    train = read_pictures(settings, data, settings.data.train)
    val = read_pictures(settings, data, settings.data.val)
    optimizer, scheduler = build_optimizer(energy_model.branch, settings.optim)

    def export(folder: Path) -> None:
        _export(energy_model.branch, settings, seed, folder)

    return Training(
        actor,
        frozen.loader(train, settings.pictures_per_epoch, seed),
        frozen.loader(val, settings.validation_pictures, None),
        optimizer,
        scheduler,
        export,
    )


def _export(net: torch.nn.Module, settings: DetectionSettings, seed: int, folder: Path) -> None:
    """Write weights and their card: settings and SHA-256."""
    path = folder / "network.safetensors"
    save_weights({name: value.contiguous() for name, value in net.state_dict().items()}, path)
    NetworkCard(sha256=sha256(path), seed=seed, training=to_json(settings)).write(path)
