"""The whole way on drawn rectangles: train the detector, fix it, train the energy branch, score both."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ltr.actors.detection import EnergyBranchActor
from ltr.admin.build_detection import FrozenDetectorLoaders
from ltr.admin.build_training import build_training
from ltr.dataset.detection import DetectionSource
from ltr.experiments.comparison.coverage import LEVELS, measure
from ltr.experiments.detection.calibration import REGIONS, predictions
from ltr.experiments.detection.scores import Evaluation
from ltr.models.backbone import EfficientNetLite0
from ltr.models.detection.settings import BranchSettings, DetectorSettings, PredictionSettings
from ltr.models.loss.ebm import NCEPlus
from ltr.train_settings.detection import BranchTrainSettings, DetectionSettings, DetectorTrainSettings
from ltr.train_settings.detection.base import DetectionData
from ltr.trainers.base_trainer import seed_everything
from ltr.trainers.ltr_trainer import LTRTrainer, Training
from ltr.trainers.settings import OptimSettings
from ltr.utils.config import check
from tests.fakes.detection import write_rectangles

CPU = torch.device("cpu")
DETECTOR = DetectorSettings("mobile", 3, 128, 128, 40.0)
SOURCES = tuple((DetectionSource(f"{part}/annotations.json", f"{part}/images"),) for part in ("train", "val"))
DATA = DetectionData(SOURCES[0], SOURCES[1], SOURCES[1])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 80 pictures to train on and 24 others."""
    folder = tmp_path_factory.mktemp("data")
    write_rectangles(folder / "train", 80)
    write_rectangles(folder / "val", 24, seed=1000)
    return folder


def _train(settings: DetectionSettings, data: Path, folder: Path) -> tuple[Training, list[dict]]:
    check(settings, "settings")
    seed_everything(0)
    training = build_training(settings, data, CPU, 0)
    LTRTrainer(training, settings, folder, CPU, 0).run()
    return training, [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_refinement_improves_what_a_detector_finds(data: Path, tmp_path: Path) -> None:
    try:
        EfficientNetLite0().load_pretrained()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    optim = OptimSettings(epochs=2, batch_size=8, lr=2e-3, schedule="cosine", clip_norm=10.0)
    common = {"num_workers": 0, "data": DATA, "detector": DETECTOR, "validation_pictures": 24, "pictures_per_epoch": 96}
    _, log = _train(DetectorTrainSettings(optim, **common), data, tmp_path / "detector")
    assert log[-1]["val"]["loss"] < log[0]["val"]["loss"]

    branch = BranchTrainSettings(
        replace(optim, epochs=3, lr=1e-3, clip_norm=None),
        weights=tmp_path / "detector" / "network.safetensors",
        cache=tmp_path / "cache",
        branch=BranchSettings(hidden=32),
        loss=NCEPlus((0.075, 0.15, 0.3), 24, 0.1),
        step_position=0.0004,
        step_size=0.0016,
        **common,
    )
    training, log = _train(branch, data, tmp_path / "branch")
    assert isinstance(training.actor, EnergyBranchActor)
    assert log[-1]["val"]["iou_refined"] > log[-1]["val"]["iou_start"] + 0.01
    evaluation = Evaluation(FrozenDetectorLoaders(branch, CPU), data, DATA.test, PredictionSettings())
    alone = evaluation.scores(evaluation.detector())
    refined = evaluation.scores(evaluation.refined(training.actor.energy_model, (0.0004, 0.0016)))
    assert refined.ap75 > alone.ap75

    evaluation.loader.set_epoch(0)
    found = predictions(training.actor.energy_model, evaluation.loader, (0.0004, 0.0016), 256)
    assert len(found.target) > 10
    assert found.target.abs().max() < 0.75
    for coverage in measure(found, found, REGIONS).values():  # tested on what it was fitted on
        assert (coverage.observed["conformal"] - LEVELS).min() > -1 / len(found.target)
