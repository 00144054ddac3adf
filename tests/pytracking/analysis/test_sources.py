from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pytracking.analysis.sources import AnalysisError, find_tracker, truth_folder

Write = Callable[..., Path]


def test_flat_truth_with_flags_of_absence(write_boxes: Write, boxes: np.ndarray) -> None:
    truth, flags = write_boxes("gt", a=boxes, b=boxes), write_boxes("absent")
    (flags / "a.txt").write_text("0\n1\n" + "0\n" * 38)
    (flags / "B.txt").write_text("0\n" * 40)
    first, second = truth_folder(truth, flags).load()
    assert (first.name, second.name) == ("a", "b")
    assert np.flatnonzero(first.absent).tolist() == [1]
    assert not second.absent.any()
    np.testing.assert_array_equal(first.boxes, boxes)


def test_otb_tree_with_two_targets_and_an_empty_file(tmp_path: Path) -> None:
    for name, text in {
        "Basketball/groundtruth_rect.txt": "1,2,3,4\n",
        "Jogging/groundtruth_rect.1.txt": "1\t2\t3\t4\n",
        "Jogging/groundtruth_rect.2.txt": "5 6 7 8\n",
        "Human4/groundtruth_rect.1.txt": "",
        "Human4/groundtruth_rect.2.txt": "1,2,3,4\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert [t.name for t in truth_folder(tmp_path).load()] == ["Basketball", "Human4-2", "Jogging-1", "Jogging-2"]


def test_lasot_tree_takes_occlusion_and_out_of_view_as_absence(tmp_path: Path) -> None:
    folder = tmp_path / "airplane" / "airplane-1"
    folder.mkdir(parents=True)
    (folder / "groundtruth.txt").write_text("1,2,3,4\n" * 3)
    (folder / "full_occlusion.txt").write_text("0,1,0")
    (folder / "out_of_view.txt").write_text("0,0,1")
    (truth,) = truth_folder(tmp_path).load()
    assert truth.name == "airplane-1"
    assert truth.absent.tolist() == [False, True, True]


def test_got10k_tree_takes_cover_and_resolution(tmp_path: Path) -> None:
    folder = tmp_path / "GOT-10k_Val_000001"
    folder.mkdir()
    (folder / "groundtruth.txt").write_text("1.0000,2.0000,3.0000,4.0000\n" * 3)
    (folder / "absence.label").write_text("0\n0\n0\n")
    (folder / "cover.label").write_text("8\n0\n3\n")
    (folder / "meta_info.ini").write_text("[METAINFO]\nresolution: (1920, 1080)\n")
    (tmp_path / "list.txt").write_text("GOT-10k_Val_000001\n")
    (truth,) = truth_folder(tmp_path).load()
    assert truth.absent.tolist() == [False, True, False]
    assert truth.image_size == (1920, 1080)


@pytest.mark.parametrize("other", ["groundtruth_rect_old", "groundtruth_original", "groundtruth_visible"])
def test_truth_files_of_other_names_are_not_read(tmp_path: Path, other: str) -> None:
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "groundtruth_rect.txt").write_text("1,2,3,4\n5,6,7,8\n")
    (tmp_path / "A" / f"{other}.txt").write_text("500,2,3,4\n500,6,7,8\n")
    (truth,) = truth_folder(tmp_path).load()
    assert truth.boxes[0].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        (
            "A/groundtruth.txt",
            "A/groundtruth_rect.txt",
            r"A: groundtruth_rect\.txt and groundtruth\.txt hold different",
        ),
        (
            "x/A/groundtruth.txt",
            "y/A/groundtruth.txt",
            r"x/A/ground.* and .*y/A/ground.*: two files with the truth of A",
        ),
    ],
)
def test_two_truths_of_one_sequence_are_refused(tmp_path: Path, one: str, other: str, message: str) -> None:
    for number, place in enumerate((one, other)):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(f"{number},2,3,4\n")
    with pytest.raises(ValueError, match=message):
        truth_folder(tmp_path)


@pytest.mark.parametrize("name", ["night_time", "high_score"])
def test_a_truth_named_like_times_or_scores_is_refused(write_boxes: Write, boxes: np.ndarray, name: str) -> None:
    folder = write_boxes("gt", a=boxes, a_time=boxes[:, :1])
    assert [truth.name for truth in truth_folder(folder).load()] == ["a"]
    write_boxes("gt", **{name: boxes})
    with pytest.raises(ValueError, match=f"{name}.txt: names ending in"):
        truth_folder(folder)


@pytest.mark.parametrize("cover", ["8\n", "8\n0\n", "8\n0\nx\n"])
def test_a_cover_that_does_not_fit_names_its_file(tmp_path: Path, cover: str) -> None:
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "groundtruth.txt").write_text("1,2,3,4\n" * 3)
    (tmp_path / "A" / "cover.label").write_text(cover)
    with pytest.raises(AnalysisError, match=r"cover\.label(: \d flags for 3 boxes|:3: expected a whole number)"):
        truth_folder(tmp_path).load()


def test_every_broken_truth_is_listed_at_once(write_boxes: Write, boxes: np.ndarray) -> None:
    truth, flags = write_boxes("gt", a=boxes, b=boxes, c=boxes), write_boxes("absent")
    (truth / "a.txt").write_text("1,2,3\n")
    (flags / "a.txt").write_text("0\n")
    (flags / "b.txt").write_text("0\n")
    with pytest.raises(AnalysisError) as caught:
        truth_folder(truth, flags).load()
    message = str(caught.value)
    assert message.startswith("3 problems:")
    assert "a.txt:1: expected four numbers" in message
    assert "1 flags for 40 boxes of" in message
    assert "no flags of absence for c" in message


def test_folders_without_truth_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder"):
        truth_folder(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"holds neither <Seq>\.txt nor"):
        truth_folder(tmp_path).load()


def test_a_run_leaves_out_times_and_scores(write_boxes: Write, boxes: np.ndarray) -> None:
    folder = write_boxes("ours", a=boxes, a_time=boxes[:, :1], a_score=boxes[:, :1])
    (run,) = find_tracker("ours", folder).runs
    assert run.files == {"a": (folder / "a.txt",)}


def test_repeats_in_got10k_layout_are_one_run(write_boxes: Write, boxes: np.ndarray) -> None:
    write_boxes("ours/a", a_001=boxes, a_002=boxes, a_time=boxes[:, :1])
    write_boxes("ours/b", b_001=boxes)
    (run,) = find_tracker("ours", write_boxes("ours")).runs
    assert {name: len(files) for name, files in run.files.items()} == {"a": 2, "b": 1}


@pytest.mark.parametrize("pattern", ["ours/run{}", "ours_00{}"])
def test_several_runs_lie_inside_or_beside_the_folder(write_boxes: Write, boxes: np.ndarray, pattern: str) -> None:
    folders = [write_boxes(pattern.format(i), a=boxes) for i in range(3)]
    runs = find_tracker(
        "ours", folders[0].parent.parent / "ours" if "/" in pattern else folders[0].parent / "ours"
    ).runs
    assert [run.folder for run in runs] == folders


def test_a_tracker_without_results_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing: no such folder"):
        find_tracker("ours", tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match=r"holds no <Seq>\.txt box files"):
        find_tracker("ours", tmp_path)
