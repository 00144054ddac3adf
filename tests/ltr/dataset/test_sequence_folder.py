from pathlib import Path

import cv2
import numpy as np
import pytest

from ltr.dataset.sequence_folder import SequenceFolder, list_sequences
from pytracking.evaluation.datasets.registry import get_dataset
from tests.fakes.datasets import (
    draw_box,
    moving_boxes,
    noise_picture,
    write_boxes,
    write_picture,
    write_sequences,
    write_video,
)

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sequences(tmp_path_factory.mktemp("sequences"))


def test_videos_and_picture_folders_are_found(root: Path) -> None:
    dataset = SequenceFolder(root, name="fake")
    assert list_sequences(root) == ["film", "stills"]
    assert [dataset.get_sequence_info(i).name for i in range(len(dataset))] == ["fake/film", "fake/stills"]
    assert [dataset.num_frames(i) for i in (0, 1)] == [16, 4]
    assert dataset.is_video


def test_absent_and_tiny_targets_are_not_visible(root: Path) -> None:
    visible = SequenceFolder(root).get_sequence_info(0).visible
    assert np.flatnonzero(~visible).tolist() == [3, 4]
    larger = SequenceFolder(root, min_side=36).get_sequence_info(0).visible
    # The shorter side of the moving box is 28 + t.
    assert np.flatnonzero(larger).tolist() == list(range(8, 16))


@pytest.mark.parametrize("seq_id", [0, 1])
def test_frames_belong_to_their_boxes(root: Path, seq_id: int) -> None:
    frames = SequenceFolder(root).get_frames(seq_id, [2, 0], RNG)
    assert frames.boxes.tolist() == [list(moving_boxes(3)[2]), list(moving_boxes(3)[0])]
    for image, box in zip(frames.images, frames.boxes, strict=True):
        _check_pixels(image, box)


def test_sequences_can_be_chosen(root: Path) -> None:
    dataset = SequenceFolder(root, sequences=["stills"])
    assert [sequence.name for sequence in dataset.sequences] == ["stills"]
    with pytest.raises(FileNotFoundError, match=r"no groundtruth_rect\.txt or groundtruth\.txt for gone"):
        SequenceFolder(root, sequences=["stills", "gone"])


def test_pictures_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """As text, 10 comes before 2: every later box would lie on another frame."""
    boxes = moving_boxes(12)
    write_boxes(tmp_path / "own", boxes)
    for t, box in enumerate(boxes):
        name = f"{'Img' if t % 2 else 'img'}_{t + 1}.{'PNG' if t % 3 else 'bmp'}"
        write_picture(tmp_path / "own" / "img" / name, draw_box(noise_picture(7), box, (20, 220, 20)))
    (tmp_path / "own" / "img" / "._img_1.png").write_bytes(b"what macOS leaves")
    frames = SequenceFolder(tmp_path).get_frames(0, list(range(12)), RNG)
    for image, (x, y, w, h) in zip(frames.images, boxes, strict=True):
        np.testing.assert_array_equal(np.asarray(image)[y + h // 2, [x + 1, x + w - 2]], [(20, 220, 20)] * 2)
        assert np.any(np.asarray(image)[y + h // 2, [x - 1, x + w + 1]] != (20, 220, 20), axis=1).all()


def _check_pixels(image: np.ndarray, box: np.ndarray) -> None:
    x, y, w, h = box.astype(int)
    inside = np.asarray(image)[y + 4 : y + h - 4, x + 4 : x + w - 4].reshape(-1, 3)
    np.testing.assert_allclose(inside.mean(axis=0), (20, 220, 20), atol=12)


def test_training_reads_what_evaluation_reads(tmp_path: Path) -> None:
    """Every layout of the evaluation's ``folder:`` and ``csv:``: the same names, frames and boxes."""
    boxes = moving_boxes(3)
    pictures = [draw_box(noise_picture(7), box, (20, 220, 20)) for box in boxes]
    rows = [";".join(map(str, box)) for box in boxes]
    for name, place, suffix, text in (
        ("beside", ".", "bmp", "groundtruth.txt"),
        ("colors", "color", "webp", "GroundTruth.txt"),
        ("many", "img", "tif", "groundtruth_rect.2.txt"),
    ):
        for t, picture in enumerate(pictures):
            write_picture(tmp_path / name / place / f"{t + 9}.{suffix}", picture)
        (tmp_path / name / text).write_text("\ufeff" + "\r\n".join(rows) + "\r\n\r\n", encoding="utf-8", newline="")
    write_video(tmp_path / "inside" / "holiday.mp4", pictures)
    (tmp_path / "inside" / "groundtruth.txt").write_text("\n".join(rows))
    write_video(tmp_path / "lone.mp4", pictures)
    (tmp_path / "lone.txt").write_text("\n".join(rows))
    table = ["video;frame;x;y;w;h", *(f"colors/color;{t};{row}" for t, row in enumerate(rows))]
    (tmp_path / "boxes.csv").write_text("\n".join(table))
    for root, names in (
        (tmp_path, ["beside", "colors", "inside", "lone", "many-2"]),
        (tmp_path / "boxes.csv", ["color"]),
    ):
        kind = "folder" if root.is_dir() else "csv"
        evaluated = get_dataset(f"{kind}:{root}")
        dataset = SequenceFolder(root)
        assert list_sequences(root) == [sequence.name for sequence in evaluated] == names
        for index, sequence in enumerate(evaluated):
            frames = dataset.get_frames(index, [0, 1, 2], RNG)
            np.testing.assert_array_equal(frames.boxes, sequence.ground_truth)
            for image, other, box in zip(frames.images, sequence.open(), frames.boxes, strict=True):
                _check_pixels(image, box)
                assert np.abs(np.asarray(image, int) - other).mean() < 8  # the frames of videos are kept as JPEG


def test_training_cuts_off_what_an_encoder_padded(tmp_path: Path) -> None:
    root = write_sequences(tmp_path)
    (root / "film" / "meta.json").write_text('{"width": 159, "height": 119}')
    (image,) = SequenceFolder(root, sequences=["film"]).read_images(0, [1])
    assert image.shape == (119, 159, 3)


def test_16_bit_pictures_have_the_levels_of_their_sequence(tmp_path: Path) -> None:
    """As in evaluation: frame 0 alone would be drawn apart."""
    for t in range(3):
        counts = 7200 + 100 * t + noise_picture(t)[..., 0].astype(np.uint16)
        (tmp_path / "thermal" / "img").mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(tmp_path / "thermal" / "img" / f"{t}.png"), counts)
    write_boxes(tmp_path / "thermal", moving_boxes(3))
    trained = SequenceFolder(tmp_path).read_images(0, [2, 0])
    (sequence,) = get_dataset(f"folder:{tmp_path}")
    evaluated = list(sequence.open())
    np.testing.assert_array_equal(trained, [evaluated[2], evaluated[0]])
    assert trained[0].mean() > trained[1].mean() + 30


def test_no_sequences_are_not_all(root: Path) -> None:
    with pytest.raises(ValueError, match=r"no sequence is left \(all 2 are held out\)"):
        SequenceFolder(root, sequences=[])


def test_missing_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere: no such folder of sequences"):
        SequenceFolder(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"holds no <Sequence>/groundtruth_rect\.txt or groundtruth\.txt"):
        SequenceFolder(tmp_path)
    write_boxes(tmp_path / "empty", moving_boxes(2))
    with pytest.raises(
        FileNotFoundError,
        match=r"empty: holds no img/, .* and no images .* or video .* beside the boxes",
    ):
        SequenceFolder(tmp_path)


def test_boxes_and_frames_must_be_as_many(tmp_path: Path) -> None:
    root = write_sequences(tmp_path)
    write_boxes(root / "film", moving_boxes(15))
    with pytest.raises(ValueError, match=r"film: 16 frames but 15 boxes"):
        SequenceFolder(root)


def test_real_videos(shared: Path) -> None:
    dataset = SequenceFolder(shared / "data" / "train_video")
    assert len(dataset) == 109
    index = [sequence.name for sequence in dataset.sequences].index("DAVIS_bear")
    frames = dataset.get_frames(index, [40, 81], RNG)
    assert [np.shape(image) for image in frames.images] == [(270, 480, 3)] * 2
    assert frames.boxes.shape == (2, 4)
