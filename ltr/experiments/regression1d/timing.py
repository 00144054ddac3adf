"""The cost of training, one run at a time and many in parallel."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

from ltr.dataset.regression1d import DATASETS
from ltr.experiments.regression1d.results import cells, runs_together
from ltr.experiments.regression1d.stacked_runs import StackedTraining
from ltr.train_settings.regression1d import SETTINGS
from ltr.trainers.settings import OptimSettings


def seconds_per_epoch(row: str, num_samples: int, num_runs: int, optim: OptimSettings, num_steps: int) -> list[float]:
    """Processor seconds per epoch and run: [trained one after another, trained together].

    Medians over ``num_steps`` alternating steps; processor time, because wall time includes other work on the machine.
    Together means in groups of :func:`runs_together`.
    """
    group = min(num_runs, runs_together(num_samples, optim.batch_size))
    steps = [_stepper(row, num_samples, size, optim) for size in (1, group)]
    times: list[list[float]] = [[], []]
    for _ in range(num_steps):
        for step, record in zip(steps, times, strict=True):
            begin = time.process_time()
            step()
            record.append(time.process_time() - begin)
    steps_per_epoch = SETTINGS["ncep"].num_pairs / optim.batch_size
    return [steps_per_epoch * statistics.median(record) / size for record, size in zip(times, (1, group), strict=True)]


def _stepper(row: str, num_samples: int, num_runs: int, optim: OptimSettings) -> Callable[[], None]:
    """A function that takes one training step of ``num_runs`` runs; after a warm-up."""
    cell = cells(row, num_samples)[0]
    pairs = DATASETS[cell.dataset].pairs(SETTINGS["ncep"].num_pairs, seed=0)
    training = StackedTraining(cell.loss(), pairs, range(num_runs), optim)
    index = torch.randint(len(pairs[0]), (num_runs, optim.batch_size), generator=training.generator)
    x, y = pairs[0][index], pairs[1][index]
    for _ in range(3):
        training.step(x, y)
    return lambda: training.step(x, y)
