"""Stored runs of the 1-D experiments, for the tables and figures."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from safetensors.torch import load_file

from ltr.dataset.regression1d import DATASETS
from ltr.experiments.regression1d.stacked_runs import Parameters, StackedTraining, kl_divergences, stacked_forward
from ltr.models.loss.ebm import DSM, SM, EBMLoss, build_ebm_loss
from ltr.models.weights import save_weights
from ltr.train_settings.regression1d import SETTINGS
from ltr.trainers.settings import OptimSettings
from ltr.utils.errors import InputError
from ltr.utils.files import atomic_write

# The rows of Table 1, with the paper's D_KL and training cost (seconds per epoch).
PAPER: dict[str, tuple[float, float]] = {
    "mlis": (0.062, 0.44),
    "mlmcmc-1": (0.865, 0.54),
    "mlmcmc-16": (0.449, 2.41),
    "mlmcmc-256": (0.106, 30.8),
    "kldis": (0.088, 0.44),
    "nce": (0.068, 0.45),
    "sm": (0.781, 0.60),
    "dsm": (0.395, 0.47),
    "ncep": (0.066, 0.46),
}
MAX_TARGETS = 2**17  # y at once: more parallel runs overflow a processor's cache
DIVERGED = float("inf")


def method(row: str, num_samples: int) -> EBMLoss:
    """The training method of a row of Table 1 with M = ``num_samples`` and the hyper-parameters of Appendix B.4."""
    if row not in PAPER:
        raise InputError(f"methods: expected some of {', '.join(PAPER)}, got {row!r}")
    name, _, steps = row.partition("-")
    hyper = {"num_steps": int(steps)} if steps else {}
    if name != "sm":
        hyper["num_samples"] = num_samples
    return build_ebm_loss(name, **hyper)


def runs_together(num_samples: int, batch_size: int) -> int:
    """Number of runs that train in parallel."""
    return max(1, MAX_TARGETS // (batch_size * num_samples))


@dataclass(frozen=True)
class Cell:
    """A row of Table 1 with its M, on one of the data sets; trained with many seeds."""

    method: str
    num_samples: int  # 1 for SM, which draws nothing
    dataset: str

    def __str__(self) -> str:
        return f"{self.method}_M{self.num_samples}_{self.dataset}"


def cells(row: str, num_samples: int) -> list[Cell]:
    """The cells of a row, one for each data set."""
    return [Cell(row, 1 if row == "sm" else num_samples, dataset) for dataset in DATASETS]


@dataclass(frozen=True)
class Run:
    """One trained network: its divergence from the truth, and its part of the training time in seconds."""

    kl: float  # infinite: the training diverged
    seconds: float


class ResultStore:
    """A folder with ``results.json`` and the trained networks.

    A run is identified by cell and seed. Stored runs are not repeated, so an interrupted command continues, and more
    runs can be added later.

    Args:
        folder: of the runs.
        compiled: train compiled networks, unless the method needs second derivatives.
    """

    def __init__(self, folder: Path, compiled: bool = False) -> None:
        self.folder = folder
        self.forwards = {twice: stacked_forward(compiled and not twice) for twice in (False, True)}
        self.path = folder / "results.json"
        self._runs: dict[str, dict[str, list[float]]] = {}
        self._read()

    def _read(self) -> None:
        """Read the stored runs: other commands may write to the same folder."""
        if not self.path.exists():
            return
        try:
            kept = json.loads(self.path.read_text())
        except ValueError as error:  # not JSON, or not text
            raise InputError(f"results: {self.path} is not whole ({error})") from error
        for cell, runs in kept.items():
            self._runs.setdefault(cell, {}).update(runs)

    def runs(self, cell: Cell) -> list[Run]:
        """The runs of a cell in the order of their seeds; empty if it has not been trained."""
        by_seed = self._runs.get(str(cell), {})
        return [Run(*by_seed[seed]) for seed in sorted(by_seed, key=int)]

    def sample_counts(self, row: str) -> list[int]:
        """Every M that a row has been trained with on all data sets."""
        found = [re.fullmatch(rf"{row}_M(\d+)_\w+", name) for name in self._runs]
        counts = {int(match[1]) for match in found if match}
        return sorted(m for m in counts if all(self.runs(cell) for cell in cells(row, m)))

    def networks(self, cell: Cell) -> list[Parameters]:
        """The trained networks of a cell, stacked as they were trained, in the order of their seeds."""
        return [load_file(file) for file in sorted(self.folder.glob(f"{cell}_seed*.safetensors"))]

    def train(self, cell: Cell, num_runs: int, optim: OptimSettings) -> None:
        """Train the missing ones of the first ``num_runs`` runs of ``cell`` (seeds 0, 1, ...), and save each group."""
        known = self._runs.setdefault(str(cell), {})
        missing = [seed for seed in range(num_runs) if str(seed) not in known]
        group = runs_together(cell.num_samples, optim.batch_size)
        for start in range(0, len(missing), group):
            seeds = missing[start : start + group]
            for seed, run in zip(seeds, self._train_group(cell, seeds, optim), strict=True):
                known[str(seed)] = [run.kl, run.seconds]
            self._read()
            text = json.dumps(self._runs, indent=1)
            atomic_write(self.path, partial(Path.write_text, data=text))

    def _train_group(self, cell: Cell, seeds: list[int], optim: OptimSettings) -> list[Run]:
        density = DATASETS[cell.dataset]
        pairs = density.pairs(SETTINGS["ncep"].num_pairs, seed=0)  # all runs share one training set, as in the paper
        loss = method(cell.method, cell.num_samples)
        begin = time.perf_counter()
        try:
            parameters = StackedTraining(loss, pairs, seeds, optim, self.forwards[isinstance(loss, SM | DSM)]).run()
        except FloatingPointError as error:
            print(f"{cell}: runs {seeds[0]}..{seeds[-1]} diverged: {error}", flush=True)
            return [Run(DIVERGED, (time.perf_counter() - begin) / len(seeds))] * len(seeds)
        seconds = (time.perf_counter() - begin) / len(seeds)
        kls = kl_divergences(parameters, density)
        print(
            f"{cell}: runs {seeds[0]}..{seeds[-1]}, {seconds:.1f} s each, D_KL {' '.join(f'{kl:.3f}' for kl in kls)}",
            flush=True,
        )
        save_weights(parameters, self.folder / f"{cell}_seed{seeds[0]:03d}.safetensors")
        return [Run(kl, seconds) for kl in kls]


def best_quarter(values: list[float]) -> float:
    """Mean of the best quarter: of 20 runs the 5 best, which is the paper's figure (Appendix B.3)."""
    best = sorted(values)[: max(1, round(len(values) / 4))]
    return sum(best) / len(best)
