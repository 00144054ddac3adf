"""The training loop. It knows actors, loaders and optimizers, and nothing of any task."""

from __future__ import annotations

import itertools
import json
import signal
import time
from collections.abc import Callable, Iterator, Sized
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import torch
from tqdm import tqdm

from ltr.actors.base_actor import BaseActor, Stats
from ltr.admin.distributed import ALONE, Processes
from ltr.admin.files import atomic_write
from ltr.admin.settings import TrainSettings, to_json
from ltr.admin.stats import AverageStats, TrainingLog
from ltr.trainers.base_trainer import Checkpoints, seed_step
from ltr.trainers.optimizer_step import BadBatch, OptimizerStep
from ltr.trainers.progress import Progress
from ltr.trainers.stop_signals import Stopped, StopSignals
from ltr.trainers.watch import Watch


class Loader(Sized, Protocol):
    """Batches, an epoch at a time; a step takes ``accumulate`` of them."""

    def set_epoch(self, epoch: int, first_batch: int = 0) -> None:
        """Choose the epoch (from 0) of the next pass, and the batch that it begins with."""

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
    """Trains ``training`` in ``folder``: epochs, validation, log, checkpoints, and the network after every epoch.

    Everything that a step draws depends on (seed, epoch, step, process), and the loaders' batches on (seed, epoch,
    batch): so a run that was stopped or killed anywhere goes on as if nothing had happened.

    Args:
        training: actor, loaders, optimizer, scheduler.
        settings: of the task.
        folder: where the run lives.
        device: where the network is.
        seed: of the losses' random draws.
        processes: that train together; the main one writes the files.
    """

    def __init__(
        self,
        training: Training,
        settings: TrainSettings,
        folder: Path,
        device: torch.device,
        seed: int,
        processes: Processes = ALONE,
    ) -> None:
        self.training, self.settings, self.folder = training, settings, folder
        self.device, self.seed, self.processes = device, seed, processes
        self.generator = torch.Generator(device)
        self.progress = Progress(settings.best_by)
        self.stats = AverageStats()
        self.step = OptimizerStep(training.actor, training.optimizer, settings, device, processes)
        self.checkpoints = Checkpoints(folder, {"seed": seed, **to_json(settings)}, settings.output.keep)
        self._state = {
            "net": training.actor.net,
            "optimizer": training.optimizer,
            "scheduler": training.scheduler,
            "progress": self.progress,
            "stats": self.stats,
            **self.step.parts(),
        }

    @property
    def epoch(self) -> int:
        """Finished epochs."""
        return self.progress.epoch

    def resume(self) -> None:
        """Go on from the run's checkpoint."""
        self.checkpoints.load(self._state)

    def run(self) -> None:
        """Train to the last epoch.

        Raises:
            Stopped: a signal asked for it; everything is saved.
            FloatingPointError: a loss is not finite; ``bad_batch.json`` names the samples.
            ValueError: a loss could not be computed; as above.
            OSError: a file could not be written; the last checkpoint is still there.
            KeyboardInterrupt: it was stopped at once, as far as the last checkpoint.
        """
        if self.processes.is_main:
            self.checkpoints.prepare()
        with self._log() as log, StopSignals() as stop:
            try:
                self._run_epochs(log, stop)
            except RuntimeError:
                if stop.received is None:
                    raise
                raise KeyboardInterrupt from None  # the signal has ended a loader's worker or another process, too

    def _run_epochs(self, log: TrainingLog | None, stop: StopSignals) -> None:
        epochs, begin, first = self.settings.optim.epochs, time.monotonic(), self._done_steps
        watch = Watch(self.training.actor, self.training.optimizer, self.settings.output, log)
        while self.epoch < epochs:
            groups = {"train": self._train_epoch(watch, stop)}
            with self.step.averaged():
                if self.training.val_loader is not None and (self.epoch + 1) % self.settings.validate_every == 0:
                    groups["val"] = self._validate(self.training.val_loader)
                self._export(groups)
            self.training.scheduler.step()
            self.progress.finish_epoch()
            self.stats.clear()
            pace = (time.monotonic() - begin) / (self._done_steps - first)
            if log is not None:
                log.epoch(self.epoch, self._done_steps, groups)
                self._save(numbered=True)
                left = timedelta(seconds=round(pace * (epochs * self._steps - self._done_steps)))
                print(f"epoch {self.epoch}/{epochs}  {_line(groups)}  left {left}", flush=True)
            self._stop_if_asked(stop)

    @property
    def _steps(self) -> int:
        """Steps of an epoch; batches that are too few for a step are left out."""
        return len(self.training.train_loader) // self.settings.optim.accumulate

    @property
    def _done_steps(self) -> int:
        return self.progress.total_steps(self._steps)

    def _log(self) -> AbstractContextManager[TrainingLog | None]:
        return TrainingLog(self.folder, self.epoch, self._done_steps) if self.processes.is_main else nullcontext()

    def _train_epoch(self, watch: Watch, stop: StopSignals) -> dict[str, float]:
        self.training.actor.net.train()
        begin = saved = time.monotonic()
        label, hidden = f"epoch {self.epoch + 1}", None if self.processes.is_main else True
        with tqdm(desc=label, total=self._steps, initial=self.progress.step, leave=False, disable=hidden) as bar:
            for batches in self._batches_of_steps():
                stats = self._do_step(batches)
                watch.step(self._done_steps, batches, stats, self.settings.optim.batch_size)
                bar.set_postfix(loss=f"{self.stats.means()['loss']:.3f}")
                bar.update()
                if self.progress.step == self._steps:
                    break
                self._stop_if_asked(stop)
                if time.monotonic() - saved > 60 * self.settings.output.save_minutes:
                    self._save()
                    saved = time.monotonic()
        rates = [group["lr"] for group in self.training.optimizer.param_groups]
        return {**self.stats.means(self.processes), "seconds": time.monotonic() - begin, "lr": max(rates)}

    def _batches_of_steps(self) -> Iterator[list[Any]]:
        count, loader = self.settings.optim.accumulate, self.training.train_loader
        loader.set_epoch(self.epoch, self.progress.step * count)
        batches = iter(loader)
        while len(step := list(itertools.islice(batches, count))) == count:
            yield step

    def _do_step(self, batches: list[Any]) -> list[Stats]:
        seed_step(self.generator, self.seed, self.epoch, self.progress.step, self.processes.rank)
        try:
            stats = self.step(batches, self.generator)
        except BadBatch as bad:
            where = {"epoch": self.epoch + 1, "step": self.progress.step + 1, "process": self.processes.rank}
            report = {**where, "what": bad.what, "stats": bad.stats, "samples": list(bad.ids), "seed": self.seed}
            path = self.folder / "bad_batch.json"
            atomic_write(path, lambda temporary: temporary.write_text(json.dumps(report, indent=1) + "\n"))
            raise bad.error(
                f"epoch {self.epoch + 1}, step {self.progress.step + 1}, batch {bad.ids}: {bad.what} (kept in {path})"
            ) from bad
        self.progress.step += 1
        for part in stats:
            self.stats.add(part)
        return stats

    def _validate(self, loader: Loader) -> dict[str, float]:
        self.training.actor.net.eval()
        loader.set_epoch(0)  # the same samples every time
        generator = torch.Generator(self.device).manual_seed(self.seed)
        stats = AverageStats()
        for batch in tqdm(loader, "validation", leave=False, disable=None if self.processes.is_main else True):
            stats.add(self.training.actor.validate(batch.to(self.device), generator))
        return stats.means(self.processes)

    def _export(self, groups: dict[str, dict[str, float]]) -> None:
        """Write the network, and once more where it is the best so far."""
        best = "val" in groups and self.progress.improves(groups["val"])
        if self.processes.is_main:
            self.training.export(self.folder)
            if best:
                self.training.export(self.folder / "best")
                text = json.dumps({"epoch": self.epoch + 1, **groups["val"]}, indent=1) + "\n"
                atomic_write(self.folder / "best" / "epoch.json", lambda temporary: temporary.write_text(text))

    def _save(self, numbered: bool = False) -> None:
        if self.processes.is_main:
            self.checkpoints.save(self._state)
            if numbered:
                self.checkpoints.keep_epoch(self.epoch)

    def _stop_if_asked(self, stop: StopSignals) -> None:
        """All processes stop after the same step."""
        if self.processes.any(stop.received is not None):
            self._save()
            where = f"after {self.epoch} epochs and {self.progress.step} of {self._steps} steps"
            raise Stopped(stop.received or signal.SIGTERM, where)


def _line(groups: dict[str, dict[str, float]]) -> str:
    return "  ".join(
        f"{group}: " + " ".join(f"{k} {v:.4g}" for k, v in stats.items()) for group, stats in groups.items()
    )
