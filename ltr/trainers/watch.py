"""What a run shows between epochs: every few steps numbers and pictures in TensorBoard."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import torch

from ltr.actors.base_actor import BaseActor, Stats
from ltr.admin.settings import OutputSettings
from ltr.admin.stats import AverageStats, TrainingLog


class Watch:
    """Looks at the steps of a run.

    Args:
        actor, optimizer: of the training.
        settings: how often to look.
        log: where to write; None: nowhere (a process that is not the main one).
    """

    def __init__(
        self,
        actor: BaseActor,
        optimizer: torch.optim.Optimizer,
        settings: OutputSettings,
        log: TrainingLog | None,
    ) -> None:
        self.actor, self.optimizer, self.settings, self.log = actor, optimizer, settings, log
        self._since, self._samples = time.perf_counter(), 0

    def step(self, step: int, batches: Sequence[Any], stats: Sequence[Stats], samples: int) -> None:
        """After step ``step`` (from 1 on) on ``batches``; ``samples``: of all processes together."""
        self._samples += samples
        if self.log is None:
            return
        if step % self.settings.log_every == 0:
            means = AverageStats()
            for part in stats:
                means.add(part)
            self.log.step(step, means.means() | self._machine())
        if step % self.settings.pictures_every == 0:
            self.log.pictures(step, self.actor.pictures(batches[0]))

    def _machine(self) -> dict[str, float]:
        """Samples a second since the last time, learning rates, and the most GPU memory that was in use."""
        now = time.perf_counter()
        numbers = {"samples_per_second": self._samples / (now - self._since)}
        self._since, self._samples = now, 0
        for group in self.optimizer.param_groups:
            numbers[f"lr {group['name']}"] = group["lr"]
        if torch.cuda.is_available():
            numbers["gpu_memory_gib"] = torch.cuda.max_memory_allocated() / 2**30
        return numbers
