"""The readers of the published layouts, on tiny trees."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ltr.dataset.coco_seq import CocoImages
from ltr.dataset.layouts import TRAINED
from ltr.dataset.layouts.base import GroundTruth, Layout, SequenceFiles
from ltr.dataset.layouts.got10k import GOT10K
from ltr.dataset.layouts.image_sequences import ImageSequences
from ltr.dataset.layouts.lasot import LASOT
from ltr.dataset.layouts.tracking_net import TRACKINGNET
from tests.fakes.datasets import moving_boxes
from tests.fakes.layouts import only, write_coco_split, write_got10k, write_lasot, write_trackingnet

RNG = np.random.default_rng(0)
NOWHERE = Path("nowhere")


def names(layout: Layout, split: str, root: Path = NOWHERE) -> list[str]:
    return [files.name for files in layout.sequences(root, split)]


TREES: dict[str, tuple[Callable[[Path], Path], Layout, str]] = {
    "lasot": (write_lasot, only(LASOT, "airplane/airplane-2", "zebra/zebra-1"), "train"),
    "got10k": (write_got10k, only(GOT10K, "train/GOT-10k_Train_000001", "train/GOT-10k_Train_000002"), "train"),
    "trackingnet": (write_trackingnet, replace(TRACKINGNET, count=None), "0-1"),
}


def test_every_layout_has_a_tree_here() -> None:
    assert set(TREES) == set(TRAINED)


@pytest.fixture(params=TREES)
def dataset(request: pytest.FixtureRequest, tmp_path: Path) -> ImageSequences:
    write, layout, split = TREES[request.param]
    return ImageSequences(layout, write(tmp_path), split)


def test_frames_belong_to_their_boxes(dataset: ImageSequences) -> None:
    assert len(dataset) == 2
    assert dataset.is_video
    for seq_id in range(2):
        assert dataset.num_frames(seq_id) == 3
        frames = dataset.get_frames(seq_id, [1, 0], RNG)
        # Pixels from 0, whatever the files count from.
        assert frames.boxes.tolist() == [list(moving_boxes(2)[1]), list(moving_boxes(2)[0])]
        for image, (x, y, w, h) in zip(frames.images, frames.boxes.astype(int), strict=True):
            inside = np.asarray(image)[y + 4 : y + h - 4, x + 4 : x + w - 4].reshape(-1, 3)
            np.testing.assert_allclose(inside.mean(axis=0), (220, 20, 20), atol=12)
        (image,) = dataset.read_images(seq_id, [2])
        assert image.shape == (120, 160, 3)


def test_the_absent_frame_is_not_visible(dataset: ImageSequences) -> None:
    for seq_id, sequence in enumerate(dataset.sequences):
        info = dataset.get_sequence_info(seq_id)
        assert info.name == f"{dataset.name}/{sequence.name}"
        assert info.visible.tolist() == [True, True, False]


def test_boxes_that_can_be_used_are_counted(dataset: ImageSequences) -> None:
    assert dataset.count_boxes() == 4


class Unreadable(SequenceFiles):
    def ground_truth(self) -> GroundTruth:
        raise AssertionError(self.name)


def test_the_second_start_reads_no_annotation(dataset: ImageSequences) -> None:
    split = dataset.name.split()[1]
    files: list[SequenceFiles] = [Unreadable(**vars(one)) for one in dataset.sequences]
    again = ImageSequences(replace(dataset.layout, sequences=lambda root, split: files), dataset.root, split)
    np.testing.assert_array_equal(again.boxes(1), dataset.boxes(1))


def test_a_missing_sequence_is_named_with_what_to_do(tmp_path: Path) -> None:
    layout = only(LASOT, "airplane/airplane-2", "zebra/zebra-3")
    with pytest.raises(
        FileNotFoundError,
        match=r"zebra-3/groundtruth\.txt does not exist; .*: python -m ltr\.util_scripts\.check lasot .* --split train",
    ):
        ImageSequences(layout, write_lasot(tmp_path), "train")
    with pytest.raises(FileNotFoundError, match=r"got10k val: folder .*nowhere does not exist"):
        ImageSequences(GOT10K, tmp_path / "nowhere", "val")
    with pytest.raises(FileNotFoundError, match="TRAIN_3/anno does not exist"):
        ImageSequences(TRACKINGNET, tmp_path, "3")
    write_trackingnet(tmp_path)
    with pytest.raises(
        FileNotFoundError, match=r"trackingnet 0-1: 2 of 5,022 sequences are in .*\.check trackingnet .* 0-1$"
    ):
        ImageSequences(TRACKINGNET, tmp_path, "0-1")


def test_flags_must_be_as_many_as_boxes(tmp_path: Path) -> None:
    root = write_got10k(tmp_path)
    (root / "train" / "GOT-10k_Train_000002" / "cover.label").write_text("8\n8\n")
    with pytest.raises(ValueError, match=r"000002/cover\.label: 2 flags for 3 boxes"):
        ImageSequences(TREES["got10k"][1], root, "train")


def test_lasot_splits() -> None:
    train, test = (names(LASOT, split) for split in ("train", "test"))
    assert (len(train), len(test)) == (1120, 280)
    assert len({*train, *test}) == 1400
    assert test[:2] == ["airplane/airplane-1", "airplane/airplane-9"]
    assert train[:2] == ["airplane/airplane-2", "airplane/airplane-3"]


def test_got10k_splits() -> None:
    splits = {split: set(names(GOT10K, split)) for split in ("train", "val", "vottrain", "votval")}
    assert {split: len(found) for split, found in splits.items()} == {
        "train": 9335,
        "val": 180,
        "vottrain": 7086,
        "votval": 1249,
    }
    assert splits["vottrain"] | splits["votval"] < splits["train"]
    assert not splits["vottrain"] & splits["votval"]
    assert "val/GOT-10k_Val_000180" in splits["val"]
    # Number 0 of pytracking's list of training videos is the first video.
    assert "train/GOT-10k_Train_000001" in splits["vottrain"]
    assert "train/GOT-10k_Train_000002" in splits["votval"]


def test_trackingnet_splits(tmp_path: Path) -> None:
    root = write_trackingnet(tmp_path, ("TRAIN_0/b", "TRAIN_0/a", "TRAIN_10/c", "TRAIN_11/d"))
    assert names(TRACKINGNET, "0", root) == ["TRAIN_0/a", "TRAIN_0/b"]
    assert names(TRACKINGNET, "10-11", root) == ["TRAIN_10/c", "TRAIN_11/d"]


@pytest.mark.parametrize(
    ("layout", "split"),
    [(LASOT, "val"), (GOT10K, "test"), (TRACKINGNET, "12"), (TRACKINGNET, "3-1"), (TRACKINGNET, "all"), (LASOT, "")],
)
def test_unknown_splits_list_what_there_is(layout: Layout, split: str) -> None:
    with pytest.raises(ValueError, match=f"^{layout.name} has no split '{split}'; there are "):
        layout.sequences(NOWHERE, split)


@pytest.mark.parametrize("images", ["images/tiny2017", "tiny2017"])
def test_coco_as_it_is_published(tmp_path: Path, images: str) -> None:
    dataset = CocoImages(write_coco_split(tmp_path, images=images), split="tiny2017")
    assert dataset.ids.tolist() == [11, 12]
    frames = dataset.get_frames(1, [0, 0], RNG)
    assert frames.boxes.tolist() == [list(moving_boxes(1)[0])] * 2
    assert np.shape(frames.images[0]) == (120, 160, 3)
    with pytest.raises(FileNotFoundError, match=r"annotations/instances_val2017\.json does not exist"):
        CocoImages(tmp_path, split="val2017")
