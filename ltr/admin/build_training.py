"""Where a training run is put together, with plain constructors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from ltr.actors.tracking import DiMPActor
from ltr.admin.build import build_network
from ltr.admin.build_datasets import build_datasets
from ltr.admin.build_detection import build_branch_training, build_detector_training
from ltr.admin.build_optimizer import build_optimizer
from ltr.admin.build_regression1d import build_regression1d_training
from ltr.admin.device import place
from ltr.admin.distributed import ALONE, Processes
from ltr.admin.loading import load_network, load_weights, save_network
from ltr.admin.provenance import training_data
from ltr.admin.settings import TrainSettings, to_json
from ltr.data.image_loader import jpeg_decoder
from ltr.data.loader import Share, TrackingLoader
from ltr.data.processing import DiMPProcessing
from ltr.data.sampler import TrackingSampler
from ltr.models.loss.target_classification import KLRegressionGrid, LBHinge
from ltr.train_settings.detection.base import BranchTrainSettings, DetectorTrainSettings
from ltr.train_settings.dimp.base import DiMPTrainSettings
from ltr.train_settings.regression1d import Regression1DSettings
from ltr.trainers.ltr_trainer import Training


def build_dimp_training(
    settings: DiMPTrainSettings, data: Path, device: torch.device, seed: int, processes: Processes = ALONE
) -> Training:
    """Network, data, losses and optimizer of a tracker's training."""
    train, validation = build_datasets(settings, data)  # first: what is missing is told before weights are fetched
    net = build_network(settings.network)
    if settings.start is not None:
        load_weights(net, load_network(settings.start)[0].state_dict(), settings.start)
    elif settings.pretrained:
        net.feature_extractor.load_pretrained()
    place(net, device)
    net.feature_extractor.run_folded()
    jpeg_decoder()  # found out, and said, before there are workers
    processing = DiMPProcessing(settings.processing)
    batch_size, pin = settings.optim.batch_size, device.type == "cuda"
    sampler = TrackingSampler(train, settings.sampler, processing, seed)
    share = Share(processes.rank, processes.count, settings.optim.accumulate)
    train_loader = TrackingLoader(sampler, batch_size, settings.num_workers, pin, share)
    val_loader = None
    if validation:
        val_sampler = TrackingSampler(
            validation,
            replace(settings.sampler, samples_per_epoch=settings.validation_samples),
            DiMPProcessing(settings.processing.for_validation()),
        )
        val_loader = TrackingLoader(
            val_sampler, batch_size, settings.validation_workers, pin, Share(processes.rank, processes.count)
        )
    hinge = settings.network.classifier.objective == "hinge"
    classification_loss = LBHinge(settings.hinge_threshold) if hinge else KLRegressionGrid()
    actor = DiMPActor(net, settings.box_loss, classification_loss, settings.loss_weights)
    optimizer, scheduler = build_optimizer(net, settings.optim)
    card = {"training": to_json(settings), "seed": seed, "data": training_data(settings, data)}

    def export(folder: Path) -> None:
        save_network(net, settings.network, folder / "network.safetensors", card)

    return Training(actor, train_loader, val_loader, optimizer, scheduler, export)


def build_training(
    settings: TrainSettings, data: Path, device: torch.device, seed: int, processes: Processes = ALONE
) -> Training:
    """A training run of any task, by the class of its settings.

    Args:
        settings: of the task.
        data: folder that data sources lie in.
        device: where the network is trained.
        seed: of the order and the augmentation of the samples.
        processes: that train together, each on its part of every batch.

    Raises:
        ValueError: the task cannot be shared, and it shall be.
    """
    shared: dict[type, Callable[..., Training]] = {DiMPTrainSettings: build_dimp_training}
    if type(settings) in shared:
        return shared[type(settings)](settings, data, device, seed, processes)
    if processes.count > 1 or settings.optim.accumulate > 1:
        raise ValueError(f"{type(settings).__name__}: this task trains in one process, with optim.accumulate 1")
    builders: dict[type, Callable[..., Training]] = {
        BranchTrainSettings: build_branch_training,
        DetectorTrainSettings: build_detector_training,
        Regression1DSettings: build_regression1d_training,
    }
    return builders[type(settings)](settings, data, device, seed)
