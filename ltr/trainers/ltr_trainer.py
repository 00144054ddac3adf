"""The training loop. It knows actors, loaders and optimizers, and nothing of any task."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from tqdm import tqdm

from ltr.actors.base_actor import BaseActor
from ltr.admin.settings import TrainSettings, to_json
from ltr.admin.stats import AverageStats, TrainingLog
from ltr.trainers.base_trainer import Checkpoints, GeneratorState


class Loader(Sized, Protocol):
    """Batches, an epoch at a time."""

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch (from 0) of the next pass."""

    def __iter__(self) -> Iterator[Any]: ...


@dataclass(frozen=True)
class Training:
    """Everything that takes part in a training run."""

    actor: BaseActor
    train_loader: Loader
    val_loader: Loader | None
    optimizer: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.LRScheduler
    export: Callable[[Path], None]  # writes the network, ready to be used, into a folder


class LTRTrainer:
    """Trains ``training`` in ``folder``: epochs, validation, log, a checkpoint and the network after every epoch.

    Args:
        training: actor, loaders, optimizer, scheduler.
        settings: of the task.
        folder: where the run lives.
        device: where the network is.
        seed: of the losses' random draws.
    """

    def __init__(
        self, training: Training, settings: TrainSettings, folder: Path, device: torch.device, seed: int
    ) -> None:
        self.training, self.settings, self.device, self.seed = training, settings, device, seed
        self.generator = torch.Generator(device).manual_seed(seed)
        self.epoch = 0
        self.folder = folder
        self.checkpoints = Checkpoints(folder, {"seed": seed, **to_json(settings)})
        self._state = {
            "net": training.actor.net,
            "optimizer": training.optimizer,
            "scheduler": training.scheduler,
            "generator": GeneratorState(self.generator),
        }

    def resume(self) -> None:
        """Go on from the run's checkpoint."""
        self.epoch = self.checkpoints.load(self._state)

    def run(self) -> None:
        """Train to the last epoch."""
        with TrainingLog(self.folder) as log:
            while self.epoch < self.settings.optim.epochs:
                groups = {"train": self._train_epoch()}
                if self.training.val_loader is not None and (self.epoch + 1) % self.settings.validate_every == 0:
                    groups["val"] = self._validate(self.training.val_loader)
                self.training.scheduler.step()
                self.epoch += 1
                self.checkpoints.save(self.epoch, self._state)
                self.training.export(self.folder)
                log.write(self.epoch, groups)
                print(f"epoch {self.epoch}/{self.settings.optim.epochs}  " + _line(groups), flush=True)

    def _train_epoch(self) -> dict[str, float]:
        self.training.actor.net.train()
        self.training.train_loader.set_epoch(self.epoch)
        stats, begin = AverageStats(), time.perf_counter()
        batches = tqdm(self.training.train_loader, f"epoch {self.epoch + 1}", leave=False, disable=None)
        for batch in batches:
            batch = batch.to(self.device)
            try:
                loss, step_stats = self.training.actor(batch, self.generator)
            except ValueError as error:
                raise ValueError(f"epoch {self.epoch + 1}, batch {batch.ids}: {error}") from error
            if not math.isfinite(loss.item()):
                raise FloatingPointError(
                    f"the loss is {loss.item()} in epoch {self.epoch + 1}: {step_stats}; batch: {batch.ids}"
                )
            self.training.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            if self.settings.optim.clip_norm is not None:
                parameters = [p for group in self.training.optimizer.param_groups for p in group["params"]]
                torch.nn.utils.clip_grad_norm_(parameters, self.settings.optim.clip_norm)
            self.training.optimizer.step()
            stats.add(step_stats)
            batches.set_postfix(loss=f"{stats.means()['loss']:.3f}")
        seconds = time.perf_counter() - begin
        rates = [group["lr"] for group in self.training.optimizer.param_groups]
        return {**stats.means(), "seconds": seconds, "lr": max(rates)}

    def _validate(self, loader: Loader) -> dict[str, float]:
        self.training.actor.net.eval()
        loader.set_epoch(0)  # the same samples every time
        generator = torch.Generator(self.device).manual_seed(self.seed)
        stats = AverageStats()
        for batch in loader:
            stats.add(self.training.actor.validate(batch.to(self.device), generator))
        return stats.means()


def _line(groups: dict[str, dict[str, float]]) -> str:
    return "  ".join(
        f"{group}: " + " ".join(f"{k} {v:.4g}" for k, v in stats.items()) for group, stats in groups.items()
    )
