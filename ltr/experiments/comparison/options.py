"""Options of the commands that train methods of p(y|x)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ltr.utils.config import ComponentCount, PositiveFloat, PositiveInt, Range, SampleCount, Width


@dataclass(frozen=True)
class TrainingSettings:
    """Adam with a learning rate that falls to zero along a cosine."""

    steps: PositiveInt = 2000
    batch_size: PositiveInt = 64
    lr: PositiveFloat = 3e-3
    validation: bool = True  # on a table: keep the checkpoint that is best on a fifth of the training rows


@dataclass(frozen=True)
class TrainingOptions:
    """Methods, data and training."""

    methods: tuple[str, ...] = ()  # none: all of them
    data: str = "bimodal"  # a CSV table, or bimodal, sine, ring
    target: tuple[str, ...] = ("y",)  # columns to predict, 1 to 4
    columns: tuple[str, ...] = ()  # columns to predict from; default: all others
    runs: PositiveInt = 1  # trainings of each method, with seeds SEED, SEED + 1, ...
    training: TrainingSettings = TrainingSettings()
    num_samples: SampleCount = 128  # M
    hidden: Width = 32  # width of the networks
    components: ComponentCount = 4  # K of the mixtures
    test_fraction: float = 0.2  # of the rows of a table
    seed: int = 0
    threads: PositiveInt = 1

    def problems(self) -> list[str]:
        """What is wrong with the options, one line each."""
        found = []
        if not 0 < self.test_fraction < 1:
            found.append(f"test_fraction: expected a number between 0 and 1, got {self.test_fraction}")
        if len(set(self.methods)) < len(self.methods):
            found.append(f"methods: expected names, each once, got {' '.join(self.methods)}")
        return found


@dataclass(frozen=True)
class Compare(TrainingOptions):
    """What ltr.experiments.compare compares."""

    methods: tuple[str, ...] = ("nce", "ncep", "ebmdn", "gaussian", "mdn", "quantile")
    levels: tuple[float, ...] = (0.5, 0.9)  # of the highest-density regions whose coverage is measured
    figure: Path | None = Path("compare.png")  # the densities of the first runs
    json: Path | None = None  # also write all numbers there; - for standard output, instead of the table

    def problems(self) -> list[str]:
        """What is wrong with the options, one line each."""
        found = super().problems()
        if not self.methods:
            found.append("methods: expected names, got none")
        if not self.levels or not all(0 < level < 1 for level in self.levels):
            found.append(f"levels: expected numbers between 0 and 1, got {self.levels}")
        return found


@dataclass(frozen=True)
class Regression(TrainingOptions):
    """Methods of p(y|x), trained as ltr.experiments.compare does: the corrections are fitted on half of its test rows,
    and tested on the other half."""

    test_fraction: float = 0.4  # of the rows of a table
    pairs: Annotated[int, Range(least=1, most=100_000)] = 4000  # of a synthetic data set, to fit and to test on
    figure: Path = Path("calibration.png")
