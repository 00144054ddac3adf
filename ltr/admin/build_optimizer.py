"""The optimizer of a training run, of any task."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from ltr.trainers.settings import OptimSettings
from ltr.utils.errors import InputError


def build_optimizer(net: nn.Module, settings: OptimSettings) -> tuple[torch.optim.Optimizer, LRScheduler]:
    """Adam over the parameters that are trained, and the schedule of its rates by epoch.

    Raises:
        ValueError: a prefix in ``settings.part_lr`` fits no parameter.
    """
    groups: dict[str, list[nn.Parameter]] = {}
    prefixes = sorted(settings.part_lr, key=len, reverse=True)
    for name, parameter in net.named_parameters():
        prefix = next((prefix for prefix in prefixes if name.startswith(prefix)), "")
        if parameter.requires_grad:
            groups.setdefault(prefix, []).append(parameter)
    unused = [prefix for prefix in prefixes if prefix not in groups]
    if unused:
        raise InputError(f"optim.part_lr: no trained parameter starts with {', '.join(unused)}")
    optimizer = torch.optim.Adam(
        [
            {"name": prefix or "rest", "params": group, "lr": settings.part_lr.get(prefix, settings.lr)}
            for prefix, group in groups.items()
        ],
        weight_decay=settings.weight_decay,
    )
    schedules: dict[str, Callable[[int], float]] = {
        "constant": lambda epoch: 1.0,
        "step": lambda epoch: settings.step_factor ** _drops(epoch, settings.step_epochs),
        "cosine": lambda epoch: 0.5 * (1 + math.cos(math.pi * epoch / settings.epochs)),
    }
    return optimizer, LambdaLR(optimizer, schedules[settings.schedule])


def _drops(epoch: int, step_epochs: int | tuple[int, ...]) -> int:
    if isinstance(step_epochs, int):
        return epoch // step_epochs
    return sum(epoch >= drop for drop in step_epochs)
