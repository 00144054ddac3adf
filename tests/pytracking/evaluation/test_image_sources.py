"""Images as videos: stacks and animations, globs over folders, images of 16 bits."""

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pytracking.video.frame_source import BrokenSourceError, frames_at, open_frames
from tests.fakes.videos import number_of, numbered_frame, write_images


@pytest.mark.parametrize("name", ["stack.tif", "animated.png", "animated.webp"])
def test_a_file_of_several_images_is_a_video(tmp_path: Path, name: str) -> None:
    first, *others = (Image.fromarray(numbered_frame(number)) for number in range(5))
    first.save(tmp_path / name, save_all=True, append_images=others, **({"lossless": True} if "webp" in name else {}))
    source = pickle.loads(pickle.dumps(open_frames(tmp_path / name)))
    assert source.length == 5
    for _ in range(2):
        assert [number_of(frame) for frame in source] == [0, 1, 2, 3, 4]
    assert [number_of(frame) for frame in frames_at(source, [1, 4])] == [1, 4]


def test_a_stack_of_16_bits_has_the_same_levels_in_all_frames(tmp_path: Path) -> None:
    gray = [numbered_frame(number)[..., 0].astype(np.uint16) * 4 + 7000 + 50 * number for number in range(3)]
    cv2.imwritemulti(str(tmp_path / "stack.tif"), gray)
    frames = np.array(list(open_frames(tmp_path / "stack.tif")))
    values = np.array(gray)
    order = np.argsort(values, axis=None)
    assert (np.diff(frames[..., 0].ravel()[order].astype(int)) >= 0).all()  # one rising curve for all frames
    assert np.ptp(frames) > 160


def test_a_stack_that_is_cut_short_names_the_file(tmp_path: Path) -> None:
    first, *others = (
        Image.fromarray(np.random.default_rng(i).integers(0, 255, (40, 60, 3), np.uint8)) for i in range(3)
    )
    first.save(tmp_path / "whole.png", save_all=True, append_images=others)
    content = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    frames = iter(open_frames(tmp_path / "cut.png"))
    assert next(frames).shape == (40, 60, 3)
    with pytest.raises(BrokenSourceError, match=r"cut\.png"):
        list(frames)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9, 0.99])
@pytest.mark.parametrize("writer", ["opencv", "pil"])
def test_a_tiff_stack_that_is_cut_short_is_told(tmp_path: Path, writer: str, share: float) -> None:
    pictures = [np.random.default_rng(i).integers(0, 255, (40, 60, 3), np.uint8) for i in range(5)]
    if writer == "opencv":
        cv2.imwritemulti(str(tmp_path / "whole.tif"), pictures)
    else:
        first, *others = map(Image.fromarray, pictures)
        first.save(tmp_path / "whole.tif", save_all=True, append_images=others)
    content = (tmp_path / "whole.tif").read_bytes()
    (tmp_path / "cut.tif").write_bytes(content[: int(len(content) * share)])
    whole, frames = list(open_frames(tmp_path / "whole.tif")), []
    assert len(whole) == 5
    with pytest.raises(BrokenSourceError, match=r"cut\.tif"):
        frames.extend(open_frames(tmp_path / "cut.tif"))
    assert len(frames) in range(int(5 * share) + 1)
    assert all(map(np.array_equal, frames, whole))


def test_a_stack_in_a_folder_of_frames_is_refused_by_name(tmp_path: Path) -> None:
    write_images(tmp_path, ["1.png"])
    first = Image.fromarray(numbered_frame(1))
    first.save(tmp_path / "2.tif", save_all=True, append_images=[first])
    frames = iter(open_frames(tmp_path))
    next(frames)
    with pytest.raises(BrokenSourceError, match=r"frame 1: .*2\.tif: it holds 2 images"):
        next(frames)


def test_a_glob_over_folders_takes_one_after_the_other(tmp_path: Path) -> None:
    write_images(tmp_path / "day10", ["IMG_1.png", "IMG_2.png"])
    write_images(tmp_path / "day9", ["img_9.png", "IMG_10.png"])
    source = open_frames(f"{tmp_path}/*/*.png")
    assert [number_of(frame) for frame in source] == [0, 1, 0, 1]
    ordered = [path.relative_to(tmp_path).as_posix() for path in source.files]
    assert ordered == ["day9/img_9.png", "day9/IMG_10.png", "day10/IMG_1.png", "day10/IMG_2.png"]


def test_thermal_images_are_seen_and_picked_frames_are_those_of_a_pass(tmp_path: Path) -> None:
    """A camera's counts of 7200 to 7710: the upper byte alone holds three values."""
    for number in range(7):
        counts = 7200 + 2 * np.random.default_rng(number).integers(0, 256, (48, 64)).astype(np.uint16)
        cv2.imwrite(str(tmp_path / f"{number}.png"), counts + 30 * number)
    frames = list(open_frames(tmp_path))
    assert len(np.unique(frames[0])) > 100
    assert (np.diff([frame.mean() for frame in frames]) > 5).all()
    np.testing.assert_array_equal(list(frames_at(open_frames(tmp_path), [2, 5])), [frames[2], frames[5]])
