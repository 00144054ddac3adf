"""Running means of the numbers of a step, and their log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from torch.utils.tensorboard import SummaryWriter

from ltr.utils.distributed import SINGLE, ProcessGroup
from ltr.utils.files import atomic_write


class AverageStats:
    """Means of named numbers over the steps of an epoch."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def add(self, stats: Mapping[str, float]) -> None:
        """Add the numbers of one step."""
        for name, value in stats.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def means(self, processes: ProcessGroup = SINGLE) -> dict[str, float]:
        """The means so far, over all processes."""
        sums, counts = processes.sum(self._sums), processes.sum(self._counts)
        return {name: sums[name] / counts[name] for name in self._sums}

    def clear(self) -> None:
        """Remove all numbers."""
        self._sums, self._counts = {}, {}

    def state_dict(self) -> dict[str, Any]:
        """Sums and counts."""
        return {"sums": dict(self._sums), "counts": dict(self._counts)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore sums and counts."""
        self._sums, self._counts = dict(state["sums"]), dict(state["counts"])


class TrainingLog:
    """One line of JSON per epoch (``log.jsonl``), and TensorBoard scalars and images, in one folder.

    Args:
        folder: of the run.
        epoch, step: finished ones; later entries (of a run that was killed) are removed.
    """

    def __init__(self, folder: Path, epoch: int = 0, step: int = 0) -> None:
        self._path = folder / "log.jsonl"
        kept = [line for line in _whole_lines(self._path) if json.loads(line)["epoch"] <= epoch]
        text = "".join(line + "\n" for line in kept)
        atomic_write(self._path, lambda temporary: temporary.write_text(text))
        self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)

    def epoch(self, epoch: int, step: int, groups: dict[str, dict[str, float]]) -> None:
        """Log the numbers of an epoch that ended with ``step``; ``groups``: "train", "val", ... to named numbers."""
        with self._path.open("a") as file:
            file.write(json.dumps({"epoch": epoch, **groups}) + "\n")
        for group, stats in groups.items():
            self._scalars(group, stats, step)
        self._writer.flush()

    def step(self, step: int, stats: dict[str, float]) -> None:
        """Log the numbers of one step."""
        self._scalars("step", stats, step)

    def pictures(self, step: int, pictures: Mapping[str, np.ndarray]) -> None:
        """Log RGB pictures ``uint8 [H, W, 3]`` by name."""
        for name, picture in pictures.items():
            self._writer.add_image(name, picture, step, dataformats="HWC")

    def _scalars(self, group: str, stats: Mapping[str, float], step: int) -> None:
        for name, value in stats.items():
            self._writer.add_scalar(f"{name}/{group}", value, step)

    def close(self) -> None:
        """Close the TensorBoard file."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _whole_lines(path: Path) -> list[str]:
    """The complete lines of a JSONL file."""
    if not path.exists():
        return []
    return [line[:-1] for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
