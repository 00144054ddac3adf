import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ltr.admin.loading import sha256
from pytracking import Tracker
from pytracking.evaluation.tracker import override
from pytracking.parameter.dimp.base import DiMPParams, MemoryParams, RefinementParams
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import write_small_network

BOX = (60.0, 40.0, 32.0, 28.0)
FRAME = noise_picture(0, 200, 150)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_small_network(tmp_path_factory.mktemp("networks") / "small.safetensors"))


@pytest.fixture(scope="module")
def tracker(path: str) -> Tracker:
    return Tracker("dimp", path, device="cpu")


@pytest.mark.parametrize(
    ("frame", "found"),
    [
        (FRAME.astype(np.float32), r"float32 \[150, 200, 3\]"),
        (FRAME[..., 0], r"uint8 \[150, 200\]"),
        (np.zeros((10, 10, 4), np.uint8), r"uint8 \[10, 10, 4\]"),
        (np.zeros((0, 10, 3), np.uint8), r"uint8 \[0, 10, 3\]"),
        (None, "NoneType"),
        (torch.zeros(10, 10, 3, dtype=torch.uint8), "Tensor"),
    ],
)
def test_frames_of_another_kind(tracker: Tracker, frame: Any, found: str) -> None:
    message = rf"frame: expected a numpy array, uint8 \[H, W, 3\] RGB, got {found}"
    with pytest.raises(ValueError, match=message):
        tracker.initialize(frame, BOX)
    tracker.initialize(FRAME, BOX)
    with pytest.raises(ValueError, match=message):
        tracker.track(frame)
    assert np.isfinite(tracker.track(FRAME).box).all()  # the error did no harm


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ((1, 2, 3), "expected four finite numbers"),
        ((1, 2, float("nan"), 4), "expected four finite numbers"),
        ((float("inf"), 2, 3, 4), "expected four finite numbers"),
        ((1, 2, 0, 4), "expected a width and height above 0"),
        ((1, 2, 3, -4), "expected a width and height above 0"),
        ((200, 2, 30, 40), "lies outside the 200 x 150 frame"),
        ((20, -40, 30, 40), "lies outside the 200 x 150 frame"),
    ],
)
def test_boxes_of_another_kind(tracker: Tracker, box: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^box: .*{message}"):
        tracker.initialize(FRAME, box)


@pytest.mark.parametrize("box", [[60, 40, 32, 28], np.array(BOX), np.array(BOX, dtype=np.float32), (-10.5, -4, 30, 40)])
def test_boxes_of_every_number_type(tracker: Tracker, box: Any) -> None:
    tracker.initialize(FRAME, box)
    output = tracker.track(FRAME)
    assert all(type(value) is float for value in (*output.box, output.score))
    assert output.state in ("tracking", "uncertain", "lost")


def test_track_before_initialize(path: str) -> None:
    with pytest.raises(ValueError, match="track was called before initialize"):
        Tracker("dimp", path, device="cpu").track(FRAME)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("damp", "dimp_ncep_mobile"), r"unknown tracker 'damp'; known are dimp"),
        (("dimp", "nix"), r"unknown parameters 'nix' of tracker dimp; known are dimp_ncep_mobile.*\.safetensors"),
    ],
)
def test_unknown_names_list_what_exists(arguments: tuple[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Tracker(*arguments)


def test_missing_network_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.safetensors is missing"):
        Tracker("dimp", str(tmp_path / "gone.safetensors"))


@pytest.mark.parametrize("device", ["toaster", "cuda:77"])
def test_unusable_device(path: str, device: str) -> None:
    with pytest.raises(ValueError, match=f"device '{device}' cannot be used here"):
        Tracker("dimp", path, device=device)


def test_overrides_are_nested_and_change_nothing_else(path: str) -> None:
    tracker = Tracker(
        "dimp", path, device="cpu", max_outside=1, refinement={"num_boxes": 3}, memory=MemoryParams(size=40)
    )
    expected = DiMPParams(
        network=path, max_outside=1, refinement=RefinementParams(num_boxes=3), memory=MemoryParams(size=40)
    )
    assert tracker.params == expected
    assert DiMPParams(network=path).refinement == RefinementParams()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": 1}, "unknown parameter colour; known are network, "),
        ({"refinement": {"num_box": 3}}, "unknown parameter refinement.num_box; known are enabled, num_boxes"),
        ({"refinement": 3}, "parameter refinement: expected RefinementParams, got 3"),
        ({"memory": {"size": "40"}}, "parameter memory.size: expected int, got '40'"),
        ({"memory": {"learning_rate": None}}, "parameter memory.learning_rate: expected float, got None"),
        ({"max_outside": {"a": 1}}, "parameter max_outside: expected float"),
    ],
)
def test_broken_overrides_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        override(DiMPParams(network="x"), changes)


def test_override_makes_a_copy() -> None:
    params = DiMPParams(network="x")
    assert override(params, {"memory": {"size": 70}}) == replace(params, memory=replace(params.memory, size=70))
    assert params == DiMPParams(network="x")


def test_same_seed_same_boxes(path: str) -> None:
    frames = [noise_picture(seed, 200, 150) for seed in (0, 0, 1, 2)]

    def run(tracker: Tracker) -> list[object]:
        tracker.initialize(frames[0], BOX)
        return [tracker.track(frame) for frame in frames[1:]]

    always = {"not_found_threshold": -1e9, "uncertain_threshold": -1e9, "distractor_ratio": 1e9}
    first, again, other = (Tracker("dimp", path, "cpu", seed=seed, localization=always) for seed in (5, 5, 6))
    expected = run(first)
    assert run(again) == expected
    assert run(first) == expected  # initialised again, it is as new
    assert run(other) != expected


def test_stamp_tells_everything_a_result_depends_on(path: str) -> None:
    tracker = Tracker("dimp", path, device="cpu", seed=9, accelerator="torch", precision="bf16", memory={"size": 33})
    stamp = tracker.stamp()
    assert json.loads(json.dumps(stamp)) == stamp
    assert (stamp["tracker"], stamp["parameter"], stamp["seed"], stamp["device"]) == ("dimp", path, 9, "cpu")
    assert stamp["settings"]["memory"]["size"] == 33
    assert stamp["network_sha256"] == sha256(Path(path))
    assert stamp["versions"]["torch"] == torch.__version__
    assert (stamp["accelerator"], stamp["precision"]) == ("torch", "bf16")


def test_threads_are_set(path: str) -> None:
    before = torch.get_num_threads()
    try:
        assert Tracker("dimp", path, device="cpu", threads=3).stamp()["threads"] == 3
    finally:
        torch.set_num_threads(before)
