"""Builds a tracker's training run, with plain constructors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from ltr.actors.tracking import DiMPActor
from ltr.admin.build_datasets import build_datasets
from ltr.admin.build_optimizer import build_optimizer
from ltr.admin.provenance import training_data
from ltr.data.image_loader import jpeg_decoder
from ltr.models.build import build_network
from ltr.models.loss.target_classification import KLRegressionGrid, LBHinge
from ltr.models.weights import NetworkCard, load_network, load_weights, save_network
from ltr.sampling.loader import BatchShard, TrackingLoader
from ltr.sampling.processing import DiMPProcessing
from ltr.sampling.sampler import TrackingSampler
from ltr.train_settings.dimp.base import DiMPTrainSettings
from ltr.trainers.ltr_trainer import Training
from ltr.utils.config import to_json
from ltr.utils.device import place
from ltr.utils.distributed import ProcessGroup
from ltr.utils.errors import InputError


def build(
    settings: DiMPTrainSettings, data: Path, device: torch.device, seed: int, processes: ProcessGroup, resumed: bool
) -> Training:
    """Network, data, losses and optimizer of a tracker's training."""
    train, validation = build_datasets(settings, data)  # first: missing data is reported before weights are downloaded
    net = build_network(settings.network)
    jpeg_decoder()  # logs its choice once, before workers start
    if settings.start is not None and not resumed:
        load_weights(net, load_network(settings.start)[0].state_dict(), settings.start)
    elif settings.pretrained and not resumed:
        net.feature_extractor.load_pretrained()
    place(net, device)
    crop, grid = settings.network, settings.network.score_grid
    processing = DiMPProcessing(settings.processing, crop, grid)
    batch_size, pin = settings.optim.batch_size, device.type == "cuda"
    sampler = TrackingSampler(train, settings.sampler, processing, seed)
    shard = BatchShard(processes.rank, processes.count, settings.optim.accumulate)
    if shard.size(batch_size) < 2:
        raise InputError(
            f"optim.batch_size: {batch_size} samples in {processes.count} processes are parts of one sample; "
            "the batch norm of the box branch needs two"
        )
    train_loader = TrackingLoader(sampler, batch_size, settings.num_workers, pin, shard)
    val_loader = None
    if validation:
        val_sampler = TrackingSampler(
            validation,
            replace(settings.sampler, samples_per_epoch=settings.validation_samples),
            DiMPProcessing(settings.processing.for_validation(), crop, grid),
        )
        val_loader = TrackingLoader(
            val_sampler, batch_size, settings.validation_workers, pin, BatchShard(processes.rank, processes.count)
        )
    hinge = settings.network.classifier.objective == "hinge"
    classification_loss = LBHinge(settings.hinge_threshold) if hinge else KLRegressionGrid()
    actor = DiMPActor(net, settings.box_loss, classification_loss, settings.loss_weights)
    optimizer, scheduler = build_optimizer(net, settings.optim)
    card = NetworkCard(
        box_branch_predicts=settings.box_loss.trains,
        training=to_json(settings),
        seed=seed,
        data=training_data(settings, data),
    )

    def export(folder: Path) -> None:
        save_network(net, settings.network, folder / "network.safetensors", card)

    prepare = net.feature_extractor.run_folded
    return Training(actor, train_loader, val_loader, optimizer, scheduler, export, prepare)
