"""Builds a training run of the 1-D regression task."""

from __future__ import annotations

from pathlib import Path

import torch

from ltr.actors.regression1d import Regression1DActor, Regression1DBatch, Regression1DLoader
from ltr.admin.build_optimizer import build_optimizer
from ltr.dataset.regression1d import DATASETS
from ltr.models.regression1d import RegressionNet1D
from ltr.models.weights import save_weights
from ltr.train_settings.regression1d.base import Regression1DSettings
from ltr.trainers.ltr_trainer import Training
from ltr.utils.distributed import ProcessGroup


def build(
    settings: Regression1DSettings, data: Path, device: torch.device, seed: int, processes: ProcessGroup, resumed: bool
) -> Training:
    """Network, pairs, loss and optimizer. The pairs are drawn from the known density: ``data`` is not used."""
    del data, processes, resumed
    net = RegressionNet1D().to(device)
    density = DATASETS[settings.dataset]
    pairs = Regression1DBatch(*density.pairs(settings.num_pairs, seed))
    held_out = Regression1DBatch(*density.pairs(settings.num_pairs, seed + 1))
    optimizer, scheduler = build_optimizer(net, settings.optim)

    def export(folder: Path) -> None:
        save_weights(net.state_dict(), folder / "network.safetensors")

    return Training(
        Regression1DActor(net, settings.loss, density),
        Regression1DLoader(pairs, settings.optim.batch_size, seed),
        Regression1DLoader(held_out, settings.num_pairs, seed),
        optimizer,
        scheduler,
        export,
    )
