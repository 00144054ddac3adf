"""The trainer's interface to a task: a network, and the loss of a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

Stats = dict[str, float]


class BaseActor(ABC):
    """Runs the network on a batch and computes the loss.

    Args:
        net: the network to train.
    """

    def __init__(self, net: nn.Module) -> None:
        self.net = net

    @abstractmethod
    def __call__(self, batch: Any, generator: torch.Generator) -> tuple[Tensor, Stats]:
        """The loss (a scalar to minimize) of a batch on the network's device, and numbers to log."""

    @abstractmethod
    def validate(self, batch: Any, generator: torch.Generator) -> Stats:
        """Validation numbers of a batch; the network is in eval mode."""

    def pictures(self, batch: Any) -> Mapping[str, np.ndarray]:
        """Images of a batch to log, RGB ``uint8 [H, W, 3]`` by name; the network is not changed."""
        return {}
