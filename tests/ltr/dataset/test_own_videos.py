from pathlib import Path

import numpy as np
import pytest

from ltr.dataset.own_videos import frames_in, list_folder
from ltr.dataset.text_files import annotation_files
from tests.fakes.videos import write_images, write_video

ROW = "1,2,3,4\n"


def sequence(folder: Path, frames: int = 2, **texts: str) -> Path:
    """A folder with pictures in img/, and text files by name (``groundtruth_rect`` without suffix)."""
    write_images(folder / "img", [f"{i}.png" for i in range(frames)])
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


def test_the_usual_names_are_taken_and_no_others(tmp_path: Path) -> None:
    """A file that is kept beside the truth must not replace it because its name sorts last."""
    folder = sequence(tmp_path, groundtruth_rect=ROW, groundtruth_rect_old="500,2,3,4\n", groundtruth_visible="1\n")
    assert annotation_files(folder) == {"": folder / "groundtruth_rect.txt"}
    (folder / "groundtruth_rect.txt").rename(folder / "GroundTruth_Rect.TXT")
    assert annotation_files(folder) == {"": folder / "GroundTruth_Rect.TXT"}
    (folder / "GroundTruth_Rect.TXT").unlink()
    assert annotation_files(folder) == {}


def test_two_files_for_one_target_are_refused_unless_they_are_equal(tmp_path: Path) -> None:
    folder = sequence(tmp_path / "a", groundtruth=ROW, groundtruth_rect=ROW)
    assert annotation_files(folder) == {"": folder / "groundtruth_rect.txt"}
    (folder / "groundtruth.txt").write_text("500,2,3,4\n")
    message = r"a: groundtruth_rect\.txt and groundtruth\.txt hold different boxes; expected one of them"
    with pytest.raises(ValueError, match=message):
        annotation_files(folder)
    sequence(tmp_path / "b", groundtruth=ROW)
    listed = list_folder(tmp_path).videos
    assert list(listed) == ["a", "b"]
    np.testing.assert_array_equal(listed["b"].boxes(), [[1, 2, 3, 4]])
    with pytest.raises(ValueError, match=message):
        listed["a"].boxes()


def test_numbered_files_are_targets_of_one_video(tmp_path: Path) -> None:
    """OTB's Jogging and Human4, whose first file is empty, as they are downloaded."""
    sequence(tmp_path / "Jogging", **{"groundtruth_rect.1": ROW * 2, "groundtruth_rect.2": "5,6,7,8\n" * 2})
    sequence(tmp_path / "Human4", **{"groundtruth_rect.1": "", "groundtruth_rect.2": ROW, "groundtruth_rect.10": ROW})
    listed = list_folder(tmp_path).videos
    assert list(listed) == ["Human4-10", "Human4-2", "Jogging-1", "Jogging-2"]
    assert listed["Jogging-2"].boxes().tolist() == [[5, 6, 7, 8]] * 2
    assert listed["Jogging-1"].frames() == listed["Jogging-2"].frames()


def test_what_has_frames_but_no_annotation_is_named(tmp_path: Path) -> None:
    sequence(tmp_path / "good", groundtruth_rect=ROW)
    sequence(tmp_path / "misnamed", boxes=ROW)
    write_images(tmp_path / "plain", ["1.png"])
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "readme.txt").touch()
    write_video(tmp_path / "clip.mp4", frames=1)
    write_images(tmp_path / ".thumbnails", ["1.png"])
    listing = list_folder(tmp_path)
    assert list(listing.videos) == ["good"]
    missing = "no groundtruth_rect.txt or groundtruth.txt"
    assert listing.left_out == {
        "clip.mp4": "no clip.txt beside it",
        "misnamed": f"{missing} (but boxes.txt)",
        "plain": missing,
    }
    assert list_folder(tmp_path / "good").left_out == {}
    with pytest.raises(FileNotFoundError, match=r"plain: holds no <Sequence>/.*"):
        list_folder(tmp_path / "plain")


def test_links_to_sequences_keep_their_own_names(tmp_path: Path) -> None:
    for place in ("a", "b"):
        sequence(tmp_path / "disk" / place / "seq", groundtruth_rect=ROW)
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / f"cam_{place}").symlink_to(tmp_path / "disk" / place / "seq")
    listed = list_folder(tmp_path / "data").videos
    assert list(listed) == ["cam_a", "cam_b"]
    assert listed["cam_a"].frames().pictures[0].resolve().is_relative_to(tmp_path / "disk" / "a")


@pytest.mark.parametrize("suffix", [".ts", ".MTS", ".mpg", ".wmv", ".gif", ".3gp"])
def test_videos_of_any_usual_suffix_are_listed(tmp_path: Path, suffix: str) -> None:
    write_video(tmp_path / "a.mp4", frames=3).rename(tmp_path / f"clip{suffix}")
    (tmp_path / "clip.TXT").write_text(ROW * 3)
    (video,) = list_folder(tmp_path).videos.values()
    assert (video.name, video.frames().count(), len(video.boxes())) == ("clip", 3, 3)


def test_sequences_of_one_name_are_refused_and_the_others_are_not(tmp_path: Path) -> None:
    """Before, the last of them was taken."""
    for name in ("clip.mp4", "clip.avi", "other.mp4"):
        write_video(tmp_path / "a.mp4", frames=1).rename(tmp_path / name)
    sequence(tmp_path / "clip", groundtruth_rect=ROW)
    for name in ("clip.txt", "other.txt"):
        (tmp_path / name).write_text(ROW)
    listed = list_folder(tmp_path).videos
    assert list(listed) == ["clip", "other"]
    assert len(listed["other"].boxes()) == 1
    with pytest.raises(ValueError, match=r"clip, clip\.avi, clip\.mp4 are all called clip; rename all but one"):
        listed["clip"].boxes()


@pytest.mark.parametrize(
    ("meta", "size"),
    [
        ('{"width": 63, "height": 47}', (63, 47)),
        ('{"fps": 25}', None),
        ('{"width": 63}', None),
        ('["another program"]', None),
    ],
)
def test_size_of_an_own_meta_file_and_none_of_others(tmp_path: Path, meta: str, size: tuple[int, int] | None) -> None:
    write_video(tmp_path / "frames.mp4", frames=1)
    (tmp_path / "meta.json").write_text(meta)
    assert frames_in(tmp_path).size == size


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ('{"width": 63', r"meta\.json: not JSON"),
        ('{"width": -5, "height": 47}', r"meta\.json: expected width and height in whole pixels above 0, found -5, 47"),
        ('{"width": "63", "height": 47}', r"meta\.json: expected width and height"),
    ],
)
def test_broken_meta_files_are_named(tmp_path: Path, meta: str, message: str) -> None:
    write_video(tmp_path / "frames.mp4", frames=1)
    (tmp_path / "meta.json").write_text(meta)
    with pytest.raises(ValueError, match=message):
        frames_in(tmp_path)
