"""Search area and crop side of the network, changed by parameters of the tracker."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ltr.utils.errors import InputError
from pytracking import Tracker
from pytracking.tracker.dimp.debug import DebugRecorder
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import write_small_network

BOX = (60.0, 40.0, 32.0, 28.0)
ALWAYS = {"not_found_threshold": -1e9, "uncertain_threshold": -1e9, "distractor_ratio": 1e9}  # never lost


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_small_network(tmp_path_factory.mktemp("networks") / "small.safetensors"))


def test_search_area_and_crop_side_are_the_card_s_unless_they_are_given(path: str, tmp_path: Path) -> None:
    frame, plain = noise_picture(0, 200, 150), Tracker("dimp", path, "cpu", localization=ALWAYS)
    other = Tracker("dimp", path, "cpu", localization=ALWAYS, search_area=3, crop_side=192)
    sides = []
    for tracker in (plain, other):
        tracker.initialize(frame, BOX)
        tracker.debug = recorder = DebugRecorder()
        tracker.track(frame)
        assert recorder.frame is not None
        assert recorder.frame.scores is not None
        sides.append((len(recorder.frame.crop), len(recorder.frame.scores)))
    assert sides == [(128, 9), (192, 13)]
    plain.save(tmp_path / "plain.safetensors")
    with pytest.raises(ValueError, match="with another settings"):
        other.restore(tmp_path / "plain.safetensors")


def test_the_border_is_the_card_s_unless_it_is_given(path: str) -> None:
    frame, corner = noise_picture(0, 200, 150), (2.0, 100.0, 32.0, 28.0)
    crops = []
    for changes in ({}, {"crop_mode": "inside_major"}, {"crop_mode": "inside_major", "max_shrink": 1.0}):
        tracker = Tracker("dimp", path, "cpu", localization=ALWAYS, **changes)
        tracker.initialize(frame, corner)
        tracker.debug = recorder = DebugRecorder()
        tracker.track(frame)
        assert recorder.frame is not None
        crops.append(recorder.frame.crop)
    border = [(np.diff(crop[:, :8].astype(int), axis=1) == 0).all() for crop in crops]
    assert border == [True, False, False]  # only "replicate" repeats the picture's left column


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crop_side": 200}, "parameters: crop_side: expected a multiple of 16, got 200"),
        (
            {"crop_side": 8192, "search_area": 0.5},
            "search_area: expected more than 1, .*; crop_side: expected 64 to",
        ),
        ({"crop_mode": "mirror"}, "crop_mode: expected one of replicate, inside, inside_major or null, got 'mirror'"),
        ({"max_shrink": 0.5}, "max_shrink: expected at least 1, got 0.5"),
        ({"crop_side": 192.5}, "crop_side: expected a whole number or null, got 192.5"),
    ],
)
def test_crops_that_cannot_be_are_told(path: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Tracker("dimp", path, "cpu", **changes)
