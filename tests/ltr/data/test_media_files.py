from pathlib import Path

import pytest

from ltr.data.media_files import frame_order, image_files, is_image, is_video


@pytest.mark.parametrize(
    "ordered",
    [
        ["1.jpg", "2.jpg", "10.jpg"],
        ["img1.png", "IMG2.png", "img10.png", "Img11.png"],
        ["a-9.png", "a-10.png", "b-1.png"],
        ["day2/9.jpg", "day2/10.jpg", "day10/1.jpg", "day10/2.jpg"],
        ["1/b.png", "2/a.png"],
        ["1.jpg", "1.png", "01_b.png"],
    ],
)
def test_frames_are_ordered_by_folder_and_number(ordered: list[str]) -> None:
    assert [str(path) for path in sorted(map(Path, reversed(ordered)), key=frame_order)] == ordered


def test_hidden_and_other_files_are_no_pictures(tmp_path: Path) -> None:
    for name in ("2.JPG", "1.webp", "._1.webp", ".hidden.png", "Thumbs.db", "3.pgm", "notes.txt", "clip.mp4"):
        (tmp_path / name).touch()
    assert [path.name for path in image_files(tmp_path)] == ["1.webp", "2.JPG", "3.pgm"]
    with pytest.raises(FileNotFoundError, match=r"none: no such folder of images"):
        image_files(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"empty: holds no images \(\.bmp, .*\.webp\)"):
        image_files(tmp_path / "empty")


def test_kinds_go_by_the_suffix() -> None:
    assert all(is_video(Path(f"a.{s}")) for s in ("mp4", "MTS", "ts", "m2ts", "mpg", "wmv", "gif", "3gp"))
    assert not is_video(Path("a.jpg"))
    assert not is_image(Path("a.mp4"))
