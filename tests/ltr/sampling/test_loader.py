import os
import signal
import traceback
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from ltr.data.batch import TrackingBatch
from ltr.data.crop import CropSettings
from ltr.data.labels import ScoreGrid
from ltr.dataset.base_video_dataset import BaseVideoDataset, FrameSet, SequenceInfo
from ltr.dataset.synthesis.synthetic import SyntheticShapes
from ltr.sampling.loader import BatchShard, EpochIndices, TrackingLoader
from ltr.sampling.processing import DiMPProcessing, ProcessingSettings
from ltr.sampling.sampler import SamplerSettings, TrackingSampler
from ltr.utils.errors import InputError

# From Python 3.12 on, starting a process beside torch's threads warns.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

PROCESSING = DiMPProcessing(ProcessingSettings(), CropSettings(5.0, 288), ScoreGrid(19, 16, 0.0, 0.25))


def _loader(num_workers: int) -> TrackingLoader:
    settings = SamplerSettings(samples_per_epoch=5, num_train_frames=1, num_test_frames=2)
    sampler = TrackingSampler([(SyntheticShapes(), 1.0)], settings, PROCESSING, seed=3)
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


@pytest.mark.parametrize(("processes", "accumulate"), [(1, 1), (1, 3), (2, 1), (2, 3), (3, 2), (6, 1)])
def test_shares_make_up_the_batches(processes: int, accumulate: int) -> None:
    """20 samples an epoch in batches of 6: what all processes see in one step is the batch, whatever their number."""
    shards = [EpochIndices(20, 6, BatchShard(rank, processes, accumulate)) for rank in range(processes)]
    size = 6 // (processes * accumulate)
    for shard in shards:
        shard.set_epoch(2)
    seen = [list(shard) for shard in shards]
    whole_batches = 3
    assert all(len(indices) >= whole_batches * accumulate * size for indices in seen)
    for batch in range(whole_batches):
        step = slice(batch * accumulate * size, (batch + 1) * accumulate * size)
        assert sorted(index for indices in seen for index in indices[step]) == list(
            range(40 + 6 * batch, 46 + 6 * batch)
        )
    # Taken up at the second step.
    for shard, indices in zip(shards, seen, strict=True):
        shard.set_epoch(2, first_batch=accumulate)
        assert list(shard) == indices[accumulate * size :]


@pytest.mark.parametrize(("processes", "accumulate"), [(4, 1), (1, 5), (8, 1)])
def test_batches_that_cannot_be_shared_are_refused(processes: int, accumulate: int) -> None:
    with pytest.raises(ValueError, match=rf"6 samples cannot be shared by {processes} processes in {accumulate} equal"):
        BatchShard(0, processes, accumulate).size(6)


class Broken(BaseVideoDataset):
    """One sequence that cannot be read."""

    name = "broken"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __len__(self) -> int:
        return 1

    def get_sequence_info(self, seq_id: int) -> SequenceInfo:
        return SequenceInfo("broken/0", np.ones(3, dtype=bool))

    def get_frames(self, seq_id: int, frame_ids: Sequence[int], rng: np.random.Generator) -> FrameSet:
        raise self.error


class Untold(InputError):
    """Cannot be made of its message alone, as the errors of some libraries."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{text} {code}")


@pytest.mark.parametrize("num_workers", [0, 1])
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InputError("cannot decode picture a.jpg"), InputError),
        (FileNotFoundError("no such picture: a.jpg"), FileNotFoundError),
        (Untold(7, "a.jpg is damaged"), InputError),
    ],
)
def test_bad_input_is_told_in_one_line_whoever_meets_it(num_workers: int, error: Exception, kind: type) -> None:
    settings = SamplerSettings(samples_per_epoch=4, num_train_frames=1, num_test_frames=1)
    sampler = TrackingSampler([(Broken(error), 1.0)], settings, PROCESSING)
    with pytest.raises(kind) as caught:
        list(TrackingLoader(sampler, batch_size=2, num_workers=num_workers))
    assert str(caught.value) == str(error)
    where = "".join(traceback.format_exception(caught.value))
    assert "get_frames" in where  # a traceback, where one is shown, leads to the place


def test_bugs_in_a_worker_keep_their_traceback() -> None:
    settings = SamplerSettings(samples_per_epoch=4, num_train_frames=1, num_test_frames=1)
    sampler = TrackingSampler([(Broken(TypeError("a bug")), 1.0)], settings, PROCESSING)
    with pytest.raises(TypeError, match=r"(?s)Caught TypeError in DataLoader worker.*get_frames.*a bug"):
        list(TrackingLoader(sampler, batch_size=2, num_workers=1))


def test_ctrl_c_does_not_end_a_worker() -> None:
    loader = _loader(1)
    list(loader)  # starts the worker
    worker = loader._iterator._workers[0]  # type: ignore[union-attr]
    os.kill(worker.pid, signal.SIGINT)
    assert len(list(loader)) == 2
    assert worker.is_alive()


def test_a_loader_begins_with_any_batch() -> None:
    loader = _loader(0)
    loader.set_epoch(1)
    batches = list(loader)
    loader.set_epoch(1, first_batch=1)
    (last,) = loader
    assert last.ids == batches[1].ids
    assert torch.equal(last.test_images, batches[1].test_images)
