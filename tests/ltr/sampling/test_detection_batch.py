from pathlib import Path

import pytest
import torch
from torch import Tensor

from ltr.dataset.detection import DetectionDataset, DetectionImage, DetectionSource
from ltr.sampling.detection_batch import FeatureCache, FrozenItems, FrozenLoader, FrozenOutput, collate
from ltr.sampling.detection_items import DetectionLoader, EndlessSamples, load_sample
from tests.fakes.detection import write_rectangles


class CountingDetector:
    """Maps of the picture itself at two strides, one candidate: how often it looked is counted."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self, image: Tensor) -> FrozenOutput:
        self.looks += 1
        maps = (image[:, ::8, ::8].contiguous(), image[:, ::16, ::16].contiguous())
        box = torch.tensor([[1.0, 2.0, 30.0, 40.0]])
        return FrozenOutput(maps, box, torch.tensor([1]), torch.tensor([0.5]), torch.tensor([2.0, 4.0]))


@pytest.fixture
def pictures(tmp_path: Path) -> list[DetectionImage]:
    source = DetectionSource("annotations.json", "images")
    return DetectionDataset(write_rectangles(tmp_path / "data", 4), [source]).pictures


def test_what_is_kept_comes_back(tmp_path: Path, pictures: list[DetectionImage]) -> None:
    cache = FeatureCache(tmp_path / "cache", "mine")
    assert not cache.holds(pictures[0], False)
    output = CountingDetector()(load_sample(pictures[0], False).image)
    cache.save(pictures[0], False, output)
    kept = cache.read(pictures[0], False)
    for name in ("boxes", "labels", "scores", "scale"):
        assert torch.equal(getattr(kept, name), getattr(output, name))
    for ours, theirs in zip(kept.maps, output.maps, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)  # half precision
        assert ours.dtype == torch.float32
    assert cache.holds(pictures[0], False)
    assert not cache.holds(pictures[0], True)
    assert not cache.holds(pictures[1], False)


def test_a_cache_of_another_detector_is_refused(tmp_path: Path) -> None:
    FeatureCache(tmp_path / "cache", "mine")
    FeatureCache(tmp_path / "cache", "mine")
    with pytest.raises(ValueError, match=r"cache .*cache holds the features of another detector: delete it"):
        FeatureCache(tmp_path / "cache", "yours")


def test_with_a_cache_each_picture_is_seen_once(tmp_path: Path, pictures: list[DetectionImage]) -> None:
    detector, cache = CountingDetector(), FeatureCache(tmp_path / "cache", "mine")
    loader = FrozenLoader(DetectionLoader(EndlessSamples(pictures, FrozenItems(cache), None), 4, 3), detector, cache)
    passes = [list(loader) for _ in range(3)]
    assert detector.looks == 4
    assert len(loader) == 2
    for first, later in zip(passes[0], passes[2], strict=True):
        assert first.ids == later.ids
        assert torch.equal(first.truth.boxes, later.truth.boxes)
        assert all(torch.equal(a, b) for a, b in zip(first.maps, later.maps, strict=True))


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_batch_is_its_pictures_side_by_side(pictures: list[DetectionImage], mirrored: bool) -> None:
    detector, items = CountingDetector(), FrozenItems(None)
    seen = []
    for source in pictures:
        item = items(source, mirrored)
        assert item.picture is not None
        image = item.picture.image
        seen.append((item, detector(image[:, : 120 - 8 * source.id])))  # of different heights
    batch = collate(seen)
    assert [m.shape for m in batch.maps] == [(4, 3, 15, 20), (4, 3, 8, 10)]
    for number, (item, output) in enumerate(seen):
        for together, alone in zip(batch.maps, output.maps, strict=True):
            torch.testing.assert_close(together[number, :, : alone.shape[1]], alone)
            assert not together[number, :, alone.shape[1] :].any()
        assert item.picture is not None
        own = batch.truth[batch.truth.picture == number]
        torch.testing.assert_close(own.boxes, item.picture.boxes * torch.tensor([2.0, 4.0, 2.0, 4.0]))
        assert torch.equal(own.labels, item.picture.labels)
    assert batch.candidates.picture.tolist() == [0, 1, 2, 3]
    assert batch.ids == [0, 1, 2, 3]
    moved = batch.to("cpu")
    assert torch.equal(moved.candidates.boxes, batch.candidates.boxes)
