"""Options of the commands of object detection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from ltr.models.detection.settings import PredictionSettings
from ltr.utils.config import PositiveInt, SampleCount
from ltr.utils.errors import InputError
from ltr.utils.files import check_folder, with_card

if TYPE_CHECKING:  # help and mistakes do not wait for the import of torch
    from ltr.train_settings.detection import BranchTrainSettings

Study = Literal["table2", "s2", "s3", "s4", "s5", "s6", "figure3", "figure4", "figure5", "proposals", "learned"]
Steps = tuple[float, float]
"""Step lengths of the ascent: lambda of position, lambda of size."""


def branch_settings(name: str) -> BranchTrainSettings:
    """The named settings of an energy branch; ValueError if there are none, or they are those of a detector."""
    from ltr.train_settings import load_settings
    from ltr.train_settings.detection import BranchTrainSettings

    settings = load_settings("detection", name)
    if not isinstance(settings, BranchTrainSettings):
        raise InputError(f"name: expected the settings of an energy branch, got those of a detector: {name}")
    return settings


@dataclass(frozen=True)
class BranchOptions:
    """A trained energy branch, and the pictures that its settings name."""

    name: tyro.conf.Positional[str]  # of the branch's training settings
    data: Path = Path("data")  # the folder that the settings' data sources lie in
    network: Path | None = None  # of the branch; default: workspace/detection/NAME/network.safetensors
    weights: Path | None = None  # of the detector, if other than in the settings
    cache: Path | None = None  # of the detector's outputs, if other than in the settings
    device: str = "auto"
    threads: int = 1  # of torch on the CPU

    def __post_init__(self) -> None:
        check_folder("--data", self.data)

    @property
    def settings(self) -> BranchTrainSettings:
        """Those of the branch's training, with the changes of these options."""
        settings = branch_settings(self.name)
        return replace(settings, weights=self.weights or settings.weights, cache=self.cache or settings.cache)

    @property
    def network_file(self) -> Path:
        """The weights of the branch."""
        return self.network or Path("workspace/detection") / self.name / "network.safetensors"

    @property
    def inputs(self) -> list[Path]:
        """What is read, so that no output may replace it."""
        files = [file for path in filter(None, (self.network_file, self.settings.weights)) for file in with_card(path)]
        return [*files, self.data]


@dataclass(frozen=True)
class Evaluate(BranchOptions):
    """What ltr.experiments.evaluate_detection evaluates."""

    part: Literal["val", "test"] = "test"
    steps: Steps | None = None  # lambda of position and of size, if other than in the settings
    prediction: PredictionSettings = PredictionSettings()
    results: Path | None = None  # also write the detections there (-: standard output), in COCO's format


@dataclass(frozen=True)
class Calibrate(BranchOptions):
    """A trained energy branch: fitted on the validation pictures of its settings, tested on the test pictures."""

    num_samples: SampleCount = 1024  # draws for each box's density
    pictures: PositiveInt | None = None  # the first so many of either part; None: all
    figure: Path = Path("calibration_detection.png")


@dataclass(frozen=True)
class Table2:
    """What to train and compare."""

    study: Study = "table2"  # of the paper's tables and figures
    rows: tuple[str, ...] = ()  # of the study, by name; empty: all
    seeds: int = 2  # runs of each row; 0: print only stored runs
    scale: Literal["mobile", "coco"] = "mobile"  # the small detector on open images, or the paper's on COCO
    num_samples: int | None = None  # M, if other than the paper's 128
    factors: tuple[float, ...] = (0.25, 1, 4)  # step lengths tried on the validation images, times Table S1's
    data: Path = Path("data")  # the folder that the settings' data sources lie in
    weights: Path | None = None  # of the detector, if other than in the settings
    cache: Path | None = None  # of the detector's outputs, if other than in the settings
    results: Path = Path("workspace/detection/studies")  # folder of the runs
    figure: Path | None = None  # also draw AP over the varied value, as in Figures 3 and 5
    time_steps: int = 0  # also measure the cost of training over so many steps
    device: str = "auto"
    threads: int = 1  # of torch on the CPU

    def __post_init__(self) -> None:
        check_folder("--data", self.data)
