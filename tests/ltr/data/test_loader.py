import pytest
import torch

from ltr.data.batch import TrackingBatch
from ltr.data.loader import TrackingLoader
from ltr.data.processing import DiMPProcessing
from ltr.data.sampler import SamplerSettings, TrackingSampler
from ltr.dataset.synthetic import SyntheticShapes

# From Python 3.12 on, starting a process beside torch's threads warns.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def _loader(num_workers: int) -> TrackingLoader:
    settings = SamplerSettings(samples_per_epoch=5, num_train_frames=1, num_test_frames=2)
    sampler = TrackingSampler([(SyntheticShapes(), 1.0)], settings, DiMPProcessing(), seed=3)
    return TrackingLoader(sampler, batch_size=2, num_workers=num_workers)


def _epochs(num_workers: int) -> list[TrackingBatch]:
    loader = _loader(num_workers)
    batches = []
    for epoch in (0, 1):
        loader.set_epoch(epoch)
        batches += list(loader)
    return batches


def test_batches_have_their_shapes_and_the_rest_is_dropped() -> None:
    loader = _loader(0)
    batches = list(loader)
    assert len(batches) == len(loader) == 2
    assert batches[0].train_images.shape == (1, 2, 3, 288, 288)
    assert batches[0].test_boxes.shape == (2, 2, 4)
    assert batches[0].test_labels.shape == (2, 2, 19, 19)
    assert len(batches[0].ids) == 2


def test_the_number_of_workers_changes_nothing() -> None:
    expected = _epochs(0)
    assert expected[0].ids != expected[2].ids
    for num_workers in (1, 2):
        for batch, reference in zip(_epochs(num_workers), expected, strict=True):
            assert batch.ids == reference.ids
            assert torch.equal(batch.test_images, reference.test_images)
            assert torch.equal(batch.train_boxes, reference.train_boxes)
