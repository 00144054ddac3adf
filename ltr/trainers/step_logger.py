"""Logs single steps: numbers and images in TensorBoard, and a line of text if stderr is not a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ltr.actors.base_actor import BaseActor, Stats
from ltr.trainers.settings import OutputSettings
from ltr.trainers.stats import AverageStats, TrainingLog


class StepLogger:
    """Logs the steps of a run.

    Args:
        actor, optimizer: of the training.
        settings: the intervals.
        log: to write to; None in processes other than the main one.
        lines: also print a line when numbers are logged; None: if stderr is not a terminal.
    """

    def __init__(
        self,
        actor: BaseActor,
        optimizer: torch.optim.Optimizer,
        settings: OutputSettings,
        log: TrainingLog | None,
        lines: bool | None = None,
    ) -> None:
        self.actor, self.optimizer, self.settings, self.log = actor, optimizer, settings, log
        self.lines = not sys.stderr.isatty() if lines is None else lines
        self.begin(0.0)

    def begin(self, waited: float) -> None:
        """Start measuring the speed; ``waited``: total seconds of waiting for batches."""
        self._since, self._samples, self._waited = time.perf_counter(), 0, waited

    def step(
        self, step: int, where: str, batches: Sequence[Any], stats: Sequence[Stats], numbers: Mapping[str, Any]
    ) -> None:
        """Log step ``step`` (from 1; ``where`` is its text for the user) on ``batches``.

        ``numbers``: ``samples`` of all processes, total seconds ``waited`` for batches, ``gradient_norm``.
        """
        self._samples += int(numbers["samples"])
        if self.log is None:
            return
        if step % self.settings.log_every == 0:
            means = AverageStats()
            for part in stats:
                means.add(part)
            machine = {"gradient_norm": float(numbers["gradient_norm"]), **self._machine(numbers["waited"])}
            self.log.step(step, means.means() | machine)
            if self.lines:
                print(f"{where}  {_line(means.means()['loss'], machine)}", flush=True)
        if step % self.settings.pictures_every == 0:
            self.log.pictures(step, self.actor.pictures(batches[0]))

    def _machine(self, waited: float) -> dict[str, float]:
        """Samples per second and fraction of time spent waiting for batches since the last call; learning rates; peak
        GPU memory."""
        seconds = time.perf_counter() - self._since
        numbers = {
            "samples_per_second": self._samples / seconds,
            "waiting_for_data": (waited - self._waited) / seconds,
        }
        self.begin(waited)
        for group in self.optimizer.param_groups:
            numbers[f"lr {group['name']}"] = group["lr"]
        if torch.cuda.is_available():
            numbers["gpu_memory_gib"] = torch.cuda.max_memory_allocated() / 2**30
        return numbers


def _line(loss: float, machine: dict[str, float]) -> str:
    return (
        f"loss {loss:.4g}  {machine['samples_per_second']:.3g} samples/s  "
        f"waiting for data {machine['waiting_for_data']:.0%}  gradient norm {machine['gradient_norm']:.3g}"
    )
