"""Where a training run is put together, by the task of its settings."""

from __future__ import annotations

from pathlib import Path

import torch

from ltr.train_settings.detection.base import BranchTrainSettings, DetectorTrainSettings
from ltr.train_settings.dimp.base import DiMPTrainSettings
from ltr.train_settings.regression1d import Regression1DSettings
from ltr.trainers.ltr_trainer import Training
from ltr.trainers.settings import TrainSettings
from ltr.utils.distributed import ALONE, Processes
from ltr.utils.errors import InputError


def build_training(
    settings: TrainSettings,
    data: Path,
    device: torch.device,
    seed: int,
    processes: Processes = ALONE,
    resumed: bool = False,
) -> Training:
    """A training run of any task, by the class of its settings; only that task's modules are imported.

    Args:
        settings: of the task.
        data: folder that data sources lie in.
        device: where the network is trained.
        seed: of the order and the augmentation of the samples.
        processes: that train together, each on its part of every batch.
        resumed: the weights come from a checkpoint, so those that training starts from are neither needed nor read.

    Raises:
        TypeError: no task has settings of this class.
        ValueError: the task cannot be shared, and it shall be.
    """
    if isinstance(settings, DiMPTrainSettings):
        from ltr.admin.build_dimp import build_dimp_training

        return build_dimp_training(settings, data, device, seed, processes, resumed)
    if processes.count > 1 or settings.optim.accumulate > 1:
        raise InputError(f"{type(settings).__name__}: this task trains in one process, with optim.accumulate 1")
    if isinstance(settings, BranchTrainSettings):
        from ltr.admin.build_detection import build_branch_training

        return build_branch_training(settings, data, device, seed)
    if isinstance(settings, DetectorTrainSettings):
        from ltr.admin.build_detection import build_detector_training

        return build_detector_training(settings, data, device, seed, resumed)
    if isinstance(settings, Regression1DSettings):
        from ltr.admin.build_regression1d import build_regression1d_training

        return build_regression1d_training(settings, data, device, seed)
    raise TypeError(f"no task trains with settings of class {type(settings).__name__}")
