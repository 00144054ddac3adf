from pathlib import Path

import numpy as np
import pytest

from ltr.dataset.coco_seq import BoxFilter, CocoImages
from tests.fakes.datasets import COCO_BOXES, write_coco

RNG = np.random.default_rng(0)


def test_boxes_worth_tracking_are_kept(tmp_path: Path) -> None:
    dataset = CocoImages(write_coco(tmp_path), box_filter=BoxFilter(max_size_fraction=0.5))
    # Not the tiny one, the thin one, the one as large as the picture, nor the crowd.
    assert dataset.ids.tolist() == [1, 2, 3, 7]
    assert not dataset.is_video


def test_frames_are_the_picture_with_its_box(tmp_path: Path) -> None:
    dataset = CocoImages(write_coco(tmp_path), name="fake")
    frames = dataset.get_frames(0, [0, 0, 0], RNG)
    x, y, w, h = COCO_BOXES[0][1]
    assert frames.boxes.dtype == np.float32
    assert frames.boxes.tolist() == [[x, y, w, h]] * 3
    inside = np.asarray(frames.images[2])[y + 4 : y + h - 4, x + 4 : x + w - 4].reshape(-1, 3)
    np.testing.assert_allclose(inside.mean(axis=0), (220, 20, 20), atol=6)
    info = dataset.get_sequence_info(0)
    assert (info.name, info.visible.tolist()) == ("fake/1", [True])


@pytest.mark.parametrize(
    ("box", "accepted"),
    [
        ((0, 0, 12, 12), True),
        ((0, 0, 11.9, 20), False),
        ((0, 0, 12, 72), True),
        ((0, 0, 12, 73), False),
        ((0, 0, 50, 50), True),
        ((0, 0, 51, 51), False),
        ((0, 0, float("nan"), 20), False),
        ((0, 0, 20, float("nan")), False),
    ],
)
def test_box_filter(box: tuple[float, ...], accepted: bool) -> None:
    box_filter = BoxFilter(min_side=12, max_aspect=6, max_size_fraction=0.5)
    assert box_filter.accepts(np.float32([box]), np.array([[100, 100]])).tolist() == [accepted]


def test_sources_are_weighed_and_left_out(tmp_path: Path) -> None:
    dataset = CocoImages(write_coco(tmp_path), source_weights={"first": 0.5, "third": 0})
    assert set(dataset.sources.tolist()) == {"first", "second"}
    expected = [0.5 if source == "first" else 1.0 for source in dataset.sources]
    assert dataset.sequence_weights.tolist() == expected


def test_unknown_sources_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sources that do not occur: fourth"):
        CocoImages(write_coco(tmp_path), source_weights={"fourth": 2.0})


def test_boxes_outside_the_picture_are_left_out() -> None:
    boxes = np.float32([[60, 10, 40, 20], [80, 10, 40, 20], [81, 10, 40, 20], [5000, 10, 40, 20], [-60, -10, 40, 20]])
    assert BoxFilter().accepts(boxes, np.tile([100, 100], (5, 1))).tolist() == [True, True, False, False, False]


def test_nothing_left_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no box of .* passes BoxFilter\(min_side=500"):
        CocoImages(write_coco(tmp_path), box_filter=BoxFilter(min_side=500))


@pytest.mark.parametrize("folder", ["train_images", "train_images2"])
def test_real_pictures(shared: Path, folder: str) -> None:
    dataset = CocoImages(shared / "data" / folder)
    assert len(dataset) > 3000
    for seq_id in (0, len(dataset) // 2, len(dataset) - 1):
        frames = dataset.get_frames(seq_id, [0], RNG)
        height, width = np.shape(frames.images[0])[:2]
        assert [width, height] == dataset.image_sizes[seq_id].tolist()
        x, y, w, h = frames.boxes[0]
        assert -1 <= x < x + w <= width + 1
        assert -1 <= y < y + h <= height + 1
