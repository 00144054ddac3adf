"""Where the training runs of detection are put together."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch

from ltr.actors.detection import DetectorActor
from ltr.admin.build_optimizer import build_optimizer
from ltr.admin.device import place
from ltr.admin.files import atomic_write
from ltr.admin.loading import save_weights, sha256
from ltr.admin.settings import to_json
from ltr.data.pictures import EndlessPictures, Picture, PictureBatch, PictureLoader, load_picture
from ltr.dataset.detection import DetectionDataset
from ltr.models.detection.detector import build_detector
from ltr.train_settings.detection.base import DetectorTrainSettings
from ltr.trainers.ltr_trainer import Training


def build_detector_training(settings: DetectorTrainSettings, data: Path, device: torch.device, seed: int) -> Training:
    """Detector, pictures and optimizer; the losses are the detector's own."""
    net = build_detector(settings.detector)
    if settings.pretrained and settings.detector.kind == "mobile":
        net.backbone.body.load_pretrained()
    place(net, device)
    pictures = {
        part: [p for p in DetectionDataset(data, sources, settings.data.classes) if len(p.boxes)]
        for part, sources in (("train", settings.data.train), ("val", settings.data.val))
    }
    batch_size = settings.optim.batch_size
    train = EndlessPictures(pictures["train"], seed, load_picture)
    val = EndlessPictures(pictures["val"], seed, load_picture, mirror=False)
    optimizer, scheduler = build_optimizer(net, settings.optim)

    def collate(items: list[Picture]) -> PictureBatch:
        return PictureBatch(items, ())

    def export(folder: Path) -> None:
        save_weights(net.state_dict(), folder / "network.safetensors")

    return Training(
        DetectorActor(net),
        PictureLoader(train, settings.pictures_per_epoch, batch_size, collate, settings.num_workers),
        PictureLoader(val, settings.validation_pictures, batch_size, collate),
        optimizer,
        scheduler,
        export,
    )
