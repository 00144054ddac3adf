"""The training loop, independent of the task: actor, loaders, optimizer."""

from __future__ import annotations

import json
import signal
import time
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from ltr.actors.base_actor import BaseActor, Stats
from ltr.trainers.base_trainer import Checkpoints, seed_step
from ltr.trainers.feed import Feed, Loader, LoaderFailed, is_dead_worker, plain_message
from ltr.trainers.optimizer_step import BadBatch, OptimizerStep
from ltr.trainers.progress import Progress
from ltr.trainers.settings import TrainSettings
from ltr.trainers.stats import AverageStats, TrainingLog
from ltr.trainers.step_logger import StepLogger
from ltr.utils.config import to_json
from ltr.utils.distributed import SINGLE, ProcessGroup
from ltr.utils.errors import InputError
from ltr.utils.files import atomic_write
from ltr.utils.stop_signals import Stopped, StopSignals


@dataclass(frozen=True)
class Training:
    """The parts of a training run."""

    actor: BaseActor
    train_loader: Loader
    val_loader: Loader | None
    optimizer: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.LRScheduler
    export: Callable[[Path], None]  # writes the trained network into a folder
    prepare: Callable[[], None] = lambda: None  # called after the weights (of a checkpoint, too) are loaded


class LTRTrainer:
    """Trains ``training`` in ``folder``: epochs, validation, log, checkpoints, and the network after every epoch.

    The random numbers of a step depend on (seed, epoch, step, process), and the loaders' batches on (seed, epoch,
    batch): so a run that was stopped or killed at any step resumes bit-exactly.

    Args:
        training: actor, loaders, optimizer, scheduler.
        settings: of the task.
        folder: of the run.
        device: of the network.
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
        processes: ProcessGroup = SINGLE,
    ) -> None:
        self.training, self.settings, self.folder = training, settings, folder
        self.device, self.seed, self.processes = device, seed, processes
        self.generator = torch.Generator(device)
        self.feed = Feed(training.train_loader, settings.optim.accumulate)
        self.progress = Progress(settings.best_by)
        self.stats = AverageStats()
        self.step = OptimizerStep(training.actor, training.optimizer, settings, device, processes)
        written = {"seed": seed, **to_json(settings)}
        self.checkpoints = Checkpoints(folder, written, settings.output.keep, type(settings))
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
        """Continue from the run's checkpoint."""
        self.checkpoints.load(self._state)

    def run(self) -> None:
        """Train to the last epoch.

        Raises:
            Stopped: by a signal; everything is saved.
            FloatingPointError: a loss is not finite; ``bad_batch.json`` names the samples.
            ValueError: a loss could not be computed (as above), or a sample could not be made (everything is saved).
            OSError: a file could not be read (everything is saved) or written (the last checkpoint is kept).
            ChildProcessError: a worker process of the loader was killed.
            KeyboardInterrupt: it was stopped at once; steps after the last checkpoint are lost.
        """
        self.training.prepare()
        if self.processes.is_main:
            self.checkpoints.prepare()
            if self.epoch >= self.settings.optim.epochs:
                print(f"{self.folder} is finished: all {self.settings.optim.epochs} epochs are done", flush=True)
        with self._log() as log, StopSignals() as stop:
            try:
                self._run_epochs(log, stop)
            except Stopped:
                self._save()
                raise
            except LoaderFailed as failed:
                raise self._saved_after(failed.error, stop) from failed
            except RuntimeError as error:
                if stop.received is not None:  # the signal has also ended a worker or another process
                    raise KeyboardInterrupt from None
                if is_dead_worker(error):  # in the middle of a step: nothing to save
                    lost = "what came after the last checkpoint is lost"
                    raise ChildProcessError(f"{plain_message(error)}; {lost}: go on with --resume") from error
                raise

    def _saved_after(self, error: Exception, stop: StopSignals) -> Exception:
        """Save, and return the exception for a loader's ``error``; bugs keep their traceback."""
        if stop.received is not None and is_dead_worker(error):  # the signal has also ended the worker
            self._save()
            return Stopped(stop.received, self._where)
        if not self._done_steps:
            saved = "no step is done yet"
        else:
            self._save()
            saved = f"saved {self._where}: go on with --resume"
        if is_dead_worker(error):
            return ChildProcessError(f"{plain_message(error)}; {saved}")
        for kind in (InputError, OSError):
            if isinstance(error, kind):
                return kind(f"{plain_message(error)} ({saved})")
        error.add_note(saved)
        return error

    def _run_epochs(self, log: TrainingLog | None, stop: StopSignals) -> None:
        epochs, begin, first = self.settings.optim.epochs, time.monotonic(), self._done_steps
        step_logger = StepLogger(self.training.actor, self.training.optimizer, self.settings.output, log)
        while self.epoch < epochs:
            groups = {"train": self._train_epoch(step_logger, stop)}
            with self.step.averaged():
                if self.training.val_loader is not None and (self.epoch + 1) % self.settings.validate_every == 0:
                    groups["val"] = self._validate(self.training.val_loader, stop)
                self._export(groups)
            with warnings.catch_warnings():  # no step since the run was resumed
                warnings.filterwarnings("ignore", r"Detected call of `lr_scheduler\.step")
                self.training.scheduler.step()
            self.progress.finish_epoch()
            self.stats.clear()
            pace = (time.monotonic() - begin) / max(1, self._done_steps - first)
            if log is not None:
                log.epoch(self.epoch, self._done_steps, groups)
                self._save(numbered=True)
                left = timedelta(seconds=round(pace * (epochs * len(self.feed) - self._done_steps)))
                print(f"epoch {self.epoch}/{epochs}  {_line(groups)}  left {left}", flush=True)
            self._stop_if_asked(stop)

    @property
    def _done_steps(self) -> int:
        return self.progress.total_steps(len(self.feed))

    @property
    def _where(self) -> str:
        return f"after {self.epoch} epochs and {self.progress.step} of {len(self.feed)} steps"

    def _log(self) -> AbstractContextManager[TrainingLog | None]:
        return TrainingLog(self.folder, self.epoch, self._done_steps) if self.processes.is_main else nullcontext()

    def _train_epoch(self, step_logger: StepLogger, stop: StopSignals) -> dict[str, float]:
        self.training.actor.net.train()
        begin = saved = time.monotonic()
        step_logger.begin(self.feed.waited)
        label, hidden = f"epoch {self.epoch + 1}", None if self.processes.is_main else True
        with tqdm(desc=label, total=len(self.feed), initial=self.progress.step, leave=False, disable=hidden) as bar:
            for batches in self.feed.steps(self.epoch, self.progress.step):
                stats = self._do_step(batches)
                step_logger.step(
                    self._done_steps, f"{label}  {self.progress.step}/{len(self.feed)}", batches, stats, self._numbers()
                )
                bar.set_postfix(loss=f"{self.stats.means()['loss']:.3f}")
                bar.update()
                if self.progress.step == len(self.feed):
                    break
                self._stop_if_asked(stop)
                if time.monotonic() - saved > 60 * self.settings.output.save_minutes:
                    self._save()
                    saved = time.monotonic()
        rates = [group["lr"] for group in self.training.optimizer.param_groups]
        return {**self.stats.means(self.processes), "seconds": time.monotonic() - begin, "lr": max(rates)}

    def _numbers(self) -> dict[str, Any]:
        samples, norm = self.settings.optim.batch_size, self.step.gradient_norm
        return {"samples": samples, "waited": self.feed.waited, "gradient_norm": norm}

    def _do_step(self, batches: list[Any]) -> list[Stats]:
        seed_step(self.generator, self.seed, self.epoch, self.progress.step, self.processes.rank)
        warmup = self.settings.optim.warmup(self._done_steps)
        for group, rate in zip(
            self.training.optimizer.param_groups, self.training.scheduler.get_last_lr(), strict=True
        ):
            group["lr"] = rate * warmup
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

    def _validate(self, loader: Loader, stop: StopSignals) -> dict[str, float]:
        self.training.actor.net.eval()
        generator = torch.Generator(self.device).manual_seed(self.seed)
        stats, hidden = AverageStats(), None if self.processes.is_main else True
        batches = Feed(loader).steps(epoch=0)  # the same samples every time
        for (batch,) in tqdm(batches, "validation", total=len(loader), leave=False, disable=hidden):
            self._stop_if_asked(stop)
            stats.add(self.training.actor.validate(batch.to(self.device), generator))
        return stats.means(self.processes)

    def _export(self, groups: dict[str, dict[str, float]]) -> None:
        """Write the network, and a copy in ``best`` if it is the best so far."""
        best = "val" in groups and self.progress.improves(groups["val"])
        if self.processes.is_main:
            self.training.export(self.folder)
            if best:
                numbers = self.folder / "best" / "epoch.json"
                numbers.unlink(missing_ok=True)  # would belong to another network if the process is killed now
                self.training.export(numbers.parent)
                text = json.dumps({"epoch": self.epoch + 1, **groups["val"]}, indent=1) + "\n"
                atomic_write(numbers, lambda temporary: temporary.write_text(text))

    def _save(self, numbered: bool = False) -> None:
        if self.processes.is_main:
            self.checkpoints.save(self._state)
            if numbered:
                self.checkpoints.keep_epoch(self.epoch)

    def _stop_if_asked(self, stop: StopSignals) -> None:
        """All processes stop after the same step."""
        if self.processes.any(stop.received is not None):
            raise Stopped(stop.received or signal.SIGTERM, self._where)


def _line(groups: dict[str, dict[str, float]]) -> str:
    return "  ".join(
        f"{group}: " + " ".join(f"{k} {v:.4g}" for k, v in stats.items()) for group, stats in groups.items()
    )
