"""Train a network: ``python ltr/run_training.py dimp dimp_ncep_mobile --data DIR [--optim.lr 1e-4 ...]``."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ltr.train_settings import load_settings
from ltr.train_settings.command_line import WORKSPACE, parse_command
from ltr.trainers.settings import TrainSettings
from ltr.utils.cli import one_line_errors
from ltr.utils.config import to_json
from ltr.utils.files import check_folder, check_outputs, with_card
from ltr.utils.numbers import check_seed

if TYPE_CHECKING:  # help and mistakes do not wait for the import of torch
    import torch

    from ltr.trainers.ltr_trainer import Training

USAGE = "run_training.py TASK NAME [--data DIR] [--resume] [--dry-run] [--seed S] [--FIELD VALUE ...]"
GO_ON = "go on with --resume"


@dataclass(frozen=True)
class RunOptions:
    """How to run; the fields of the settings follow."""

    data: Path = Path("data")  # folder of the settings' data sources
    workspace: Path = WORKSPACE  # runs are stored in WORKSPACE/TASK/NAME
    run: str = ""  # name of the run, by default that of the settings
    resume: bool = False  # continue from the run's checkpoint, with the run's settings
    dry_run: bool = False  # build everything, process one batch, and stop
    seed: int = 0
    device: str = "auto"  # cpu, cuda, mps, ...
    threads: int = 0  # of torch on the CPU; 0: torch's own choice

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_folder("--data", self.data)


def parse(argv: list[str]) -> tuple[str, str, RunOptions, TrainSettings]:
    """Task, name, options and the named settings with the overrides of the command line."""
    task, name, options, settings, file = parse_command(argv, RunOptions, "run_training.py", USAGE)
    check_apart(run_folder(task, name, options), options, settings, file)
    return task, name, options, settings


def run_folder(task: str, name: str, options: RunOptions) -> Path:
    """Where the run is kept."""
    return options.workspace / task / (options.run or name)


def check_apart(folder: Path, options: RunOptions, settings: TrainSettings, settings_file: Path | None) -> None:
    """Raise InputError if a new run in ``folder`` would overwrite the network or the settings that it starts from."""
    if options.resume or options.dry_run:
        return
    start: Path | None = getattr(settings, "start", None)
    names = ("checkpoint.pt", "network.safetensors", "network.json", "settings.json")
    read = [settings_file, *(with_card(start) if start else ())]
    check_outputs({f"run: {name}": folder / name for name in names}, read)


def train(task: str, name: str, options: RunOptions, settings: TrainSettings) -> None:
    """Run the whole training, or one batch of it."""
    from ltr.admin.build_training import build_training
    from ltr.trainers.base_trainer import seed_everything
    from ltr.trainers.ltr_trainer import LTRTrainer
    from ltr.utils.device import choose_device, keep_freed_memory, precision_warning, set_threads
    from ltr.utils.distributed import local_device, process_group

    if options.threads:
        set_threads(options.threads)
    keep_freed_memory()
    seed_everything(options.seed)
    device = local_device(choose_device(options.device))
    folder = run_folder(task, name, options)
    with process_group(device) as processes:
        if not (options.resume or options.dry_run) and (folder / "checkpoint.pt").exists():
            raise FileExistsError(
                f"{folder} holds a run already: add --resume to go on, or --run OTHER for another one"
            )
        if processes.is_main:
            logging.basicConfig(level=logging.INFO, format="%(message)s")
            print(describe(task, name, settings, device), flush=True)
            warning = precision_warning(device, settings.precision)
            if warning:
                print(f"warning: {warning}", file=sys.stderr, flush=True)
        training = build_training(settings, options.data, device, options.seed, processes, options.resume)
        if options.dry_run:
            dry_run(training, device, options.seed)
            return
        trainer = LTRTrainer(training, settings, folder, device, options.seed, processes)
        if options.resume:
            trainer.resume()
        if processes.is_main:
            print(f"all settings: {folder / 'settings.json'}", flush=True)
        trainer.run()
        if processes.is_main:
            for network in (folder / "network.safetensors", folder / "best" / "network.safetensors"):
                if network.exists():
                    print(f"{'the best' if network.parent != folder else 'the last'} network: {network}", flush=True)


def describe(task: str, name: str, settings: TrainSettings, device: torch.device) -> str:
    """Summary of the training, and a line for each field that differs from the named settings."""
    from ltr.trainers.base_trainer import differences

    optim = settings.optim
    size = f"{optim.epochs} epochs, batches of {optim.batch_size}, {settings.precision} on {device}"
    changes = differences(to_json(load_settings(task, name)), to_json(settings))
    return "\n".join([f"{task} {name}: {size}", *(f"  {line}" for line in changes)])


def dry_run(training: Training, device: torch.device, seed: int) -> None:
    """Process one batch: loss, gradient, and validation if the training has any."""
    import torch

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
    with one_line_errors(GO_ON):
        train(*parse(sys.argv[1:] if argv is None else argv))


if __name__ == "__main__":
    main()
