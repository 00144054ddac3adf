from pathlib import Path

import pytest

from pytracking.video.frame_source import crop, frames_at, open_frames
from tests.fakes.videos import number_of, write_images, write_video


@pytest.mark.parametrize("kind", ["video", "images", "cropped"])
def test_frames_are_picked_by_number(tmp_path: Path, kind: str) -> None:
    if kind == "video":
        source = open_frames(write_video(tmp_path / "a.mp4", frames=6))
    else:
        write_images(tmp_path / "img", [f"{i}.png" for i in range(1, 7)])
        source = open_frames(tmp_path / "img")
    source = crop(source, 60, 40) if kind == "cropped" else source
    assert [number_of(frame) for frame in frames_at(source, [0, 2, 5])] == [0, 2, 5]


def test_of_images_only_those_picked_are_read(tmp_path: Path) -> None:
    write_images(tmp_path / "img", ["1.png", "2.png", "3.png"])
    (tmp_path / "img" / "2.png").write_bytes(b"damaged")
    assert [number_of(frame) for frame in frames_at(open_frames(tmp_path / "img"), [0, 2])] == [0, 2]


def test_of_a_video_nothing_is_read_after_the_last_one_picked(tmp_path: Path) -> None:
    source = open_frames(write_video(tmp_path / "a.mp4", frames=6))
    frames = frames_at(source, [1])
    assert [number_of(frame) for frame in frames] == [1]
