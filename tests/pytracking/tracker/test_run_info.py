"""What stamps say of a tracker: written and read as by older versions."""

import json
import platform

import cv2
import numpy as np
import pytest

from pytracking import Tracker
from pytracking.evaluation.results import ResultInfo
from pytracking.tracker.base.run_info import RunInfo

OLD = json.loads("""{
 "accelerator": "openvino", "device": "cpu", "network_sha256": "ab12", "parameter": "dimp_ncep_mobile",
 "precision": "f32", "seed": 3, "settings": {"class": "DiMPParams", "network": "dimp_ncep_mobile"},
 "sequence": {"dataset": "otb", "rows": 4}, "sha256": {"boxes": "00"}, "threads": 1, "tracker": "dimp",
 "trained_on": true, "versions": {"numpy": "2.0.0", "openvino": "2024.4", "python": "3.11.9", "torch": "2.11.0"}
}""")


@pytest.mark.parametrize("more", [{}, {"realtime": {"fps": 25.0, "latency": None}}, {"host": "old"}])
def test_an_old_stamp_is_read_and_written_as_it_was(more: dict[str, object]) -> None:
    result = ResultInfo.from_json({**OLD, **more})
    assert result.to_json() == {**OLD, **more}
    assert (result.sequence, result.trained_on, result.sha256) == ({"dataset": "otb", "rows": 4}, True, {"boxes": "00"})
    info = result.run
    assert info.to_json() == {key: OLD[key] for key in OLD.keys() - {"sequence", "sha256", "trained_on"}} | more
    assert info.summary() == ("device cpu, threads 1, accelerator openvino, precision f32, seed 3, network_sha256 ab12")
    assert info.differences(RunInfo.from_json({**OLD, "threads": 2, "versions": {}, "device": "cuda"})) == []
    assert info.differences(RunInfo.from_json({**OLD, "seed": 4, "settings": {"class": "B"}})) == ["settings", "seed"]
    newer = {**OLD["settings"], "search": "near", "new": {"a": 1}}
    assert info.differences(RunInfo.from_json({**OLD, "settings": newer})) == []


@pytest.mark.parametrize(
    ("now", "changes"),
    [
        ({"versions": {"torch": "9"}, "settings": {**OLD["settings"], "new": {"a": 1}}, "realtime": None}, []),
        (
            {"parameter": "a/b.safetensors", "settings": {**OLD["settings"], "network": "a/b.safetensors"}},
            [],
        ),  # of the same digest
        (
            {"seed": 4, "threads": 2, "device": "cuda", "precision": "bf16", "settings": {"class": "Others"}},
            [
                "device: there cpu, now cuda",
                "threads: there 1, now 2",
                "seed: there 3, now 4",
                "precision: there f32, now bf16",
                "settings.class: there DiMPParams, now Others",
            ],
        ),
        ({"settings": {**OLD["settings"], "search_area": 6.0}}, ["settings.search_area: there None, now 6.0"]),
        ({"network_sha256": "12" * 32}, ["network_sha256: there ab12, now 121212121212..."]),
    ],
)
def test_changes_are_those_of_choices(now: dict[str, object], changes: list[str]) -> None:
    assert RunInfo.from_json(OLD).changes(RunInfo.from_json({**OLD, **now})) == changes


@pytest.mark.usefixtures("same_threads")
def test_what_a_tracker_has_not_is_not_in_its_stamp() -> None:
    """Key by key what older versions wrote, so that their results count as finished."""
    assert Tracker("opencv", "mil", seed=4).stamp() == {
        "tracker": "opencv",
        "parameter": "mil",
        "device": "cpu",
        "threads": cv2.getNumThreads(),
        "seed": 4,
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "opencv": cv2.__version__,
        },
    }
