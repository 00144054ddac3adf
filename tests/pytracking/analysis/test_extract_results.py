from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pytracking.analysis.extract_results import evaluate, weighted_mean
from pytracking.analysis.protocols import PROTOCOLS, exclude_unusable_frames
from pytracking.analysis.sources import AnalysisError, find_tracker, truth_folder
from pytracking.evaluation.results import ResultInfo, write_result
from pytracking.tracker.base.run_info import RunInfo

Write = Callable[..., Path]
OTB = PROTOCOLS["otb"]


def test_scores_are_means_over_sequences_in_percent(write_boxes: Write, boxes: np.ndarray) -> None:
    truths = truth_folder(write_boxes("gt", a=boxes, b=boxes[:20]))
    shifted = boxes[:20] + np.array([0, 100, 0, 0])
    evaluation = evaluate([find_tracker("x", write_boxes("x", a=boxes, b=shifted))], truths, OTB)
    scores, rows = evaluation.trackers[0].overall, evaluation.trackers[0].per_sequence
    assert rows["auc"] == pytest.approx([100 * 20 / 21, 100 * 20 / 21 / 20])  # the first box of b is the truth
    assert scores["auc"] == pytest.approx([rows["auc"].mean()])
    assert scores["precision"] == pytest.approx([(100 + 5) / 2])
    assert evaluation.notes == ()


def test_got10k_averages_over_frames(write_boxes: Write, boxes: np.ndarray) -> None:
    truths = truth_folder(write_boxes("gt", a=boxes, b=boxes[:11]))
    tracker = find_tracker("x", write_boxes("x", a=boxes, b=boxes[:11] + np.array([0, 100, 0, 0])))
    evaluation = evaluate([tracker], truths, PROTOCOLS["got10k"])
    scores = evaluation.trackers[0]
    assert scores.overall["ao"] == pytest.approx([100 * 39 / 49])
    assert weighted_mean(scores.curves["success"][:, 50], scores.weights) == pytest.approx(100 * 39 / 49)


def test_repeats_are_averaged_and_runs_are_kept(write_boxes: Write, boxes: np.ndarray) -> None:
    truths = truth_folder(write_boxes("gt", a=boxes))
    away = boxes + np.array([0, 100, 0, 0])
    write_boxes("repeats/a", a_001=boxes, a_002=away)
    write_boxes("runs/1", a=boxes), write_boxes("runs/2", a=away)
    trackers = [find_tracker(name, write_boxes(name)) for name in ("repeats", "runs")]
    repeats, runs = (t.overall["precision"] for t in evaluate(trackers, truths, OTB).trackers)
    assert repeats == pytest.approx([(100 + 2.5) / 2])
    assert runs == pytest.approx([100, 2.5])


def test_speed_is_frames_over_seconds(write_boxes: Write, boxes: np.ndarray) -> None:
    truths = truth_folder(write_boxes("gt", a=boxes, b=boxes))
    folder = write_boxes("x", a=boxes, b=boxes, a_time=np.full((40, 1), 0.01), b_time=np.full((40, 1), 0.03))
    assert evaluate([find_tracker("x", folder)], truths, OTB).trackers[0].fps == pytest.approx(50)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_times_that_are_none_are_left_out_and_told(write_boxes: Write, boxes: np.ndarray, bad: float) -> None:
    truths = truth_folder(write_boxes("gt", a=boxes, b=boxes))
    times = np.full((40, 1), 0.01)
    times[3] = bad
    folder = write_boxes("x", a=boxes, b=boxes, a_time=times, b_time=np.full((40, 1), 0.02))
    scores = evaluate([find_tracker("x", folder)], truths, OTB)
    assert scores.trackers[0].fps == pytest.approx(50)
    assert any("no time (negative, NaN, infinite), left out of the FPS" in note for note in scores.notes)


def test_speed_of_got10k_results_is_in_their_own_places(write_boxes: Write, boxes: np.ndarray) -> None:
    truths = truth_folder(write_boxes("gt", a=boxes))
    write_boxes("otb/times", a_time=np.full((40, 1), 0.01))
    write_boxes("val/a", a_001=boxes, a_002=boxes, a_time=np.tile([0.01, 0.03], (40, 1)))
    for folder, fps in ((write_boxes("otb", a=boxes), 100), (write_boxes("val"), 50)):
        assert evaluate([find_tracker("x", folder)], truths, OTB).trackers[0].fps == pytest.approx(fps)


def test_all_problems_come_in_one_message(write_boxes: Write, boxes: np.ndarray) -> None:
    truths = truth_folder(write_boxes("gt", a=boxes, b=boxes, c=boxes, d=boxes))
    folder = write_boxes("x", a=boxes[:30], b=boxes, d=boxes * [1, 1, -1, 1], other=boxes)
    (folder / "b.txt").write_text("1,2,3\n")
    with pytest.raises(AnalysisError) as caught:
        evaluate([find_tracker("x", folder), find_tracker("y", write_boxes("y", a=boxes))], truths, OTB)
    lines = str(caught.value).splitlines()
    assert lines[0] == "7 problems:"
    assert "a.txt: 30 rows for the 40 frames of a" in lines[1]
    assert "b.txt:1: expected four numbers" in lines[2]
    assert "d.txt:1: a negative size" in lines[3]
    assert lines[4].endswith("x: no result for c (unmatched files: other)")
    assert [line.rsplit("y: ", 1)[1] for line in lines[5:]] == [f"no result for {name}" for name in "bcd"]


def test_what_is_there_is_scored_on_request_and_what_is_not_is_said(write_boxes: Write, boxes: np.ndarray) -> None:
    truths = truth_folder(write_boxes("gt", a=boxes, b=boxes, c=boxes))
    x = find_tracker("x", write_boxes("x", a=boxes, b=boxes[:30], c=boxes))
    y = find_tracker("y", write_boxes("y", a=boxes, b=boxes))
    evaluation = evaluate([x, y], truths, OTB, allow_missing=True)
    assert evaluation.sequences == ("a", "b")
    assert evaluation.trackers[0].overall["precision"] == pytest.approx([(100 + 75) / 2])
    assert evaluation.notes == (
        "INCOMPLETE: scored on 2 of 3 sequences",
        "x: results end early, the missing frames count as boxes without area (1)",
        "y: no result for c",
    )
    with pytest.raises(AnalysisError, match="no sequence has a result of every tracker"):
        evaluate([find_tracker("z", write_boxes("z", q=boxes))], truths, OTB, allow_missing=True)


def test_tolerated_irregularities_are_noted(write_boxes: Write, boxes: np.ndarray) -> None:
    truths = truth_folder(write_boxes("gt", a=boxes, b=boxes, c=boxes))
    holes = boxes.copy()
    holes[3] = np.nan
    folder = write_boxes("x", a=boxes[:-1], b=np.vstack([boxes, boxes[-1]]), c=holes)
    assert evaluate([find_tracker("x", folder)], truths, OTB).notes == (
        "x: results end early, the missing frames count as boxes without area (1)",
        "x: results longer than the truth, cut (1)",
        "x: results with NaN rows, scored as boxes without area (1)",
    )


def test_files_of_no_sequence_are_named(write_boxes: Write, boxes: np.ndarray) -> None:
    truths = truth_folder(write_boxes("gt", a=boxes))
    names = {f"other{i}": boxes for i in range(4)}
    (note,) = evaluate([find_tracker("x", write_boxes("x", a=boxes, **names))], truths, OTB).notes
    assert note == "x: files of no sequence scored here, left out: other0, other1, other2, ... (4)"


def test_a_stamp_that_cannot_be_read_is_a_problem(write_boxes: Write, boxes: np.ndarray) -> None:
    truths, folder = truth_folder(write_boxes("gt", a=boxes)), write_boxes("x", a=boxes)
    (folder / "a.json").write_text("{")
    with pytest.raises(AnalysisError, match=r"a\.json: not JSON"):
        evaluate([find_tracker("x", folder)], truths, OTB)


def test_lasot_without_flags_of_absence_is_noted(write_boxes: Write, boxes: np.ndarray) -> None:
    truth, flags = write_boxes("gt", a=boxes), write_boxes("absent")
    (flags / "a.txt").write_text("0\n" * 40)
    tracker = find_tracker("x", write_boxes("x", a=boxes))
    (note,) = evaluate([tracker], truth_folder(truth), PROTOCOLS["lasot"]).notes
    assert "no flags of absence" in note
    assert evaluate([tracker], truth_folder(truth, flags), PROTOCOLS["lasot"]).notes == ()


def test_a_longer_result_is_cut_only_on_lasot(write_boxes: Write, boxes: np.ndarray) -> None:
    truths = truth_folder(write_boxes("gt", a=boxes[:20]))
    tracker = find_tracker("x", write_boxes("x", a=boxes))
    assert evaluate([tracker], truths, PROTOCOLS["lasot"]).trackers[0].overall["precision"] == [100]
    with pytest.raises(AnalysisError, match="40 rows for the 20 frames of a"):
        evaluate([tracker], truths, OTB)


@pytest.mark.parametrize("allow_missing", [False, True])
def test_a_truth_of_one_row_is_no_sequence_of_one_frame(
    write_boxes: Write, boxes: np.ndarray, allow_missing: bool
) -> None:
    truths = truth_folder(write_boxes("gt", a=boxes, b=boxes[:1]))
    tracker = find_tracker("x", write_boxes("x", a=boxes + np.array([0, 100, 0, 0]), b=boxes))
    evaluation = evaluate([tracker], truths, OTB, allow_missing)
    assert evaluation.sequences == ("a",)
    assert evaluation.notes == ("sequences whose truth is only the first box, left out: b (1)",)
    with pytest.raises(AnalysisError, match="only the first box, left out: b"):
        evaluate([tracker], truth_folder(write_boxes("alone", b=boxes[:1])), OTB)


def test_coordinates_that_the_rules_call_unusable_are_noted(write_boxes: Write, boxes: np.ndarray) -> None:
    at_edge = boxes.copy()
    at_edge[3:7, 0], at_edge[8] = -3, 0  # the last one has no size
    truths, tracker = truth_folder(write_boxes("gt", a=at_edge)), find_tracker("x", write_boxes("x", a=at_edge))
    (note,) = evaluate([tracker], truths, OTB).notes
    assert note == "frames with a true x or y <= 0, which by the rules of otb no box hits (4)"
    assert evaluate([tracker], truths, PROTOCOLS["folder"]).notes == ()


@pytest.mark.parametrize("name", ["uav", "nfs"])
def test_no_percentage_is_above_100_and_what_is_too_high_is_noted(
    write_boxes: Write, boxes: np.ndarray, name: str
) -> None:
    holes = boxes.copy()
    holes[10:20] = 0
    protocol = exclude_unusable_frames(PROTOCOLS[name])
    tracker = find_tracker("x", write_boxes("x", a=boxes))
    evaluation = evaluate([tracker], truth_folder(write_boxes("gt", a=holes)), protocol)
    scores = evaluation.trackers[0].overall
    assert scores["precision"] == pytest.approx([100])
    assert scores["norm_precision"] == pytest.approx([100])
    (note,) = evaluation.notes
    assert note.endswith("these are too high (10)")


def test_a_stamp_beside_other_boxes_is_noted(write_boxes: Write, boxes: np.ndarray) -> None:
    truths, folder = truth_folder(write_boxes("gt", a=boxes)), write_boxes("x")
    write_result(folder, "a", boxes, [0.1] * 40, [1.0] * 40, ["tracking"] * 40, ResultInfo(RunInfo(seed=0)))
    assert evaluate([find_tracker("x", folder)], truths, OTB).notes == ()
    write_boxes("x", a=boxes + 1)
    (note,) = evaluate([find_tracker("x", folder)], truths, OTB).notes
    assert note.startswith("x: results that their stamps were not written with")
