from pathlib import Path

import numpy as np
import pytest

from ltr.dataset.text_files import read_boxes, read_flags, read_labels, read_resolution
from ltr.utils.errors import InputError


@pytest.mark.parametrize(
    "text",
    [
        "1,2,3,4\n5,6,7,8\n",
        "1\t2\t3\t4\n5\t6\t7\t8",  # pytracking
        "1 2 3 4\r\n5 6 7 8\r\n\r\n",
        "1.000,2.000,3.000,4.000\n5.000, 6.000, 7.000, 8.000\n",  # got10k
        "1\t2\t3\t4\n5 6 7 8\n",  # OTB's BlurCar1
        "1;2;3;4\n5;6;7;8\n \n\n",
        "\ufeff1,2,3,4\n5,6,7,8\n",
        "1,2,3,4\r5,6,7,8\r",
        "1,2,3,4\f\n5,6,7,8\n\f",
    ],
)
def test_every_separator_in_use_is_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8", newline="")
    np.testing.assert_array_equal(read_boxes(path), [[1, 2, 3, 4], [5, 6, 7, 8]])


def test_four_decimals_are_read_to_the_last_bit(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).uniform(-3000, 3000, (500, 4)).round(4)
    rows[0] = [-0.05, 0.0001, 0, 12345678901.2345]
    np.savetxt(tmp_path / "a.txt", rows, fmt="%.4f", delimiter=",")
    np.savetxt(tmp_path / "b.txt", rows, fmt="%.4f", delimiter="\t")
    np.testing.assert_array_equal(read_boxes(tmp_path / "a.txt"), rows)
    np.testing.assert_array_equal(read_boxes(tmp_path / "b.txt"), rows)


def test_a_row_of_nan_is_a_frame_without_a_box(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("1,2,3,4\nNaN,NaN,NaN,NaN\nnan nan nan nan\n")
    np.testing.assert_array_equal(np.isnan(read_boxes(path)).all(axis=1), [False, True, True])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3,4\n1,2,3\n", r"a\.txt:2: expected four numbers .* found '1,2,3'"),
        ("1,2,3,4\n1,2,3,4\n1,2,3,4,5\n", r"a\.txt:3: expected four numbers"),
        ("1,2,3,4\n\n1,2,3,4\n", r"a\.txt:2: a blank line"),
        ("\n1,2,3,4\n", r"a\.txt:1: a blank line"),
        ("1,2,3,4\n,,,\n1,2,3,4\n", r"a\.txt:2: expected four numbers"),
        ("1,,2,3,4\n", r"a\.txt:1: expected four numbers"),
        ("1,2,3,4\n1,2,x,4\n", r"a\.txt:2: expected four numbers"),
        ("1,2,3,4\n1,2,nan,4\n", r"a\.txt:2: expected four numbers"),
        ("inf,2,3,4\n", r"a\.txt:1: expected four numbers"),
        ("1,2,3\n4,5,6\n", r"a\.txt:1: expected four numbers"),
        ("1,2,3,4\n1,2,3,4\v5,6,7,8\n", r"a\.txt:2: expected four numbers"),
        ("1,2,3,4\f5,6,7,8\n1,2,3,4\n", r"a\.txt:1: expected four numbers"),
        ("1,2,3,4\u20285,6,7,8\n", r"a\.txt:1: expected four numbers"),
        ("\n \n", r"a\.txt: holds no boxes"),
        ("", r"a\.txt: holds no boxes"),
    ],
)
def test_a_broken_box_file_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_boxes(tmp_path / "a.txt")


def test_files_that_are_missing_or_binary_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.txt: no such file"):
        read_boxes(tmp_path / "none.txt")
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ValueError, match=r"b\.txt: not a text file"):
        read_boxes(tmp_path / "b.txt")


@pytest.mark.parametrize("row", ["1_0,2,3,4", "\u0661,2,3,4"])
def test_numbers_that_python_alone_reads_are_shown(tmp_path: Path, row: str) -> None:
    (tmp_path / "b.txt").write_text(f"1,2,3,4\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=rf"b\.txt:2: expected four numbers x,y,w,h .*found '{row}'"):
        read_boxes(tmp_path / "b.txt")


@pytest.mark.parametrize("text", ["0\n1\n1\n", "0,1,1", "0, 1, 1\n"])
def test_flags_are_read_from_lines_or_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    assert read_flags(tmp_path / "a.txt").tolist() == [False, True, True]


@pytest.mark.parametrize("text", ["", "0\n2\n"])
def test_other_flags_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(ValueError, match=r"a\.txt(:2)?: expected 0 or 1"):
        read_flags(tmp_path / "a.txt")


def test_labels_are_read_up_to_the_highest(tmp_path: Path) -> None:
    path = tmp_path / "cover.label"
    path.write_text("\ufeff8\n0\n3\n", encoding="utf-8")
    labels = read_labels(path, highest=8)
    assert (labels.tolist(), labels.dtype) == ([8, 0, 3], np.int64)
    with pytest.raises(ValueError, match=r"cover\.label:1: expected a whole number from 0 to 3 for .* found '8'"):
        read_labels(path, highest=3)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("[METAINFO]\nresolution: (1920, 1080)\n", (1920, 1080)),
        ("Genre: caf\u00e9\nresolution:(64,48)", (64, 48)),
        ("", None),
    ],
)
def test_the_resolution_is_read_in_any_encoding(tmp_path: Path, text: str, size: tuple[int, int] | None) -> None:
    (tmp_path / "meta_info.ini").write_text(text, encoding="latin-1")
    assert read_resolution(tmp_path / "meta_info.ini") == size
