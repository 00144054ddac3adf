import shutil
from pathlib import Path

import numpy as np
import pytest

from ltr.dataset.text_files import read_boxes
from pytracking.evaluation import results
from pytracking.tracker.base.run_info import RunInfo

ROWS = np.array([[1.25, 2.0, 30.0, 40.5], [-3.00004, 2.5, 31.0, 41.0]])


def write(folder: Path, **changes: object) -> None:
    values = {
        "boxes": ROWS,
        "times": [0.1, 0.2],
        "scores": [1, 0.5],
        "states": ["tracking", "lost"],
        "info": results.ResultInfo(RunInfo(seed=0)),
    }
    results.write_result(folder, "Seq-1", **{**values, **changes})


def test_a_result_is_read_back_as_written(tmp_path: Path) -> None:
    write(tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    np.testing.assert_array_equal(read_boxes(folder / "Seq-1.txt"), np.round(ROWS, 4))
    np.testing.assert_array_equal(results.read_times(folder / "Seq-1_time.txt"), [0.1, 0.2])
    scores, states = results.read_scores(folder / "Seq-1_score.txt")
    np.testing.assert_array_equal(scores, [1, 0.5])
    assert states == ["tracking", "lost"]
    assert results.read_stamp(folder / "Seq-1.json").run.seed == 0
    assert results.box_files(folder) == {"Seq-1": folder / "Seq-1.txt"}
    assert sorted(p.name for p in folder.iterdir()) == ["Seq-1.json", "Seq-1.txt", "Seq-1_score.txt", "Seq-1_time.txt"]


def test_the_box_file_has_four_decimals_and_commas(tmp_path: Path) -> None:
    write(tmp_path)
    assert (tmp_path / "Seq-1.txt").read_text() == "1.2500,2.0000,30.0000,40.5000\n-3.0000,2.5000,31.0000,41.0000\n"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"boxes": ROWS[:, :3]}, r"boxes of Seq-1: expected \[n, 4\]"),
        ({"boxes": ROWS * np.nan}, "boxes of Seq-1: row 0 is not finite"),
        ({"times": [0.1]}, "times of Seq-1: expected 2"),
        ({"states": ["tracking"] * 3}, "states of Seq-1: expected 2"),
        ({"scores": [0.1, np.inf]}, "scores of Seq-1: row 1 is not finite"),
    ],
)
def test_a_bad_result_is_refused_and_nothing_is_written(tmp_path: Path, change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write(tmp_path, **change)
    assert not list(tmp_path.iterdir())


def test_a_result_that_cannot_be_finished_leaves_no_box_file(tmp_path: Path) -> None:
    (tmp_path / "Seq-1.txt" / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match="Seq-1"):
        write(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == [
        "Seq-1.json", "Seq-1_score.txt", "Seq-1_time.txt",
    ]  # fmt: skip


@pytest.mark.parametrize("stale", ["Seq-1.txt", "Seq-1_time.txt", "Seq-1_score.txt", "Seq-1.json"])
def test_a_stamp_vouches_for_the_files_it_was_written_with_and_for_no_others(tmp_path: Path, stale: str) -> None:
    info = results.ResultInfo(RunInfo(seed=1))
    write(tmp_path / "before", info=info, times=[0.3, 0.4], scores=[1, 0.1], boxes=ROWS + 1)
    write(tmp_path / "now")
    path = tmp_path / "now" / "Seq-1.txt"
    assert results.vouched(path, results.read_stamp(path.with_suffix(".json")))
    shutil.copy(tmp_path / "before" / stale, tmp_path / "now" / stale)  # as a run that breaks off leaves it
    stamp = results.read_stamp(path.with_suffix(".json"))
    assert not results.vouched(path, stamp)
    assert results.vouched(path, stamp, ["boxes"]) == (stale not in ("Seq-1.txt", "Seq-1.json"))
    assert not results.vouched(path, results.ResultInfo(RunInfo(seed=0)))


@pytest.mark.parametrize(
    ("name", "message"),
    [(name, "expected a plain file name") for name in ("", "..", "a/b", "a\\b", ".hidden")]
    + [(name, "rename it") for name in ("walk_time", "walk_score", "walk_object_presence_scores")],
)
def test_a_sequence_name_cannot_leave_the_folder_or_name_a_file_of_another(
    tmp_path: Path, name: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        results.box_path(tmp_path, name)


def test_repeats_of_got10k_times_are_averaged(tmp_path: Path) -> None:
    (tmp_path / "a_time.txt").write_text("0.1,0.3\n0.2,0.4\n")
    np.testing.assert_allclose(results.read_times(tmp_path / "a_time.txt"), [0.2, 0.3])


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (results.read_times, "fast\n", "expected seconds"),
        (results.read_times, "", "expected seconds"),
        (results.read_times, "0.1\n\n0.1\n", "line 2 is blank"),
        (results.read_scores, "1,tracking\n\n1,lost\n", "expected rows of score,state"),
        (results.read_scores, "0.5\n", "expected rows of score,state"),
        (results.read_stamp, "{", "not JSON"),
        (results.read_stamp, "[]", "expected a JSON object"),
    ],
)
def test_broken_companions_are_named(tmp_path: Path, read: object, text: str, message: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "a.txt")  # type: ignore[operator]
