import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytracking.analysis.sources import ResultRun, find_tracker
from pytracking.analysis.stamps import describe_run

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
