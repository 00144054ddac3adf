"""Train a network: ``python ltr/run_training.py dimp dimp_ncep_mobile --data DIR [--optim.lr 1e-4 ...]``."""

from __future__ import annotations

import json
import logging
import signal
import sys
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
import tyro

from ltr.admin.build_training import build_training
from ltr.admin.device import choose_device
from ltr.admin.distributed import joined, own_device
from ltr.admin.settings import TrainSettings, to_json
from ltr.train_settings import TASKS, load_settings
from ltr.trainers.base_trainer import seed_everything
from ltr.trainers.ltr_trainer import LTRTrainer, Training
from ltr.trainers.stop_signals import Stopped

USAGE = "usage: run_training.py TASK NAME [--data DIR] [--resume] [--dry-run] [--seed S] [--FIELD VALUE ...]"


@dataclass(frozen=True)
class RunOptions:
    """How to run; the fields of the settings follow."""

    data: Path = Path("data")  # the folder that the settings' data sources lie in
    workspace: Path = Path("workspace")  # runs are kept in WORKSPACE/TASK/NAME
    run: str = ""  # name of the run, where it is not that of the settings
    resume: bool = False  # go on from the run's checkpoint
    dry_run: bool = False  # build everything, walk one batch, and stop
    seed: int = 0
    device: str = "auto"  # cpu, cuda, mps, ...
    threads: int = 0  # of torch on the CPU; 0: torch's own choice


def parse(argv: list[str]) -> tuple[str, str, RunOptions, TrainSettings]:
    """Task, name, options and the named settings with the overrides of the command line."""
    if len(argv) < 2 or argv[0].startswith("-") or argv[1].startswith("-"):
        known = "\n".join(f"  {task}: {', '.join(names)}" for task, names in TASKS.items())
        usage = f"{USAGE}\ntasks and their settings:\n{known}"
        if {"-h", "--help"}.isdisjoint(argv):
            raise SystemExit(usage)
        print(usage)
        raise SystemExit(0)
    settings = load_settings(argv[0], argv[1])

    unprefixed = tyro.conf.arg(name="")
    command = make_dataclass(
        "Command",
        [
            ("options", Annotated[RunOptions, unprefixed], RunOptions()),
            ("settings", Annotated[type(settings), unprefixed], settings),
        ],
    )
    parsed: Any = tyro.cli(command, args=argv[2:], prog=f"run_training.py {argv[0]} {argv[1]}")
    parsed.settings.check()
    return argv[0], argv[1], parsed.options, parsed.settings


def train(task: str, name: str, options: RunOptions, settings: TrainSettings) -> None:
    """Run the training to its end, or one batch of it."""
    if options.threads:
        torch.set_num_threads(options.threads)
    seed_everything(options.seed)
    device = own_device(choose_device(options.device))
    folder = options.workspace / task / (options.run or name)
    with joined(device) as processes:
        if not (options.resume or options.dry_run) and (folder / "checkpoint.pt").exists():
            raise FileExistsError(
                f"{folder} holds a run already: add --resume to go on, or --run OTHER for another one"
            )
        if processes.is_main:
            logging.basicConfig(level=logging.INFO, format="%(message)s")
            print(json.dumps(to_json(settings), indent=1), flush=True)
        training = build_training(settings, options.data, device, options.seed, processes, options.resume)
        if options.dry_run:
            dry_run(training, device, options.seed)
            return
        trainer = LTRTrainer(training, settings, folder, device, options.seed, processes)
        if options.resume:
            trainer.resume()
        trainer.run()


def dry_run(training: Training, device: torch.device, seed: int) -> None:
    """Walk one batch: loss, gradient, and validation where there is some."""
    training.train_loader.set_epoch(0)
    generator = torch.Generator(device).manual_seed(seed)
    batch = next(iter(training.train_loader)).to(device)
    training.prepare()
    loss, stats = training.actor(batch, generator)
    loss.backward()
    print("one batch: " + _numbers(stats))
    if training.val_loader is not None:
        training.actor.net.eval()
        batch = next(iter(training.val_loader)).to(device)
        print("one batch of validation: " + _numbers(training.actor.validate(batch, generator)))


def _numbers(stats: dict[str, float]) -> str:
    return " ".join(f"{key} {value:.4g}" for key, value in stats.items())


def main(argv: list[str] | None = None) -> None:
    """Command line; errors are one line and exit code 1. A stopped run's code is 128 and the signal (Ctrl-C: 130)."""
    try:
        train(*parse(sys.argv[1:] if argv is None else argv))
    except Stopped as stopped:
        print(f"{stopped}: go on with --resume", file=sys.stderr)
        raise SystemExit(128 + stopped.number) from None
    except KeyboardInterrupt:
        print("\nstopped at once; what came after the last checkpoint is lost: go on with --resume", file=sys.stderr)
        raise SystemExit(128 + signal.SIGINT) from None
    except (ValueError, OSError, FloatingPointError) as error:
        raise SystemExit(f"error: {error}") from error


if __name__ == "__main__":
    main()
