from pathlib import Path

import pytest
import torch

from ltr.dataset.detection import DetectionDataset, DetectionImage, DetectionSource
from ltr.sampling.detection_items import (
    DetectionLoader,
    DetectionSampleBatch,
    EndlessSamples,
    load_sample,
    mirror_boxes,
)
from tests.fakes.detection import write_rectangles


def _pictures(folder: Path, count: int = 6) -> list[DetectionImage]:
    return DetectionDataset(write_rectangles(folder, count), [DetectionSource("annotations.json", "images")]).pictures


def test_a_mirrored_picture_shows_its_boxes_where_they_are(tmp_path: Path) -> None:
    source = _pictures(tmp_path, 1)[0]
    plain, mirrored = load_sample(source, False), load_sample(source, True)
    assert plain.image.shape == (3, 120, 160)
    assert 0 <= plain.image.min() < plain.image.max() <= 1
    for box, box_mirrored in zip(plain.boxes.int().tolist(), mirrored.boxes.int().tolist(), strict=True):
        x, y, w, h = box
        u, _, _, _ = box_mirrored
        inside = plain.image[:, y : y + h, x : x + w]
        torch.testing.assert_close(mirrored.image[:, y : y + h, u : u + w], inside.flip(-1))
    torch.testing.assert_close(mirror_boxes(mirrored.boxes, 160), plain.boxes)


def test_every_turn_shows_every_picture_once_in_an_order_of_the_seed(tmp_path: Path) -> None:
    pictures = _pictures(tmp_path)

    def seen(seed: int | None) -> list[tuple[int, bool]]:
        endless = EndlessSamples(pictures, lambda picture, mirrored: (picture.id, mirrored), seed)
        return [endless[i] for i in range(60)]

    first = seen(0)
    for turn in range(0, 60, 6):
        assert sorted(picture for picture, _ in first[turn : turn + 6]) == list(range(6))
    assert first[:6] != first[6:12]
    assert 15 < sum(mirrored for _, mirrored in first) < 45
    assert first == seen(0) != seen(1)
    assert seen(None) == 10 * [(i, False) for i in range(6)]


def test_epochs_follow_each_other(tmp_path: Path) -> None:
    endless = EndlessSamples(_pictures(tmp_path), load_sample, None)
    loader = DetectionLoader(endless, per_epoch=4, batch_size=3, collate=DetectionSampleBatch)
    batches = {}
    for epoch in (0, 1):
        loader.set_epoch(epoch)
        batches[epoch] = [batch.ids for batch in loader]
    assert batches == {0: [[0, 1, 2], [3]], 1: [[4, 5, 0], [1]]}
    assert len(loader) == 2
    loader.set_epoch(1, first_batch=1)
    assert [batch.ids for batch in loader] == [[1]]


def test_workers_change_nothing(tmp_path: Path) -> None:
    endless = EndlessSamples(_pictures(tmp_path), load_sample, 3)
    alone, helped = (
        [batch.ids for batch in DetectionLoader(endless, 6, 2, DetectionSampleBatch, workers)] for workers in (0, 2)
    )
    assert alone == helped


def test_a_picture_that_a_worker_cannot_read_is_named_in_one_line(tmp_path: Path) -> None:
    pictures = _pictures(tmp_path)
    pictures[1].path.unlink()
    loader = DetectionLoader(EndlessSamples(pictures, load_sample, None), 6, 2, DetectionSampleBatch, num_workers=1)
    with pytest.raises(FileNotFoundError) as caught:
        list(loader)
    assert str(caught.value) == f"no such picture: {pictures[1].path}"
