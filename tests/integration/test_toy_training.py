"""The whole way: train on drawn shapes, track with what came out of it, score the boxes."""

import json
from pathlib import Path

import numpy as np
import pytest

from ltr.dataset.synthesis.synthetic import SyntheticShapes
from ltr.models.backbone import EfficientNetLite0
from ltr.run_training import main
from pytracking import Tracker
from pytracking.analysis.metrics import area_under_curve, iou, success_curve
from pytracking.evaluation.datasets.registry import get_dataset, select
from pytracking.evaluation.running import track_sequence
from pytracking.parameter.dimp.base import NETWORKS

# The toy setting, cut down: smaller crops, 2 x 64 samples; half a minute on one core.
OVERRIDES = ("--network.crop_side", "192", "--sampler.samples_per_epoch", "64")
OVERRIDES += ("--optim.epochs", "2", "--validation_samples", "32", "--num_workers", "0", "--device", "cpu")
TOY_AUC = 0.5  # measured: 0.62; a box that stands still: 0.42
SHIPPED = NETWORKS / "dimp_ncep_mobile.safetensors"
REAL_SEQUENCE, REAL_AUC = "Deer", 0.6


def _auc(boxes: np.ndarray, truth: np.ndarray) -> float:
    return float(area_under_curve(success_curve(iou(boxes, truth), np.arange(21) / 20)))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished toy run."""
    try:
        EfficientNetLite0().load_pretrained()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    workspace = tmp_path_factory.mktemp("workspace")
    main(["dimp", "toy", "--workspace", str(workspace), *OVERRIDES])
    return workspace / "dimp" / "toy"


@pytest.mark.slow
def test_the_losses_fall(run: Path) -> None:
    first, last = (json.loads(line) for line in (run / "log.jsonl").read_text().splitlines())
    for name in ("loss", "loss_box"):
        assert last["train"][name] < first["train"][name]
        assert np.isfinite(last["train"][name])
    assert last["val"]["hit"] > 0.5


@pytest.mark.slow
def test_the_trained_network_tracks_new_sequences(run: Path) -> None:
    drawn = SyntheticShapes(num_sequences=2, num_frames=30, seed=1234)
    tracker = Tracker("dimp", str(run / "network.safetensors"), device="cpu")
    tracked, still = [], []
    for index in range(len(drawn)):
        frames = drawn.get_frames(index, range(drawn.num_frames), np.random.default_rng(0))
        truth = frames.boxes.astype(np.float64)
        x, y, w, h = truth[0].tolist()
        tracker.initialize(frames.images[0], (x, y, w, h))
        boxes = np.array([tracker.track(image).box for image in frames.images[1:]])
        tracked.append(_auc(boxes, truth[1:]))
        still.append(_auc(np.repeat(truth[:1], len(boxes), axis=0), truth[1:]))
    assert np.mean(tracked) > TOY_AUC
    assert np.mean(tracked) > np.mean(still) + 0.1


@pytest.mark.slow
@pytest.mark.skipif(not SHIPPED.is_file(), reason=f"needs the network {SHIPPED.name}")
def test_the_shipped_network_tracks_a_real_sequence(shared: Path) -> None:
    (sequence,) = select(get_dataset(f"folder:{shared / 'data' / 'dev_sequences'}"), REAL_SEQUENCE)
    tracked = track_sequence(Tracker("dimp", "dimp_ncep_mobile", device="cpu"), sequence)
    assert _auc(tracked.boxes, sequence.ground_truth) > REAL_AUC
