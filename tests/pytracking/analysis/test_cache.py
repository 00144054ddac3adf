from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pytracking.analysis import extract_results
from pytracking.analysis.cache import Cache
from pytracking.analysis.extract_results import Evaluation, evaluate
from pytracking.analysis.metrics import METRICS
from pytracking.analysis.protocols import PROTOCOLS
from pytracking.analysis.sources import AnalysisError, TrackerResults, find_tracker, from_memory, truth_folder

Write = Callable[..., Path]
OTB = PROTOCOLS["otb"]


@pytest.fixture
def tracker(write_boxes: Write, boxes: np.ndarray) -> TrackerResults:
    return find_tracker("x", write_boxes("x", a=boxes, b=boxes[:-1], a_time=np.full((40, 1), 0.01)))


def same(first: Evaluation, second: Evaluation) -> bool:
    scores = [e.trackers[0].overall for e in (first, second)]
    equal = all((scores[0][name] == scores[1][name]).all() for name in scores[0])
    rest = [(e.protocol, e.sequences, e.notes, e.trackers[0].fps, e.trackers[0].trained_on) for e in (first, second)]
    return equal and rest[0] == rest[1]


def test_a_second_evaluation_reads_no_numbers_and_is_the_same(
    write_boxes: Write, boxes: np.ndarray, tracker: TrackerResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth, cache = truth_folder(write_boxes("gt", a=boxes, b=boxes, c=boxes)), Cache(tmp_path / "cache")
    (tracker.runs[0].folder / "a.json").write_text('{"trained_on": true}')
    first = evaluate([tracker], truth, OTB, allow_missing=True, cache=cache)
    monkeypatch.setattr(extract_results, "_compute", None)  # calling it would fail
    assert same(first, evaluate([tracker], truth, OTB, allow_missing=True, cache=cache))
    assert first.trackers[0].fps == pytest.approx(100)
    assert first.trackers[0].trained_on == ("a",)


def test_any_change_of_content_rules_or_metrics_is_noticed(
    write_boxes: Write, boxes: np.ndarray, tracker: TrackerResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, truth = Cache(tmp_path / "cache"), write_boxes("gt", a=boxes, b=boxes)

    def stored() -> int:
        evaluate([tracker], truth_folder(truth), OTB, cache=cache)
        return len(list((tmp_path / "cache").iterdir()))

    assert stored() == stored() == 1
    write_boxes("x", a=boxes + 1)
    assert stored() == 2
    write_boxes("gt", b=boxes + 1)
    assert stored() == 3
    write_boxes("x", a_time=np.full((40, 1), 0.02))
    assert stored() == 4
    (tracker.runs[0].folder / "a.json").write_text('{"trained_on": true}')
    assert stored() == 5
    evaluate([tracker], truth_folder(truth), PROTOCOLS["pysot"], allow_missing=True, cache=cache)
    assert stored() == 6
    monkeypatch.setitem(METRICS, "op90", METRICS["op75"])
    assert stored() == stored() == 7


def test_problems_are_not_kept(write_boxes: Write, boxes: np.ndarray, tracker: TrackerResults, tmp_path: Path) -> None:
    truth, cache = truth_folder(write_boxes("gt", a=boxes, b=boxes, c=boxes)), Cache(tmp_path / "cache")
    for _ in range(2):
        with pytest.raises(AnalysisError, match="no result for c"):
            evaluate([tracker], truth, OTB, cache=cache)
    assert not cache.folder.exists()


def test_truth_in_memory_is_told_apart_by_its_numbers(write_boxes: Write, boxes: np.ndarray) -> None:
    truths = truth_folder(write_boxes("gt", a=boxes)).load()
    other = truth_folder(write_boxes("gt", a=boxes + 1)).load()
    assert from_memory(truths).digest() == from_memory(truths).digest() != from_memory(other).digest()


def test_several_processes_find_what_one_finds(
    write_boxes: Write, boxes: np.ndarray, tracker: TrackerResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = truth_folder(write_boxes("gt", a=boxes, b=boxes))
    trackers = [tracker, find_tracker("y", write_boxes("y", a=boxes + 5, b=boxes))]
    alone = evaluate(trackers, truth, OTB)
    monkeypatch.setattr(extract_results, "_WORTH_A_PROCESS", 1)
    assert same(alone, evaluate(trackers, truth, OTB, processes=2))


def test_a_damaged_file_is_made_anew(
    write_boxes: Write, boxes: np.ndarray, tracker: TrackerResults, tmp_path: Path
) -> None:
    truth, cache = truth_folder(write_boxes("gt", a=boxes, b=boxes[:1])), Cache(tmp_path / "cache")
    first = evaluate([tracker], truth, OTB, cache=cache)
    (path,) = cache.folder.iterdir()
    assert same(first, evaluate([tracker], truth, OTB, cache=cache))
    assert first.notes  # b is left out: kept as well
    path.write_bytes(path.read_bytes()[:100])
    assert same(first, evaluate([tracker], truth, OTB, cache=cache))
    assert cache.load(path) is not None
