"""VOT's measures of result files: what is read of them, and that each number stands under its name."""

import json
from pathlib import Path

import numpy as np
import pytest

from ltr.utils.errors import InputError
from pytracking.analysis import longterm, vots
from pytracking.analysis.protocols import find_protocol
from pytracking.analysis.sources import find_tracker, truth_folder
from pytracking.analysis.vot_results import MEASURES, load_tracks, score_measure
from pytracking.evaluation.starts import anchors, name_of_start
from pytracking.run_analysis import main

OTB = find_protocol("otb")
TRUTH = np.column_stack([np.arange(60.0), np.arange(60.0), np.full(60, 20.0), np.full(60, 10.0)]) + 1


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Truth of six sequences, whose target is gone in frames 20 to 39, and a tracker that tells it in most of them."""
    rng = np.random.default_rng(0)
    for folder in ("truth", "boxes"):
        (tmp_path / folder).mkdir()
    for number, name in enumerate("abcdef"):
        truth, boxes = TRUTH.copy(), TRUTH + rng.normal(0, 2, (60, 4)) * [1, 1, 0.2, 0.2]
        truth[20:40] = np.nan
        boxes[50 - number :] += [60, 0, 0, 0]
        lost = [25 <= i < 36 + number for i in range(60)]
        np.savetxt(tmp_path / "truth" / f"{name}.txt", truth, delimiter=",")
        np.savetxt(tmp_path / "boxes" / f"{name}.txt", boxes, delimiter=",")
        rows = [f"{rng.uniform():.4f},{'lost' if gone else 'tracking'}\n" for gone in lost]
        (tmp_path / "boxes" / f"{name}_score.txt").write_text("".join(rows))
    return tmp_path / "truth", tmp_path / "boxes"


def test_confidence_and_absence_are_read_from_our_files(folders: tuple[Path, Path]) -> None:
    truth, boxes = folders
    track = load_tracks(find_tracker("x", boxes).runs[0], truth_folder(truth).load(), OTB)["a"]
    np.testing.assert_array_equal(track.visible, ~np.isin(np.arange(60), range(20, 40)))
    np.testing.assert_array_equal(track.reported, ~np.isin(np.arange(60), [0, *range(25, 36)]))
    scores = np.loadtxt(boxes / "a_score.txt", delimiter=",", usecols=0)
    np.testing.assert_array_equal(track.confidence, [0, *scores[1:]])
    assert (track.overlap[25:36] == 1).all()  # absence that is told


def test_confidence_of_pytracking_and_none_at_all(folders: tuple[Path, Path]) -> None:
    truth, boxes = folders
    for path in boxes.glob("*_score.txt"):
        path.unlink()
    truths = truth_folder(truth).load()
    (boxes / "a_object_presence_scores.txt").write_text("0.5\n" * 60)
    tracks = load_tracks(find_tracker("x", boxes).runs[0], truths, OTB)
    assert {name: track.confidence[1] for name, track in tracks.items()} == {"a": 0.5, **dict.fromkeys("bcdef", 1.0)}
    assert tracks["a"].reported[1:].all()
    (boxes / "a_object_presence_scores.txt").write_text("0.5\n" * 59)
    with pytest.raises(InputError, match=r"a_object_presence_scores\.txt: 59 rows for the 60 boxes of .*a\.txt"):
        load_tracks(find_tracker("x", boxes).runs[0], truths, OTB)


def test_results_of_tiger1_begin_at_its_sixth_frame(tmp_path: Path) -> None:
    truth = np.column_stack([np.arange(354.0), np.full(354, 5.0), np.full(354, 20.0), np.full(354, 10.0)]) + 1
    for folder in ("truth", "short", "whole"):
        (tmp_path / folder).mkdir()
        np.savetxt(tmp_path / folder / "Tiger1.txt", truth[5 if folder == "short" else 0 :], delimiter=",")
    truths = truth_folder(tmp_path / "truth").load()
    for folder in ("short", "whole"):
        track = load_tracks(find_tracker("x", tmp_path / folder).runs[0], truths, OTB)["Tiger1"]
        np.testing.assert_array_equal(track.overlap, [0.0] + [1.0] * 348)


def test_each_measure_stands_under_its_name(folders: tuple[Path, Path]) -> None:
    truth, boxes = folders
    tracker, truths = find_tracker("x", boxes), truth_folder(truth).load()
    tracks = load_tracks(tracker.runs[0], truths, OTB)
    scores = score_measure(MEASURES["vots"], tracker, truths, OTB)
    expected = 100 * np.mean([vots.measure(track) for track in tracks.values()], axis=0)
    assert [score.runs[0] for score in scores.values()] == pytest.approx(list(expected))
    assert list(scores) == ["quality", "accuracy", "robustness", "nre", "dre", "adq"]
    thresholds = longterm.confidence_thresholds([track.confidence for track in tracks.values()])
    curves = np.mean([longterm.precision_recall(track, thresholds) for track in tracks.values()], axis=0)
    precision, recall, f = 100 * longterm.best_f(curves)
    found = {name: score.runs[0] for name, score in score_measure(MEASURES["longterm"], tracker, truths, OTB).items()}
    assert found == pytest.approx({"f": f, "precision": precision, "recall": recall})
    for score in scores.values():
        assert score.interval is not None
        assert score.interval[0] < score.runs[0] < score.interval[1]
    assert score_measure(MEASURES["vots"], tracker, truths[:4], OTB)["quality"].interval is None


def test_the_interval_of_a_mean_is_that_of_the_theory(tmp_path: Path) -> None:
    """30 sequences whose quality is spread evenly: 1.96 standard errors, widened by Student's t."""
    (tmp_path / "truth").mkdir()
    (tmp_path / "boxes").mkdir()
    truth = np.tile([10.0, 10.0, 100.0, 100.0], (20, 1))
    for number in range(30):
        boxes = truth + np.array([3.0 * number, 0, 0, 0])
        np.savetxt(tmp_path / "truth" / f"{number}.txt", truth, delimiter=",")
        np.savetxt(tmp_path / "boxes" / f"{number}.txt", boxes, delimiter=",")
    tracker, truths = find_tracker("x", tmp_path / "boxes"), truth_folder(tmp_path / "truth").load()
    values = 100 * np.array([vots.measure(t).quality for t in load_tracks(tracker.runs[0], truths, OTB).values()])
    low, high = score_measure(MEASURES["vots"], tracker, truths, OTB)["quality"].interval or (0, 0)
    assert high - low == pytest.approx(2 * 2.045 * values.std(ddof=1) / 30**0.5, rel=0.06)
    assert (low + high) / 2 == pytest.approx(values.mean(), rel=0.03)


def test_tables_and_json_of_the_command(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    argv = ["--ground-truth", str(folders[0]), "--results", f"X={folders[1]}", "--protocol", "folder"]
    assert main([*argv, "--measures", "longterm", "vots", "--json", str(tmp_path / "x.json")]) == 0
    out = capsys.readouterr().out
    assert "VOT-LT: F, its precision and recall, 6 sequences" in out
    assert "VOTS: quality" in out
    assert out.count("note: [low, high]: 95 % interval, bootstrap over sequences") >= 3
    entry = json.loads((tmp_path / "x.json").read_text())["X"]
    scores = score_measure(MEASURES["vots"], find_tracker("X", folders[1]), truth_folder(folders[0]).load(), OTB)
    assert entry["vots"]["quality"] == pytest.approx(scores["quality"].runs[0])
    assert entry["longterm"]["f_ci"][0] < entry["longterm"]["f"] < entry["longterm"]["f_ci"][1]
    for measure, starts in (("anchored", ()), ("anchored", ("--starts", "4")), ("vots", ("--starts", "anchors"))):
        assert main([*argv, "--measures", measure, *starts]) == 1
        needed = "--starts anchors" if measure == "anchored" else "whole sequences, without --starts"
        assert f"--measures {measure}: needs results of {needed}" in capsys.readouterr().err


def test_anchored_measures_of_the_command(tmp_path: Path) -> None:
    (tmp_path / "truth").mkdir()
    (tmp_path / "boxes").mkdir()
    truth = np.column_stack([np.arange(220.0), np.full(220, 5.0), np.full(220, 20.0), np.full(220, 10.0)])
    for name in "ab":
        np.savetxt(tmp_path / "truth" / f"{name}.txt", truth, delimiter=",")
        for start in anchors(truth):
            boxes = truth[start]
            if name == "b":
                boxes[100:, 1] += 50  # lost
            np.savetxt(tmp_path / "boxes" / f"{name_of_start(name, start)}.txt", boxes, delimiter=",")
    argv = ["--ground-truth", str(tmp_path / "truth"), "--results", f"X={tmp_path / 'boxes'}", "--starts", "anchors"]
    assert main([*argv, "--measures", "anchored", "--json", str(tmp_path / "x.json"), "--protocol", "folder"]) == 0
    found = json.loads((tmp_path / "x.json").read_text())["X"]["anchored"]
    lengths = np.array([len(start) for start in anchors(truth)])
    before = lengths.sum() + 100 * len(lengths)
    assert found["robustness"] == pytest.approx(100 * (1 + 100 * len(lengths) / lengths.sum()) / 2)
    assert found["accuracy"] == pytest.approx(100 * (before - 2 * len(lengths)) / before)  # first frames count as 0
    assert 0 < found["eao"] < 100
    assert found["eao_ci"] is None
