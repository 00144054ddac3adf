"""What a training step of each method costs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

from ltr.actors.detection import EnergyBranchActor
from ltr.admin.build_detection import FrozenDetectorLoaders, build_energy_model, read_pictures
from ltr.admin.build_optimizer import build_optimizer
from ltr.experiments.detection.studies import Row
from ltr.sampling.detection_batch import DetectionBatch
from ltr.train_settings.detection import BranchTrainSettings


def print_costs(
    data: Path, settings: BranchTrainSettings, rows: list[Row], num_steps: int, device: torch.device
) -> None:
    """Processor seconds per iteration, and ratios to the first row's, beside the paper's.

    Medians of steps on one batch, alternating between rows; processor time, because wall time includes other work on
    the machine.
    """
    frozen = FrozenDetectorLoaders(settings, device)
    loader = frozen.loader(read_pictures(settings, data, settings.data.train), settings.optim.batch_size, 0)
    batch = next(iter(loader)).to(device)
    steps = {row.name: _stepper(settings, row, batch, device) for row in rows}
    times: dict[str, list[float]] = {row.name: [] for row in rows}
    for turn in range(num_steps + 1):
        for name, step in steps.items():
            begin = time.process_time()
            step()
            if turn:  # the first is warm-up
                times[name].append(time.process_time() - begin)
    print("\n| method | paper, s / iteration | ratio | ours, s / iteration | ratio |\n|---|---|---|---|---|")
    medians = {name: statistics.median(values) for name, values in times.items()}
    first = rows[0]
    for row in rows:
        costs = row.paper_cost, first.paper_cost
        paper = f"{costs[0]} | {costs[0] / costs[1]:.2f}" if costs[0] and costs[1] else "|"
        print(f"| {row.name} | {paper} | {medians[row.name]:.3f} | {medians[row.name] / medians[first.name]:.2f} |")


def _stepper(
    settings: BranchTrainSettings, row: Row, batch: DetectionBatch, device: torch.device
) -> Callable[[], None]:
    """A function that takes one training step of a row."""
    energy_model = build_energy_model(settings, device)
    actor = EnergyBranchActor(energy_model, row.loss, (settings.step_position, settings.step_size))
    optimizer, _ = build_optimizer(energy_model.branch, settings.optim)
    generator = torch.Generator(device).manual_seed(0)

    def step() -> None:
        loss, _ = actor(batch, generator)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step
