"""The optimizer of a training run, of any task."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from ltr.trainers.settings import OptimSettings
from ltr.utils.errors import InputError


def build_optimizer(net: nn.Module, settings: OptimSettings) -> tuple[torch.optim.Optimizer, LRScheduler]:
    """Adam or stochastic gradient descent over the trained parameters, and the schedule of its rates by epoch.

    The rates of the first steps (``warmup_steps``) are the trainer's.

    Raises:
        ValueError: a prefix in ``settings.part_lr`` fits no parameter.
    """
    groups = parameter_groups(net, settings)
    optimizer: torch.optim.Optimizer
    if settings.momentum is None:
        optimizer = torch.optim.Adam(groups)
    else:
        optimizer = torch.optim.SGD(groups, momentum=settings.momentum)
    schedules: dict[str, Callable[[int], float]] = {
        "constant": lambda epoch: 1.0,
        "step": lambda epoch: settings.step_factor ** _drops(epoch, settings.step_epochs),
        "cosine": lambda epoch: 0.5 * (1 + math.cos(math.pi * epoch / settings.epochs)),
    }
    return optimizer, LambdaLR(optimizer, schedules[settings.schedule])


def parameter_groups(net: nn.Module, settings: OptimSettings) -> list[dict[str, Any]]:
    """The trained parameters by learning rate and weight decay, as an optimizer takes them.

    Raises:
        ValueError: a prefix in ``settings.part_lr`` fits no parameter.
    """
    rates = settings.part_lr
    prefixes = sorted(rates, key=len, reverse=True)
    apart = settings.bias_lr_factor is not None or settings.bias_weight_decay is not None
    groups: dict[str, dict[str, Any]] = {}
    used = set()
    for name, parameter in net.named_parameters():
        if not parameter.requires_grad:
            continue
        prefix = next((prefix for prefix in prefixes if name.startswith(prefix)), "")
        used.add(prefix)
        bias = apart and name.rpartition(".")[2] == "bias"
        label, rate, decay = prefix or "rest", rates.get(prefix, settings.lr), settings.weight_decay
        if bias:
            label, rate = f"{label} (biases)", rate * (settings.bias_lr_factor or 1.0)
            decay = decay if settings.bias_weight_decay is None else settings.bias_weight_decay
        group = groups.setdefault(label, {"name": label, "params": [], "lr": rate, "weight_decay": decay})
        group["params"].append(parameter)
    unused = [prefix for prefix in prefixes if prefix not in used]
    if unused:
        raise InputError(f"optim.part_lr: no trained parameter starts with {', '.join(unused)}")
    return list(groups.values())


def _drops(epoch: int, step_epochs: int | tuple[int, ...]) -> int:
    if isinstance(step_epochs, int):
        return epoch // step_epochs
    return sum(epoch >= drop for drop in step_epochs)
