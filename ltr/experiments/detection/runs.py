"""Stored runs of the detection experiments: training and scores."""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch

from ltr.actors.detection import EnergyBranchActor
from ltr.admin.build_detection import FrozenDetectorLoaders
from ltr.admin.build_training import build_training
from ltr.experiments.detection.options import Steps
from ltr.experiments.detection.scores import Evaluation, Scores
from ltr.experiments.detection.studies import Row
from ltr.models.detection.settings import PredictionSettings
from ltr.train_settings.detection import BranchTrainSettings
from ltr.trainers.base_trainer import seed_everything
from ltr.trainers.ltr_trainer import LTRTrainer
from ltr.utils.config import check
from ltr.utils.files import atomic_write


@dataclass(frozen=True)
class Run:
    """One trained branch: scores after guided NMS and after refinement, the step lengths chosen, training seconds."""

    guided: Scores
    refined: Scores
    steps: Steps
    seconds: float | None  # processor time; None if the training was resumed


class DetectionRuns:
    """A folder with a training run for each row and seed, its scores in ``scores.json``.

    Finished runs are not repeated, stopped ones are resumed, and several commands may use one folder at the same time.

    Args:
        folder: of the runs.
        settings: of the branch and its detector; the rows replace the loss.
        data: folder of the sources' paths.
        factors: step lengths tried on the validation images, as multiples of Table S1's.
        device: of all networks.
    """

    def __init__(
        self,
        folder: Path,
        settings: BranchTrainSettings,
        data: Path,
        factors: tuple[float, ...],
        device: torch.device,
    ) -> None:
        self.folder, self.settings, self.data, self.factors, self.device = folder, settings, data, factors, device
        frozen = FrozenDetectorLoaders(settings, device)
        self.val = Evaluation(frozen, data, settings.data.val, PredictionSettings())
        self.test = Evaluation(frozen, data, settings.data.test, PredictionSettings())

    def detector(self) -> Scores:
        """Scores of the detector alone on the test images."""
        path = self.folder / "detector.json"
        if not path.exists():
            _write(path, asdict(self.test.scores(self.test.detector())))
        return Scores(**json.loads(path.read_text()))

    def runs(self, row: Row) -> list[Run]:
        """The stored runs of a row, in the order of the seeds."""
        paths = self.folder.glob(f"{_folder_name(row)}_seed*/scores.json")
        by_seed = {int(path.parent.name.rpartition("_seed")[2]): json.loads(path.read_text()) for path in paths}
        return [_run(by_seed[seed]) for seed in sorted(by_seed)]

    def train(self, row: Row, seed: int) -> None:
        """Train and score a row with a seed, unless it is stored."""
        folder = self.folder / f"{_folder_name(row)}_seed{seed}"
        if not (folder / "scores.json").exists():
            run = self._train(row, seed, folder)
            _write(folder / "scores.json", asdict(run))
            time_taken = "" if run.seconds is None else f", {run.seconds:.0f} s"
            print(f"{row.name}, seed {seed}: {run.refined}, steps {run.steps}{time_taken}", flush=True)

    def _train(self, row: Row, seed: int, folder: Path) -> Run:
        settings = replace(self.settings.with_method(row.method), loss=row.loss)
        check(settings, "settings")
        seed_everything(seed)
        training = build_training(settings, self.data, self.device, seed)
        trainer = LTRTrainer(training, settings, folder, self.device, seed)
        begun = trainer.checkpoints.path.exists()
        if begun:
            trainer.resume()
        begin = time.process_time()
        trainer.run()
        seconds = None if begun else time.process_time() - begin
        energy_model = cast(EnergyBranchActor, training.actor).energy_model
        energy_model.branch.eval()
        tried = [(factor * settings.step_position, factor * settings.step_size) for factor in self.factors]
        steps = max(tried, key=lambda s: self.val.scores(self.val.refined(energy_model, s)).ap)
        return Run(
            self.test.scores(self.test.guided(energy_model)),
            self.test.scores(self.test.refined(energy_model, steps)),
            steps,
            seconds,
        )


def _folder_name(row: Row) -> str:
    return re.sub(r"[^\w.-]+", "_", row.name)


def _write(path: Path, value: dict[str, Any]) -> None:
    text = json.dumps(value, indent=1)
    atomic_write(path, lambda temporary: temporary.write_text(text))


def _run(kept: dict[str, Any]) -> Run:
    guided, refined = Scores(**kept["guided"]), Scores(**kept["refined"])
    return Run(guided, refined, (kept["steps"][0], kept["steps"][1]), kept["seconds"])
