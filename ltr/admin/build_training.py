"""Where a training run is put together, with plain constructors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from ltr.actors.tracking import DiMPActor
from ltr.admin.build import build_network
from ltr.admin.build_optimizer import build_optimizer
from ltr.admin.build_regression1d import build_regression1d_training
from ltr.admin.device import place
from ltr.admin.loading import load_network, load_weights, save_network
from ltr.admin.provenance import training_data, training_sequences
from ltr.admin.settings import TrainSettings, to_json
from ltr.data.loader import TrackingLoader
from ltr.data.processing import DiMPProcessing
from ltr.data.sampler import TrackingSampler
from ltr.data.video_frames import VideoCache
from ltr.dataset.base_video_dataset import BaseVideoDataset, FrameSource
from ltr.dataset.coco_seq import CocoImages
from ltr.dataset.cut_paste import CutPaste, PictureFolder
from ltr.dataset.cutouts import CocoCutouts, CutoutBank, VideoCutouts
from ltr.dataset.patches import Patches
from ltr.dataset.sequence_folder import SequenceFolder
from ltr.dataset.synthetic import SyntheticShapes
from ltr.models.loss.target_classification import LBHinge
from ltr.train_settings.dimp.base import DiMPTrainSettings
from ltr.train_settings.regression1d import Regression1DSettings
from ltr.trainers.ltr_trainer import Training


def build_datasets(
    settings: DiMPTrainSettings, data: Path
) -> tuple[list[tuple[BaseVideoDataset, float]], list[tuple[BaseVideoDataset, float]]]:
    """Training and validation data sets with their weights; ``data`` is the folder that the sources lie in."""
    cache = VideoCache()
    train: list[tuple[BaseVideoDataset, float]] = []
    validation: list[tuple[BaseVideoDataset, float]] = []
    backgrounds: list[tuple[FrameSource, float]] = []
    cutouts: list[tuple[CutoutBank, float]] = []
    for source in settings.used_sources:
        root = data / source.path
        if source.kind == "coco":
            images = CocoImages(root, name=source.path)
            train.append((images, source.weight))
            backgrounds.append((images, 1.0))
            cutouts.append((CocoCutouts(root), 1.0))
        elif source.kind == "video":
            videos = SequenceFolder(root, source.path, training_sequences(settings, root), cache=cache)
            train.append((videos, source.weight))
            backgrounds.append((videos, 1.0))
            cutouts.append((VideoCutouts(videos), 1.0))
            if settings.validation_sequences:
                held_out = SequenceFolder(root, "validation", settings.validation_sequences, cache=cache)
                validation.append((held_out, 1.0))
        elif source.kind == "patches":
            train.append((Patches(PictureFolder(root), name=f"patches of {source.path}"), source.weight))
        elif source.kind == "synthetic":
            train.append((SyntheticShapes(), source.weight))
            validation.append((SyntheticShapes(), 1.0))
    # Last, because it is made of the others.
    for source in settings.used_sources:
        if source.kind == "cut_paste":
            if source.path:
                backgrounds.append((PictureFolder(data / source.path), 1.0))
            train.append((CutPaste(cutouts, backgrounds), source.weight))
    return train, validation


def build_dimp_training(settings: DiMPTrainSettings, data: Path, device: torch.device, seed: int) -> Training:
    """Network, data, losses and optimizer of a tracker's training."""
    net = build_network(settings.network)
    if settings.start is not None:
        load_weights(net, load_network(settings.start)[0].state_dict(), settings.start)
    elif settings.pretrained:
        net.feature_extractor.load_pretrained()
    place(net, device)
    net.feature_extractor.run_folded()
    train, validation = build_datasets(settings, data)
    processing = DiMPProcessing(settings.processing)
    pin = device.type == "cuda"
    sampler = TrackingSampler(train, settings.sampler, processing, seed)
    val_loader = None
    if validation:
        val_settings = replace(settings.sampler, samples_per_epoch=settings.validation_samples)
        val_loader = TrackingLoader(
            TrackingSampler(validation, val_settings, processing), settings.optim.batch_size, 0, pin
        )
    actor = DiMPActor(net, settings.box_loss, LBHinge(settings.hinge_threshold), settings.loss_weights)
    train_loader = TrackingLoader(sampler, settings.optim.batch_size, settings.num_workers, pin)
    optimizer, scheduler = build_optimizer(net, settings.optim)
    card = {"training": to_json(settings), "seed": seed, "data": training_data(settings, data)}

    def export(folder: Path) -> None:
        save_network(net, settings.network, folder / "network.safetensors", card)

    return Training(actor, train_loader, val_loader, optimizer, scheduler, export)


def build_training(settings: TrainSettings, data: Path, device: torch.device, seed: int) -> Training:
    """A training run of any task, by the class of its settings.

    Args:
        settings: of the task.
        data: folder that data sources lie in.
        device: where the network is trained.
        seed: of the order and the augmentation of the samples.
    """
    builders: dict[type, Callable[..., Training]] = {
        DiMPTrainSettings: build_dimp_training,
        Regression1DSettings: build_regression1d_training,
    }
    return builders[type(settings)](settings, data, device, seed)
