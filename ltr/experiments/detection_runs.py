"""Runs of the detection experiments, trained and scored once and kept."""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch

from ltr.actors.detection import EnergyBranchActor
from ltr.admin.build_detection import FixedPictures
from ltr.admin.build_training import build_training
from ltr.admin.files import atomic_write
from ltr.experiments.detection_scores import Evaluation, Scores, Steps
from ltr.experiments.detection_studies import Row
from ltr.models.detection.prediction import PredictionSettings
from ltr.train_settings.detection import METHODS, BranchTrainSettings, with_method
from ltr.trainers.base_trainer import seed_everything
from ltr.trainers.ltr_trainer import LTRTrainer


@dataclass(frozen=True)
class Run:
    """One trained branch: scores after guided NMS and after refinement, the step lengths chosen, training seconds."""

    guided: Scores
    refined: Scores
    steps: Steps
    seconds: float  # of the processor


class DetectionRuns:
    """A folder with ``results.json`` and a training run for each row and seed; what is there is not trained again.

    Args:
        folder: of the results.
        settings: of the branch and its detector; the rows replace the loss.
        data: the folder that the sources' paths lie in.
        factors: step lengths tried on the validation pictures, as multiples of Table S1's.
        device: where everything runs.
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
        fixed = FixedPictures(settings, device)
        self.val = Evaluation(fixed, data, settings.data.val, PredictionSettings())
        self.test = Evaluation(fixed, data, settings.data.test, PredictionSettings())
        self.path = folder / "results.json"
        self._kept: dict[str, dict[str, Any]] = json.loads(self.path.read_text()) if self.path.exists() else {}

    def detector(self) -> Scores:
        """Scores of the detector alone on the test pictures."""
        if "detector" not in self._kept:
            self._keep("detector", "", asdict(self.test.scores(self.test.detector())))
        return Scores(**self._kept["detector"][""])

    def runs(self, row: Row) -> list[Run]:
        """What is kept of a row, in the order of the seeds."""
        kept = self._kept.get(row.name, {})
        return [_run(kept[seed]) for seed in sorted(kept, key=int)]

    def train(self, row: Row, num_seeds: int) -> None:
        """Train and score what is missing of the first ``num_seeds`` runs of a row."""
        for seed in range(num_seeds):
            if str(seed) not in self._kept.get(row.name, {}):
                run = self._train(row, seed)
                self._keep(row.name, str(seed), asdict(run))
                print(f"{row.name}, seed {seed}: {run.refined}, steps {run.steps}, {run.seconds:.0f} s", flush=True)

    def _train(self, row: Row, seed: int) -> Run:
        settings = replace(with_method(self.settings, METHODS[row.method]), loss=row.loss)
        settings.check()
        seed_everything(seed)
        training = build_training(settings, self.data, self.device, seed)
        folder = self.folder / f"{re.sub(r'[^a-z0-9.-]+', '_', row.name)}_seed{seed}"
        begin = time.process_time()
        LTRTrainer(training, settings, folder, self.device, seed).run()
        seconds = time.process_time() - begin
        energies = cast(EnergyBranchActor, training.actor).energies
        energies.branch.eval()
        tried = [(factor * settings.step_position, factor * settings.step_size) for factor in self.factors]
        steps = max(tried, key=lambda s: self.val.scores(self.val.refined(energies, s)).ap)
        return Run(
            self.test.scores(self.test.guided(energies)),
            self.test.scores(self.test.refined(energies, steps)),
            steps,
            seconds,
        )

    def _keep(self, name: str, seed: str, value: dict[str, Any]) -> None:
        self._kept.setdefault(name, {})[seed] = value
        text = json.dumps(self._kept, indent=1)
        atomic_write(self.path, lambda temporary: temporary.write_text(text))


def _run(kept: dict[str, Any]) -> Run:
    guided, refined = Scores(**kept["guided"]), Scores(**kept["refined"])
    return Run(guided, refined, (kept["steps"][0], kept["steps"][1]), kept["seconds"])
