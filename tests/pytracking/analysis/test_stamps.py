import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ltr.utils.errors import InputError
from pytracking.analysis.sources import ResultRun, TrackerResults, find_tracker
from pytracking.analysis.stamps import check_runs, describe_run, notes_on_runs

STAMP = {
    "device": "cpu",
    "settings": {"top_k": 3},
    "tracker": "dimp",
    "versions": {"numpy": "2.4", "torch": "2.14"},
    "seed": 0,
}


@pytest.fixture
def run(write_boxes: Callable[..., Path], boxes: np.ndarray) -> ResultRun:
    return find_tracker("x", write_boxes("x", a=boxes, b=boxes)).runs[0]


def write(run: ResultRun, name: str, **changes: Any) -> None:
    (run.folder / f"{name}.json").write_text(json.dumps({**STAMP, "sequence": {"rows": name}, **changes}))


def test_a_run_is_described_by_what_all_its_stamps_say(run: ResultRun) -> None:
    write(run, "a"), write(run, "b", trained_on=True)
    stamp = describe_run(run)
    assert list(stamp.facts.items()) == [
        ("tracker", "dimp"), ("device", "cpu"), ("seed", "0"), ("versions", "numpy 2.4, torch 2.14")
    ]  # fmt: skip
    assert json.loads(stamp.settings) == {"top_k": 3}


def test_stamps_that_differ_or_are_missing_are_told(run: ResultRun) -> None:
    assert describe_run(run).facts == {"stamp": "none beside the results"}
    write(run, "a")
    assert describe_run(run).facts["stamps"] == "beside 1 of 2 results"
    write(run, "b", seed=1)
    assert describe_run(run).facts["not one run"].startswith("the stamps of 1 of 2 results differ")


@pytest.fixture
def two_runs(write_boxes: Callable[..., Path], boxes: np.ndarray) -> TrackerResults:
    folders = [write_boxes(f"x_00{i}", a=boxes, b=boxes) for i in range(2)]
    return find_tracker("X", folders[0].parent / "x")


def test_runs_of_other_seeds_have_a_mean(two_runs: TrackerResults) -> None:
    for seed, run in enumerate(two_runs.runs):
        write(run, "a", seed=seed), write(run, "b", seed=seed)
    check_runs(two_runs)
    assert notes_on_runs(two_runs) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"settings": {"top_k": 4}}, r"settings\.top_k is 3 in x_000, 4 in x_001"),
        ({"settings": {"top_k": 3, "more": {"x": 1}}}, r"settings\.more\.x is None in x_000, 1 in x_001"),
        ({"tracker": "siamese"}, "tracker is dimp in x_000, siamese in x_001"),
        ({"realtime": {"fps": 30, "latency": None}}, r"realtime\.fps is None in x_000, 30 in x_001"),
    ],
)
def test_runs_of_other_settings_are_refused(two_runs: TrackerResults, changes: dict[str, Any], said: str) -> None:
    write(two_runs.runs[0], "a"), write(two_runs.runs[1], "a", **changes)
    with pytest.raises(InputError, match=rf"^X: its 2 runs differ .*: {said}\. .*--results x_000=\S+ x_001="):
        check_runs(two_runs)


def test_an_older_stamp_differs_in_nothing_that_it_does_not_say(two_runs: TrackerResults) -> None:
    write(two_runs.runs[0], "a", network_sha256="12", parameter="here/net.safetensors")
    write(two_runs.runs[1], "a", settings=None, parameter="there/net.safetensors")
    check_runs(two_runs)


def test_another_machine_and_results_of_several_runs_are_noted(two_runs: TrackerResults) -> None:
    write(two_runs.runs[0], "a", network_sha256="34"), write(two_runs.runs[1], "a", device="cuda", network_sha256="12")
    write(two_runs.runs[0], "b", settings={"top_k": 4})
    check_runs(two_runs)
    assert notes_on_runs(two_runs) == [
        "X: NOT ONE RUN: the results in x_000 differ in settings.top_k",
        "X: its runs differ in network_sha256: 34 in x_000, 12 in x_001; device: cpu in x_000, cuda in x_001",
    ]
