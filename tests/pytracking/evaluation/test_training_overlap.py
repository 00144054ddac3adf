import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from pytracking.evaluation.datasets.registry import get_dataset
from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.evaluation.running import run_sequence
from pytracking.evaluation.training_overlap import trained_on
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.base.run_info import RunInfo
from tests.fakes.trackers import FakeTracker
from tests.fakes.videos import write_sequence


def sequence(dataset: str, name: str) -> Sequence:
    return Sequence(name, dataset, np.ones((1, 4)), lambda: None)  # type: ignore[arg-type,return-value]


SHIPPED = RunInfo(settings={"network": "dimp_ncep_mobile"})


@pytest.mark.parametrize(
    ("dataset", "name"), [("vot", "ball3"), ("uavdt", "S0310"), ("folder", "VOT_ball3"), ("vot", "ball3@0-99")]
)
def test_training_sequences_are_found_under_the_names_of_benchmarks(dataset: str, name: str) -> None:
    assert trained_on(SHIPPED, sequence(dataset, name))


@pytest.mark.parametrize(("dataset", "name"), [("otb", "Girl"), ("uavdt", "S0601"), ("uav", "boat5"), ("otb", "ball3")])
def test_other_sequences_are_not(dataset: str, name: str) -> None:
    assert not trained_on(SHIPPED, sequence(dataset, name))  # S0601 was held out for validation


def test_a_tracker_without_a_network_or_a_list_was_trained_on_nothing(tmp_path: Path) -> None:
    assert not trained_on(RunInfo(tracker="csrt"), sequence("vot", "ball3"))
    (tmp_path / "own.json").write_text('{"network": {}}')
    own = RunInfo(settings={"network": str(tmp_path / "own.safetensors")})
    assert not trained_on(own, sequence("vot", "ball3"))


@dataclass(frozen=True)
class OwnNetwork:
    """Builds a fake tracker whose stamp names the network ``path``."""

    path: str

    def __call__(self, config: TrackerConfig) -> FakeTracker:
        path = self.path

        class Trained(FakeTracker):
            def run_info(self) -> RunInfo:
                return replace(super().run_info(), settings={"network": path})

        return Trained()


def test_running_on_a_training_sequence_warns_and_marks_the_result(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    card = {"data": {"videos": {"sequences": [{"name": "seen"}]}, "pictures": {"pictures": 3}}}
    (tmp_path / "own.json").write_text(json.dumps(card))
    for name in ("seen", "unseen"):
        write_sequence(tmp_path / "data", name, frames=2, width=64)
    build = OwnNetwork(str(tmp_path / "own.safetensors"))
    with caplog.at_level(logging.WARNING):
        outcomes = [
            run_sequence(TrackerConfig(), s, tmp_path / "out", build_tracker=build)
            for s in get_dataset(f"folder:{tmp_path / 'data'}")
        ]
    assert [o.error for o in outcomes] == ["", ""]
    assert [r.getMessage() for r in caplog.records] == ["seen: the network was trained on this sequence"]
    stamps = {name: json.loads((tmp_path / "out" / f"{name}.json").read_text()) for name in ("seen", "unseen")}
    assert stamps["seen"]["trained_on"] is True
    assert "trained_on" not in stamps["unseen"]


def test_the_card_of_another_network_in_its_place_is_read(tmp_path: Path) -> None:
    card, network = tmp_path / "own.json", RunInfo(settings={"network": str(tmp_path / "own.safetensors")})
    for number, name in enumerate(("first", "second")):
        card.write_text(json.dumps({"data": {"videos": {"sequences": [{"name": name}]}}}))
        assert trained_on(replace(network, network_sha256=str(number)), sequence("folder", name))
    card.write_text('{"data": {"videos": {"sequences": [{}]}}}')
    with pytest.raises(ValueError, match=r"own\.json: its list of training sequences cannot be read"):
        trained_on(network, sequence("folder", "first"))
