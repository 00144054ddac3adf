from pathlib import Path

import numpy as np
import pytest

from pytracking.evaluation import results

ROWS = np.array([[1.25, 2.0, 30.0, 40.5], [-3.00004, 2.5, 31.0, 41.0]])


def write(folder: Path, **changes: object) -> None:
    values = {
        "boxes": ROWS,
        "times": [0.1, 0.2],
        "scores": [1, 0.5],
        "states": ["tracking", "lost"],
        "stamp": {"seed": 0},
    }
    results.write_result(folder, "Seq-1", **{**values, **changes})


def test_a_result_is_read_back_as_written(tmp_path: Path) -> None:
    write(tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    np.testing.assert_array_equal(results.read_boxes(folder / "Seq-1.txt"), np.round(ROWS, 4))
    np.testing.assert_array_equal(results.read_times(folder / "Seq-1_time.txt"), [0.1, 0.2])
    scores, states = results.read_scores(folder / "Seq-1_score.txt")
    np.testing.assert_array_equal(scores, [1, 0.5])
    assert states == ["tracking", "lost"]
    assert results.read_stamp(folder / "Seq-1.json") == {"seed": 0}
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


def test_a_crash_before_the_box_file_leaves_no_box_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    savetxt = np.savetxt

    def crash(file: object, array: np.ndarray, **options: object) -> None:
        if array.ndim == 2:
            raise KeyboardInterrupt
        savetxt(file, array, **options)

    monkeypatch.setattr(np, "savetxt", crash)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["Seq-1.json", "Seq-1_score.txt", "Seq-1_time.txt"]
    assert results.box_files(tmp_path) == {}


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\\b"])
def test_a_sequence_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="expected a plain file name"):
        results.box_path(tmp_path, name)


@pytest.mark.parametrize(
    "text",
    [
        "1,2,3,4\n5,6,7,8\n",
        "1\t2\t3\t4\n5\t6\t7\t8",  # pytracking
        "1 2 3 4\r\n5 6 7 8\r\n\r\n",
        "1.000,2.000,3.000,4.000\n5.000, 6.000, 7.000, 8.000\n",  # got10k
        "1\t2\t3\t4\n5 6 7 8\n",  # OTB's BlurCar1
        "1;2;3;4\n\n5;6;7;8\n",
        "\ufeff1,2,3,4\n5,6,7,8\n",
    ],
)
def test_every_separator_in_use_is_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8", newline="")
    np.testing.assert_array_equal(results.read_boxes(path), [[1, 2, 3, 4], [5, 6, 7, 8]])


def test_four_decimals_are_read_to_the_last_bit(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).uniform(-3000, 3000, (500, 4)).round(4)
    rows[0] = [-0.05, 0.0001, 0, 12345678901.2345]
    np.savetxt(tmp_path / "a.txt", rows, fmt="%.4f", delimiter=",")
    np.savetxt(tmp_path / "b.txt", rows, fmt="%.4f", delimiter="\t")
    np.testing.assert_array_equal(results.read_boxes(tmp_path / "a.txt"), rows)
    np.testing.assert_array_equal(results.read_boxes(tmp_path / "b.txt"), rows)


def test_a_row_of_nan_is_a_frame_without_a_box(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("1,2,3,4\nNaN,NaN,NaN,NaN\nnan nan nan nan\n")
    np.testing.assert_array_equal(np.isnan(results.read_boxes(path)).all(axis=1), [False, True, True])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3,4\n1,2,3\n", r"a\.txt:2: expected four numbers .* found '1,2,3'"),
        ("1,2,3,4\n\n1,2,3,4,5\n", r"a\.txt:3: expected four numbers"),
        ("1,2,3,4\n1,2,x,4\n", r"a\.txt:2: expected four numbers"),
        ("1,2,3,4\n1,2,nan,4\n", r"a\.txt:2: expected four numbers"),
        ("inf,2,3,4\n", r"a\.txt:1: expected four numbers"),
        ("1,2,3\n4,5,6\n", r"a\.txt:1: expected four numbers"),
        ("\n \n", r"a\.txt: holds no boxes"),
        ("", r"a\.txt: holds no boxes"),
    ],
)
def test_a_broken_box_file_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(ValueError, match=message):
        results.read_boxes(tmp_path / "a.txt")


def test_files_that_are_missing_or_binary_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.txt: no such file"):
        results.read_boxes(tmp_path / "none.txt")
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ValueError, match=r"b\.txt: not a text file"):
        results.read_boxes(tmp_path / "b.txt")


@pytest.mark.parametrize("text", ["0\n1\n1\n", "0,1,1", "0, 1, 1\n"])
def test_flags_are_read_from_lines_or_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    assert results.read_flags(tmp_path / "a.txt").tolist() == [False, True, True]


@pytest.mark.parametrize("text", ["", "0\n2\n"])
def test_other_flags_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(ValueError, match=r"a\.txt: expected 0 or 1"):
        results.read_flags(tmp_path / "a.txt")


def test_repeats_of_got10k_times_are_averaged(tmp_path: Path) -> None:
    (tmp_path / "a_time.txt").write_text("0.1,0.3\n0.2,0.4\n")
    np.testing.assert_allclose(results.read_times(tmp_path / "a_time.txt"), [0.2, 0.3])


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (results.read_times, "fast\n", "expected seconds"),
        (results.read_times, "", "expected seconds"),
        (results.read_scores, "0.5\n", "expected rows of score,state"),
        (results.read_stamp, "{", "not JSON"),
        (results.read_stamp, "[]", "expected a JSON object"),
    ],
)
def test_broken_companions_are_named(tmp_path: Path, read: object, text: str, message: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "a.txt")  # type: ignore[operator]
