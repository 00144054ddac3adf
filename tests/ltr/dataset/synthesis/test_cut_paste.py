from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ltr.data.transforms import ColorJitter
from ltr.dataset.coco_seq import CocoImages
from ltr.dataset.sequence_folder import SequenceFolder
from ltr.dataset.synthesis.cut_paste import CutPaste, CutPasteSettings, ImageFolder
from ltr.dataset.synthesis.cutouts import CocoCutouts, VideoCutouts
from tests.fakes.datasets import noise_picture, write_coco, write_picture, write_sequences
from tests.reference.crops import mask_bounds

STILL = ColorJitter(brightness=0, contrast=0, saturation=0, gain=0)
ALONE = CutPasteSettings(long_side=200, color=STILL, light_swing=0, distractors=0, occluder=0, exposure=0)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    write_coco(root / "coco")
    write_sequences(root / "videos")
    for i in range(3):
        write_picture(root / "black" / f"{i}.png", np.zeros((120, 160, 3), np.uint8))
    return root


def _red_on_black(root: Path, settings: CutPasteSettings) -> CutPaste:
    return CutPaste([(CocoCutouts(root / "coco"), 1.0)], [(ImageFolder(root / "black"), 1.0)], settings)


def _shown(image: np.ndarray) -> np.ndarray:
    """Where the red object hides the black background by half at least."""
    return image[..., 0] >= 105


def test_boxes_are_the_bounds_of_the_pasted_object(root: Path) -> None:
    dataset = _red_on_black(root, ALONE)
    rng = np.random.default_rng(0)
    for _ in range(6):
        frames = dataset.get_frames(1, [0, 20, 60, 90], rng)
        assert frames.boxes.dtype == np.float32
        for image, box in zip(frames.images, frames.boxes, strict=True):
            assert image.shape == (150, 200, 3)
            np.testing.assert_allclose(mask_bounds(_shown(image)), box, atol=1)


def test_boxes_hold_the_parts_that_others_hide(root: Path) -> None:
    alone = _red_on_black(root, ALONE).get_frames(0, [0, 10], np.random.default_rng(3))
    crowded = replace(ALONE, distractors=1.0, occluder=1.0)
    hidden = _red_on_black(root, crowded).get_frames(0, [0, 10], np.random.default_rng(3))
    # The target is drawn first from the generator, so that it is the same one.
    np.testing.assert_array_equal(hidden.boxes, alone.boxes)
    assert not np.array_equal(hidden.images[0], alone.images[0])


def test_the_same_generator_gives_the_same_clip(root: Path) -> None:
    bank, cut = CocoCutouts(root / "coco"), VideoCutouts(SequenceFolder(root / "videos"))
    backgrounds = [(CocoImages(root / "coco"), 1.0), (SequenceFolder(root / "videos"), 1.0)]
    dataset = CutPaste([(bank, 1.0), (cut, 2.0)], backgrounds)
    for seq_id in range(len(dataset)):
        first, again, other = (dataset.get_frames(seq_id, [0, 7, 30], np.random.default_rng(s)) for s in (0, 0, 1))
        np.testing.assert_array_equal(first.images, again.images)
        np.testing.assert_array_equal(first.boxes, again.boxes)
        assert not np.array_equal(first.boxes, other.boxes)


def test_motion_is_smooth_and_slow_enough(root: Path) -> None:
    dataset = _red_on_black(root, ALONE)
    rng = np.random.default_rng(0)
    ways = []
    for _ in range(8):
        boxes = dataset.get_frames(0, range(40), rng).boxes
        centers = boxes[:, :2] + boxes[:, 2:] / 2
        ways.append(np.abs(np.diff(centers, axis=0)).max())
        # A swing of half the frame in 60 frames moves 2 pi / 60 * 100 px a frame at most; 1 px is rounding.
        assert ways[-1] < 2 * np.pi / 60 * 100 + 1.5
    assert max(ways) > 1


def test_targets_stay_in_the_frame(root: Path) -> None:
    dataset = _red_on_black(root, CutPasteSettings())
    rng = np.random.default_rng(0)
    for _ in range(10):
        for x, y, w, h in dataset.get_frames(0, [0, 50, 100], rng).boxes:
            assert min(w, h) >= 5
            assert 0 <= x < x + w <= 432
            assert 0 <= y < y + h <= 324


def test_objects_are_drawn_by_the_weight_of_their_bank(root: Path) -> None:
    bank, cut = CocoCutouts(root / "coco"), VideoCutouts(SequenceFolder(root / "videos"))
    dataset = CutPaste([(bank, 1.0), (cut, 2.0)], [(ImageFolder(root / "black"), 1.0)])
    assert dataset.sequence_weights.tolist() == [0.5, 0.5, 2.0]
    info = dataset.get_sequence_info(2)
    assert (info.name, len(info.visible), info.visible.all()) == ("cut_paste/film", 120, True)


def test_video_backgrounds_move_on(root: Path) -> None:
    settings = replace(ALONE, camera_shift=0, camera_zoom=0)
    videos = SequenceFolder(root / "videos", sequences=["film"])
    dataset = CutPaste([(CocoCutouts(root / "coco"), 1.0)], [(videos, 1.0)], settings)
    first, second = dataset.get_frames(0, [0, 5], np.random.default_rng(0)).images
    green = [(image[..., 1] > 150) & (image[..., 0] < 90) & (image[..., 2] < 90) for image in (first, second)]
    assert green[0].any()
    assert (green[0] != green[1]).sum() > 50


def test_files_are_not_changed_by_pasting(root: Path) -> None:
    source = ImageFolder(root / "black")
    assert (len(source), source.num_frames(0)) == (3, 1)
    _red_on_black(root, ALONE).get_frames(0, [0], np.random.default_rng(0))
    assert not source.read_images(0, [0])[0].any()


def test_nothing_to_paste_or_no_background_is_an_error(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one bank of objects and one source of backgrounds"):
        CutPaste([], [(ImageFolder(root / "black"), 1.0)])
    with pytest.raises(FileNotFoundError, match="no pictures in"):
        ImageFolder(tmp_path)


def test_a_picture_that_cannot_be_read_is_named(root: Path, tmp_path: Path) -> None:
    write_picture(tmp_path / "good.png", noise_picture(0))
    (tmp_path / "good.png").write_bytes(b"not a picture")
    dataset = CutPaste([(CocoCutouts(root / "coco"), 1.0)], [(ImageFolder(tmp_path), 1.0)])
    with pytest.raises(ValueError, match=r"cannot decode picture .*good\.png"):
        dataset.get_frames(0, [0], np.random.default_rng(0))


def test_real_clips(shared: Path) -> None:
    data = shared / "data"
    videos = SequenceFolder(data / "train_video", sequences=["DAVIS_bear", "DAVIS_camel"])
    dataset = CutPaste([(VideoCutouts(videos), 1.0)], [(ImageFolder(data / "unlabelled_images"), 1.0)])
    frames = dataset.get_frames(0, [0, 15, 30], np.random.default_rng(0))
    assert (frames.boxes[:, 2:] > 10).all()
