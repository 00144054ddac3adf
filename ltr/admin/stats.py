"""Running means of what a step reports, and where they are logged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Self

from torch.utils.tensorboard import SummaryWriter


class AverageStats:
    """Means of named numbers over the steps of an epoch."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def add(self, stats: dict[str, float]) -> None:
        """Count in one step."""
        for name, value in stats.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def means(self) -> dict[str, float]:
        """The means so far."""
        return {name: total / self._counts[name] for name, total in self._sums.items()}


class TrainingLog:
    """One line of JSON an epoch (``log.jsonl``) and TensorBoard scalars, in one folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "log.jsonl"
        self._writer = SummaryWriter(str(folder / "tensorboard"))

    def write(self, epoch: int, groups: dict[str, dict[str, float]]) -> None:
        """Log the numbers of an epoch; ``groups`` maps "train", "val", ... to named numbers."""
        with self._path.open("a") as file:
            file.write(json.dumps({"epoch": epoch, **groups}) + "\n")
        for group, stats in groups.items():
            for name, value in stats.items():
                self._writer.add_scalar(f"{name}/{group}", value, epoch)
        self._writer.flush()

    def close(self) -> None:
        """Close the TensorBoard file."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
