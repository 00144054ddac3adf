from pathlib import Path

import numpy as np
import pytest

from ltr.dataset.sequence_folder import SequenceFolder, list_sequences
from tests.fakes.datasets import draw_box, moving_boxes, noise_picture, write_boxes, write_picture, write_sequences

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
    for image, (x, y, w, h) in zip(frames.images, frames.boxes.astype(int), strict=True):
        inside = np.asarray(image)[y + 4 : y + h - 4, x + 4 : x + w - 4].reshape(-1, 3)
        np.testing.assert_allclose(inside.mean(axis=0), (20, 220, 20), atol=12)


def test_sequences_can_be_chosen(root: Path) -> None:
    dataset = SequenceFolder(root, sequences=["stills"])
    assert [sequence.folder.name for sequence in dataset.sequences] == ["stills"]
    with pytest.raises(FileNotFoundError, match=r"no groundtruth_rect\.txt for gone"):
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


def test_no_sequences_are_not_all(root: Path) -> None:
    with pytest.raises(ValueError, match=r"no sequence is left \(all 2 are held out\)"):
        SequenceFolder(root, sequences=[])


def test_missing_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"folder of sequences does not exist: .*nowhere"):
        SequenceFolder(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="for any sequence"):
        SequenceFolder(tmp_path)
    write_boxes(tmp_path / "empty", moving_boxes(2))
    with pytest.raises(FileNotFoundError, match=r"empty has neither frames\.mp4 nor pictures in img/"):
        SequenceFolder(tmp_path)


def test_boxes_and_frames_must_be_as_many(tmp_path: Path) -> None:
    root = write_sequences(tmp_path)
    write_boxes(root / "film", moving_boxes(15))
    with pytest.raises(ValueError, match=r"film: 16 frames but 15 boxes in groundtruth_rect\.txt"):
        SequenceFolder(root)


def test_real_videos(shared: Path) -> None:
    dataset = SequenceFolder(shared / "data" / "train_video")
    assert len(dataset) == 109
    index = [sequence.folder.name for sequence in dataset.sequences].index("DAVIS_bear")
    frames = dataset.get_frames(index, [40, 81], RNG)
    assert [np.shape(image) for image in frames.images] == [(270, 480, 3)] * 2
    assert frames.boxes.shape == (2, 4)
