import json
from pathlib import Path

import numpy as np
import pytest

from ltr.data.image_loader import load_image
from ltr.dataset.sequence_folder import SequenceFolder
from ltr.dataset.synthesis.cutouts import CocoCutouts, VideoCutouts, cut_out, decode_mask, ping_pong_indices
from tests.fakes.datasets import (
    HEIGHT,
    WIDTH,
    moving_boxes,
    noise_picture,
    rectangle_mask,
    rectangle_polygon,
    rectangle_rle,
    write_coco,
    write_sequences,
)
from tests.reference.crops import mask_bounds

BOX = (30, 20, 40, 50)
# Column by column, zeros first: the notation of uncompressed run lengths.
_RUNS = {"size": [3, 4], "counts": [4, 1, 2, 1, 4]}


@pytest.mark.parametrize("segmentation", [rectangle_polygon(BOX), rectangle_rle(BOX)])
def test_masks_of_both_notations(segmentation: object) -> None:
    np.testing.assert_array_equal(decode_mask(segmentation, HEIGHT, WIDTH), rectangle_mask(BOX))


def test_uncompressed_run_lengths() -> None:
    expected = np.zeros(12, np.uint8)
    expected[[4, 7]] = 1
    np.testing.assert_array_equal(decode_mask(_RUNS, 3, 4), expected.reshape(4, 3).T)


@pytest.mark.parametrize("box", [BOX, (70, 10, 6, 60), (2, 3, 30, 30)])
def test_a_cutout_is_the_object_within_a_margin(box: tuple[int, int, int, int]) -> None:
    image = noise_picture(0)
    cutout = cut_out(image, rectangle_mask(box))
    x, y, w, h = mask_bounds(cutout.alpha >= 128)
    rim = 1 if min(box[2:]) > 6 else 0  # thin objects keep their rim
    assert (w, h) == (box[2] - 2 * rim, box[3] - 2 * rim)
    inside = cutout.image[y : y + h, x : x + w]
    np.testing.assert_array_equal(inside, image[box[1] + rim :, box[0] + rim :][:h, :w])
    assert cutout.alpha[[0, -1]].max() == 0
    assert ((cutout.alpha > 0) & (cutout.alpha < 255)).any()


def test_whole_objects_with_masks_are_taken(tmp_path: Path) -> None:
    bank = CocoCutouts(write_coco(tmp_path), source_weights={"first": 0.25})
    # Not those without a mask, too small, too thin, cut off by the border, or crowds.
    assert bank.ids.tolist() == [1, 2]
    assert bank.groups.tolist() == ["brick", "brick"]
    assert bank.weights.tolist() == [0.25, 1.0]
    cutouts = bank.load(0, [3, 9])
    assert cutouts[0] is cutouts[1]
    assert cutouts[0].alpha.shape == (50 + 4, 40 + 4)


@pytest.mark.parametrize("index", [0, 1])
def test_the_cutout_is_that_of_the_annotation_in_the_file(tmp_path: Path, index: int) -> None:
    root = write_coco(tmp_path)
    item = json.loads((root / "annotations.json").read_text())["annotations"][index]
    image = load_image(root / "images" / f"{item['image_id']}.jpg")
    expected = cut_out(image, decode_mask(item["segmentation"], HEIGHT, WIDTH))
    cutout = CocoCutouts(root).load(index, [0])[0]
    np.testing.assert_array_equal(cutout.image, expected.image)
    np.testing.assert_array_equal(cutout.alpha, expected.alpha)


@pytest.mark.parametrize("mask", [[[1, 2]], "text", {"size": [5, 5]}, {"size": [5, 5], "counts": 7}, 5])
def test_a_broken_mask_is_named(tmp_path: Path, mask: object) -> None:
    path = write_coco(tmp_path) / "annotations.json"
    content = json.loads(path.read_text())
    content["annotations"][0]["segmentation"] = mask
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"annotations\.json: annotation 1: segmentation is no mask"):
        CocoCutouts(tmp_path).load(0, [0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", r"masks\.json is not valid JSON"),
        ("{}", r"masks\.json: expected a list of masks"),
        (json.dumps([None, [1]] + [None] * 14), r"masks\.json: mask 2: expected run lengths"),
    ],
)
def test_broken_masks_of_a_video_are_named(tmp_path: Path, text: str, message: str) -> None:
    root = write_sequences(tmp_path)
    (root / "film" / "masks.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        VideoCutouts(SequenceFolder(root))


def test_no_object_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no whole object with a mask and sides of 90 px or more"):
        CocoCutouts(write_coco(tmp_path), min_side=90)


def test_objects_of_videos_change_with_time(tmp_path: Path) -> None:
    bank = VideoCutouts(SequenceFolder(write_sequences(tmp_path)))
    assert (len(bank), bank.name(0)) == (1, "film")
    boxes = moving_boxes(16)
    whole = [t for t in range(16) if t not in (3, 4)]
    times = [0, 3, 13, 14, 27]  # fourteen frames forwards, then backwards
    for cutout, t in zip(bank.load(0, times), [whole[0], whole[3], whole[13], whole[12], whole[1]], strict=True):
        _, _, w, h = mask_bounds(cutout.alpha >= 128)
        assert (w, h) == (boxes[t][2] - 2, boxes[t][3] - 2)


def test_masks_must_be_as_many_as_frames(tmp_path: Path) -> None:
    root = write_sequences(tmp_path)
    (root / "film" / "masks.json").write_text(json.dumps([None] * 5))
    with pytest.raises(ValueError, match=r"masks\.json: 5 masks for 16 frames"):
        VideoCutouts(SequenceFolder(root))


def test_videos_without_masks_are_an_error(tmp_path: Path) -> None:
    root = write_sequences(tmp_path)
    (root / "film" / "masks.json").unlink()
    with pytest.raises(ValueError, match="no sequence of video has 10 frames with a whole object"):
        VideoCutouts(SequenceFolder(root))


def test_ping_pong_indices() -> None:
    assert ping_pong_indices(range(8), 4).tolist() == [0, 1, 2, 3, 2, 1, 0, 1]
    assert ping_pong_indices([0, 5], 1).tolist() == [0, 0]
