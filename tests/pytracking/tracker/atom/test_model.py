"""ATOM as a family of trackers: its network, saved states, a real video."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torchvision

from ltr.models.build import build_network
from ltr.models.tracking.settings import ClassifierSettings, DiMPnetSettings
from ltr.models.weights import NetworkCard, save_network
from ltr.utils.errors import InputError
from pytracking import Tracker
from pytracking.analysis.metrics import iou
from pytracking.evaluation.datasets.demo import demo_sequence
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import SMALL, small_network

ATOM = DiMPnetSettings(backbone="resnet18", frozen_layers=(), classifier=ClassifierSettings(objective="online"))

# Danelljan et al., section 3.2, as published: the box branch's convolutions and fully connected layers.
CONVOLUTIONS = {
    "conv3_1r": (128, 128, 3),
    "conv3_1t": (256, 128, 3),
    "conv3_2t": (256, 256, 3),
    "fc3_1r": (256, 128, 3),
    "conv4_1r": (256, 256, 3),
    "conv4_1t": (256, 256, 3),
    "conv4_2t": (256, 256, 3),
    "fc34_3r": (256, 512, 1),
    "fc34_4r": (256, 512, 1),
}
LINEAR = {"fc3_rt": (256, 256 * 25), "fc4_rt": (256, 256 * 9)}


def _norm(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    parts = dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (channels,))
    return {f"{name}.{part}": shape for part, shape in (parts | {"num_batches_tracked": ()}).items()}


def _published() -> dict[str, tuple[int, ...]]:
    """Names and shapes of a checkpoint of ATOM, but for what no part of it uses: layer4 and fc of its ResNet-18."""
    full = torchvision.models.resnet18(weights=None).state_dict()
    expected = {
        f"feature_extractor.{name}": tuple(value.shape)
        for name, value in full.items()
        if not name.startswith(("layer4", "fc"))
    }
    branch: dict[str, tuple[int, ...]] = {"iou_predictor.weight": (1, 512), "iou_predictor.bias": (1,)}
    for name, (out, channels, side) in CONVOLUTIONS.items():
        branch |= {f"{name}.0.weight": (out, channels, side, side), f"{name}.0.bias": (out,), **_norm(f"{name}.1", out)}
    for name, shape in LINEAR.items():
        branch |= {f"{name}.linear.weight": shape, f"{name}.linear.bias": shape[:1], **_norm(f"{name}.bn", shape[0])}
    return expected | {f"bb_regressor.{name}": shape for name, shape in branch.items()}


def test_the_network_has_the_published_names_and_shapes() -> None:
    found = {name: tuple(value.shape) for name, value in build_network(ATOM).state_dict().items()}
    assert found == _published()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small network without a classifier, whose box branch predicts overlaps."""
    settings = replace(SMALL, classifier=ClassifierSettings(objective="online"))
    network, whole = build_network(settings).eval(), small_network().state_dict()
    network.load_state_dict({name: whole[name] for name in network.state_dict()})
    file = tmp_path_factory.mktemp("networks") / "atom.safetensors"
    save_network(network, settings, file, NetworkCard(box_branch_predicts="overlap"))
    return str(file)


FRAME, BOX = noise_picture(0, 200, 150), (60.0, 40.0, 32.0, 28.0)


def test_a_network_without_classifier_is_for_atom(path: str) -> None:
    tracker = Tracker("atom", path, accelerator="torch")
    tracker.initialize(FRAME, BOX)
    output = tracker.track(FRAME)
    assert output.state == "tracking"
    assert iou(np.array([output.box]), np.array([BOX]))[0] > 0.5
    assert tracker.stamp()["settings"]["refinement"]["method"] == "overlap_ascent"
    with pytest.raises(InputError, match=r"atom\.safetensors: has no classifier of its own; it is for tracker atom$"):
        Tracker("dimp", path)


def test_a_restored_tracker_goes_on_bit_by_bit(tmp_path: Path) -> None:
    frames = list(islice(demo_sequence().open(), 14))
    tracker, other = (Tracker("atom", "atom_mobile", accelerator="torch") for _ in range(2))
    tracker.initialize(frames[0], demo_sequence().first_box)
    for frame in frames[1:5]:
        tracker.track(frame)
    tracker.save(tmp_path / "running.safetensors")
    expected = [tracker.track(frame) for frame in frames[5:]]  # an update of the filter among them
    other.restore(tmp_path / "running.safetensors")
    assert [other.track(frame) for frame in frames[5:]] == expected


def test_it_follows_a_real_video() -> None:
    sequence = demo_sequence()
    tracker = Tracker("atom", "atom_mobile")  # with the accelerator of this machine
    frames = list(islice(sequence.open(), sequence.start, sequence.start + 25))
    tracker.initialize(frames[0], sequence.first_box)
    outputs = [tracker.track(frame) for frame in frames[1:]]
    assert {output.state for output in outputs} == {"tracking"}
    truth = sequence.ground_truth[sequence.start + 1 :][: len(outputs)]
    known = np.isfinite(truth).all(axis=1)  # every tenth
    assert iou(np.array([output.box for output in outputs])[known], truth[known]).min() > 0.6


def test_the_state_of_another_classifier_is_refused(path: str) -> None:
    tracker = Tracker("atom", path, accelerator="torch")
    tracker.initialize(FRAME, BOX)
    state = tracker.state_dict()
    state["filter"] = np.zeros((1, 112, 4, 4), np.float32)  # DiMP's
    with pytest.raises(
        InputError, match=r"filter: expected finite float32 \[1, 64, 128\], got float32 \[1, 112, 4, 4\]"
    ):
        tracker.load_state_dict(state)
