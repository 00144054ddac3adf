from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ltr.dataset.video_table import list_table
from tests.fakes.videos import numbered_frame, write_images, write_video


def table(folder: Path, text: str) -> Path:
    (folder / "boxes.csv").write_text(text, encoding="utf-8")
    return folder / "boxes.csv"


def test_brackets_in_names_are_no_glob_where_the_file_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "set [1]"
    folder.mkdir()
    write_video(folder / "clip[1].mp4", frames=2)
    write_video(folder / "clip[2].mp4", frames=3)
    write_images(folder / "yard", ["1.png", "2.png"])
    file = table(folder, "video,x,y,w,h\nclip[1].mp4,1,2,3,4\nclip[2].mp4,1,2,3,4\nyard/*.png,1,2,3,4\n")
    videos = list_table(file).videos
    assert {name: video.frames().count() for name, video in videos.items()} == {"clip[1]": 2, "clip[2]": 3, "yard": 2}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_and_a_byte_order_mark(tmp_path: Path, separator: str) -> None:
    write_images(tmp_path / "yard", ["1.png", "2.png", "3.png"])
    rows = ["video,frame,id,x,y,w,h", "yard,1,0,1,2,3,4", "yard,2,0,2,2,3,4", '"yard",0,b,5,6,7,8']
    file = table(tmp_path, "\ufeff" + "\r\n".join(row.replace(",", separator) for row in rows))
    videos = list_table(file).videos
    np.testing.assert_array_equal(videos["yard_0"].boxes(), [[np.nan] * 4, [1, 2, 3, 4], [2, 2, 3, 4]])
    np.testing.assert_array_equal(videos["yard_b"].boxes(), [[5, 6, 7, 8]])


def test_globs_over_folders_and_in_the_folder_of_the_table(tmp_path: Path) -> None:
    write_images(tmp_path / "yard" / "day1", ["1.png"])
    write_images(tmp_path / "yard" / "day2", ["1.png", "2.png"])
    write_images(tmp_path, ["1.png"])
    videos = list_table(table(tmp_path, "video,x,y,w,h\nyard/*/*.png,1,2,3,4\n*.png,1,2,3,4\n")).videos
    assert {name: video.frames().count() for name, video in videos.items()} == {"yard": 3, tmp_path.name: 1}


def test_a_stack_is_a_video(tmp_path: Path) -> None:
    first, *others = (Image.fromarray(numbered_frame(number)) for number in range(3))
    first.save(tmp_path / "stack.tif", save_all=True, append_images=others)
    (video,) = list_table(table(tmp_path, "video,frame,x,y,w,h\nstack.tif,2,1,2,3,4\n")).videos.values()
    np.testing.assert_array_equal(video.boxes(), [[np.nan] * 4, [np.nan] * 4, [1, 2, 3, 4]])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,1,2,inf,4\n", r"boxes\.csv:2: expected four finite numbers"),
        ("a,1,2,nan,4\n", r"boxes\.csv:2: expected four finite numbers"),
        ("a,1,5,2,3,4\n", r"boxes\.csv:2: has more cells than the first line"),
        (",1,2,3,4\n", r"boxes\.csv:2: names no video"),
        (f"{'a' * 200_000},1,2,3,4\n", r"boxes\.csv:2: field larger than field limit"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list_table(table(tmp_path, "video,x,y,w,h\n" + rows))
