"""Builds a training run, by the task of its settings."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import torch

from ltr.train_settings import TASKS
from ltr.trainers.ltr_trainer import Training
from ltr.trainers.settings import TrainSettings
from ltr.utils.distributed import SINGLE, ProcessGroup
from ltr.utils.errors import InputError


def build_training(
    settings: TrainSettings,
    data: Path,
    device: torch.device,
    seed: int,
    processes: ProcessGroup = SINGLE,
    resumed: bool = False,
) -> Training:
    """A training run of any task, by the class of its settings; only that task's modules are imported.

    Args:
        settings: of the task.
        data: folder of the data sources.
        device: of the network.
        seed: of the order and the augmentation of the samples.
        processes: that train together, each on its shard of every batch.
        resumed: the weights come from a checkpoint, so initial weights are not loaded.

    Raises:
        TypeError: no task has settings of this class.
        ValueError: several processes or accumulation for a task that does not support them.
    """
    task = next((task for task in TASKS.values() if task.owns(settings)), None)
    if task is None:
        raise TypeError(f"no task trains with settings of class {type(settings).__name__}")
    if not task.shared and (processes.count > 1 or settings.optim.accumulate > 1):
        raise InputError(f"{type(settings).__name__}: this task trains in one process, with optim.accumulate 1")
    return import_module(task.builder).build(settings, data, device, seed, processes, resumed)
