"""Where the training runs of detection are put together, and what evaluation needs of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from ltr.actors.detection import DetectorActor, EnergyBranchActor
from ltr.admin.build_optimizer import build_optimizer
from ltr.dataset.detection import DetectionDataset, DetectionPicture
from ltr.models.detection.detector import BOX_STRIDES, PYRAMID_CHANNELS, build_detector
from ltr.models.detection.energy_branch import EnergyBranch
from ltr.models.detection.fixed import FixedDetector, load_detector
from ltr.models.detection.prediction import EnergyOfBoxes
from ltr.models.weights import NetworkCard, save_weights, sha256
from ltr.sampling.detection_batch import FeatureCache, FixedItems, FixedLoader
from ltr.sampling.detection_items import EndlessPictures, PictureBatch, PictureLoader, load_picture
from ltr.train_settings.detection.base import BranchTrainSettings, DetectionSettings, DetectorTrainSettings, Sources
from ltr.trainers.ltr_trainer import Training
from ltr.utils.config import to_json
from ltr.utils.device import place
from ltr.utils.distributed import Processes


def read_pictures(settings: DetectionSettings, data: Path, sources: Sources) -> list[DetectionPicture]:
    """The pictures of some sources that show an object: others teach no box."""
    return [p for p in DetectionDataset(data, sources, settings.data.classes) if len(p.boxes)]


def build(
    settings: BranchTrainSettings | DetectorTrainSettings,
    data: Path,
    device: torch.device,
    seed: int,
    processes: Processes,
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
    """Detector, pictures and optimizer; the losses are the detector's own."""
    net = build_detector(settings.detector)
    train = EndlessPictures(read_pictures(settings, data, settings.data.train), load_picture, seed)
    val = EndlessPictures(read_pictures(settings, data, settings.data.val), load_picture, None)
    if settings.pretrained and settings.detector.kind == "mobile" and not resumed:
        net.backbone.body.load_pretrained()
    place(net, device)
    batch_size = settings.optim.batch_size
    optimizer, scheduler = build_optimizer(net, settings.optim)

    def export(folder: Path) -> None:
        _export(net, settings, seed, folder)

    return Training(
        DetectorActor(net),
        PictureLoader(train, settings.pictures_per_epoch, batch_size, PictureBatch, settings.num_workers),
        PictureLoader(val, settings.validation_pictures, batch_size, PictureBatch),
        optimizer,
        scheduler,
        export,
    )


def build_energies(settings: BranchTrainSettings, device: torch.device) -> EnergyOfBoxes:
    """An untrained branch for the pyramid of the settings' detector."""
    kind = settings.detector.kind
    branch = EnergyBranch(PYRAMID_CHANNELS[kind], settings.detector.num_classes, settings.branch).to(device)
    return EnergyOfBoxes(branch, BOX_STRIDES[kind], settings.detector.canonical_size)


class FixedPictures:
    """Pictures seen by the fixed detector of some settings: makes the loaders of training and evaluation."""

    def __init__(self, settings: BranchTrainSettings, device: torch.device) -> None:
        self.settings = settings
        self.detector: FixedDetector = load_detector(settings.detector, settings.weights).to(device)
        self.cache = FeatureCache(settings.cache, self.detector.key) if settings.cache else None

    def loader(self, pictures: Sequence[DetectionPicture], per_epoch: int, seed: int | None) -> FixedLoader:
        """Batches of ``pictures``, ``per_epoch`` of them a pass; seed None: in order, none mirrored."""
        endless = EndlessPictures(pictures, FixedItems(self.cache), seed)
        items = PictureLoader(endless, per_epoch, self.settings.optim.batch_size, num_workers=self.settings.num_workers)
        return FixedLoader(items, self.detector, self.cache)


def _build_branch(settings: BranchTrainSettings, data: Path, device: torch.device, seed: int) -> Training:
    """The energy branch, the fixed detector under it, pictures, loss and optimizer."""
    fixed = FixedPictures(settings, device)
    energies = build_energies(settings, device)
    actor = EnergyBranchActor(energies, settings.loss, (settings.step_position, settings.step_size))
    train = read_pictures(settings, data, settings.data.train)
    val = read_pictures(settings, data, settings.data.val)
    optimizer, scheduler = build_optimizer(energies.branch, settings.optim)

    def export(folder: Path) -> None:
        _export(energies.branch, settings, seed, folder)

    return Training(
        actor,
        fixed.loader(train, settings.pictures_per_epoch, seed),
        fixed.loader(val, settings.validation_pictures, None),
        optimizer,
        scheduler,
        export,
    )


def _export(net: torch.nn.Module, settings: DetectionSettings, seed: int, folder: Path) -> None:
    """Write weights and their card: settings and SHA-256."""
    path = folder / "network.safetensors"
    save_weights({name: value.contiguous() for name, value in net.state_dict().items()}, path)
    NetworkCard(sha256=sha256(path), seed=seed, training=to_json(settings)).write(path)
