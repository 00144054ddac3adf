"""Stored runs of the 1-D experiments, for the tables and figures."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from ltr.dataset.regression1d import DATASETS
from ltr.experiments.regression1d.stacked_runs import StackedTraining, kl_divergences, stacked_forward, unstack
from ltr.models.loss.ebm import DSM, SM, EBMLoss
from ltr.models.regression1d import RegressionNet1D
from ltr.models.weights import save_weights
from ltr.train_settings.regression1d import SETTINGS, Regression1DSettings, method_for
from ltr.trainers.settings import OptimSettings
from ltr.utils.config import to_json
from ltr.utils.errors import InputError
from ltr.utils.files import atomic_write

OPTIM = SETTINGS["ncep"].optim
MAX_TARGETS = 2**17  # y at once: more parallel runs overflow a processor's cache
DIVERGED = float("inf")


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

    def loss(self, dataset: str = "") -> EBMLoss:
        """The training method, with the paper's hyper-parameters for the cell's data set (or another one)."""
        name, _, steps = self.method.partition("-")
        hyper = {"num_steps": int(steps)} if steps else {}
        if name != "sm":
            hyper["num_samples"] = self.num_samples
        return method_for(dataset or self.dataset, name, **hyper)


def cells(row: str, num_samples: int) -> list[Cell]:
    """The cells of a row, one for each data set."""
    return [Cell(row, 1 if row == "sm" else num_samples, dataset) for dataset in DATASETS]


@dataclass(frozen=True)
class Run:
    """One trained network: its divergence from the truth, and its part of the training time in seconds."""

    kl: float  # infinite: the training diverged
    seconds: float


class ResultStore:
    """A folder with ``results.json`` and the trained networks, or a ``.json`` file of runs with networks beside it.

    A run is identified by cell and seed. Stored runs are not repeated, so an interrupted command continues, and more
    runs can be added later.

    Args:
        place: the folder, or the file.
        compiled: train compiled networks, unless the method needs second derivatives.
    """

    def __init__(self, place: Path, compiled: bool = False) -> None:
        self.path = place if place.suffix == ".json" else place / "results.json"
        self.folder = self.path.parent
        self.forwards = {twice: stacked_forward(compiled and not twice) for twice in (False, True)}
        self._cells: dict[str, dict[str, Any]] = {}  # {cell: {"loss": hyper-parameters, "runs": {seed: [kl, seconds]}}}
        self._read()

    def _read(self) -> None:
        """Read the stored runs: other commands may write to the same folder."""
        if not self.path.exists():
            return
        try:
            kept = json.loads(self.path.read_text())
        except ValueError as error:  # not JSON, or not text
            raise InputError(f"results: {self.path} is not whole ({error})") from error
        for name, entry in kept.items():
            stored = entry if "runs" in entry else {"loss": _older_loss(name), "runs": entry}
            self._cells.setdefault(name, {"loss": stored["loss"], "runs": {}})["runs"].update(stored["runs"])

    def _by_seed(self, cell: Cell) -> dict[str, list[float]]:
        """The runs of a cell; InputError if they were trained with other hyper-parameters than today's."""
        now = to_json(cell.loss())
        entry = self._cells.get(str(cell), {"loss": now, "runs": {}})
        others = {name: value for name, value in entry["loss"].items() if now.get(name) != value}
        if others:
            today = {name: now.get(name) for name in others}
            raise InputError(
                f"results: {self.path}: {cell} was trained with {others}, the settings have {today}; "
                "use another folder, or remove this entry and its networks"
            )
        return entry["runs"]

    def runs(self, cell: Cell) -> list[Run]:
        """The runs of a cell in the order of their seeds; empty if it has not been trained."""
        by_seed = self._by_seed(cell)
        return [Run(*by_seed[seed]) for seed in sorted(by_seed, key=int)]

    def largest(self, row: str) -> list[Cell]:
        """On each data set the cell of a row with the largest M; empty if a data set has none."""
        found = []
        for dataset in DATASETS:
            matches = [re.fullmatch(rf"{row}_M(\d+)_{dataset}", name) for name in self._cells]
            counts = [int(match[1]) for match in matches if match]
            found += [Cell(row, max(counts), dataset)] if counts else []
        return found if len(found) == len(DATASETS) else []

    def networks(self, cell: Cell) -> list[tuple[RegressionNet1D, float]]:
        """The trained networks of a cell in the order of their seeds, each with its D_KL; without diverged runs.

        Raises:
            InputError: the cell has not been trained, or its networks are not in the folder.
        """
        kls = [run.kl for run in self.runs(cell) if run.kl < DIVERGED]
        files = sorted(self.folder.glob(f"{cell}_seed*.safetensors"))
        networks = [network for file in files for network in unstack(load_file(file))]
        if not kls or len(networks) != len(kls):
            raise InputError(
                f"results: {len(networks)} networks and {len(kls)} runs of {cell} in {self.folder}; "
                "train them with ltr.experiments.table1"
            )
        return list(zip(networks, kls, strict=True))

    def train(self, cell: Cell, num_runs: int, optim: OptimSettings) -> None:
        """Train the missing ones of the first ``num_runs`` runs of ``cell`` (seeds 0, 1, ...), and save each group."""
        known = self._by_seed(cell)
        missing = [seed for seed in range(num_runs) if str(seed) not in known]
        group = runs_together(cell.num_samples, optim.batch_size)
        for start in range(0, len(missing), group):
            seeds = missing[start : start + group]
            trained = self._train_group(cell, seeds, optim)
            new = {str(seed): [run.kl, run.seconds] for seed, run in zip(seeds, trained, strict=True)}
            self._read()
            self._cells.setdefault(str(cell), {"loss": to_json(cell.loss()), "runs": {}})["runs"].update(new)
            text = json.dumps(self._cells, indent=1)
            atomic_write(self.path, partial(Path.write_text, data=text))

    def _train_group(self, cell: Cell, seeds: list[int], optim: OptimSettings) -> list[Run]:
        density = DATASETS[cell.dataset]
        pairs = density.pairs(SETTINGS["ncep"].num_pairs, seed=0)  # all runs share one training set, as in the paper
        loss = cell.loss()
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


def _older_loss(name: str) -> Any:
    """The hyper-parameters of a cell of an older version, which stored none: on every set those of the first one."""
    match = re.fullmatch(r"(.+)_M(\d+)_(\w+)", name)
    if match is None:
        raise InputError(f"results: expected cells like nce_M1024_sine, got {name!r}")
    return to_json(Cell(match[1], int(match[2]), match[3]).loss(Regression1DSettings.dataset))
