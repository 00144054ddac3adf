from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from ltr.data.crop import CropSettings
from ltr.data.labels import ScoreGrid
from ltr.dataset.base_video_dataset import BaseVideoDataset, FrameSet, SequenceInfo
from ltr.sampling.processing import DiMPProcessing, ProcessingSettings
from ltr.sampling.sampler import FrameMode, SamplerSettings, TrackingSampler, choose_frames
from tests.fakes.datasets import noise_picture


class Still(BaseVideoDataset):
    """Sequences of one gray level; frames listed in ``absent`` cannot be used."""

    def __init__(self, name: str, length: int = 40, absent: Sequence[int] = (), sequences: int = 3) -> None:
        self.name = name
        self.visible = np.ones(length, dtype=bool)
        self.visible[list(absent)] = False
        self.sequences = sequences
        self.asked: list[list[int]] = []

    def __len__(self) -> int:
        return self.sequences

    def get_sequence_info(self, seq_id: int) -> SequenceInfo:
        return SequenceInfo(f"{self.name}/{seq_id}", self.visible)

    def get_frames(self, seq_id: int, frame_ids: Sequence[int], rng: np.random.Generator) -> FrameSet:
        self.asked.append(list(frame_ids))
        return FrameSet([noise_picture(0)] * len(frame_ids), np.tile(np.float32([60, 40, 30, 30]), (len(frame_ids), 1)))


def _sampler(datasets: list[tuple[BaseVideoDataset, float]], seed: int = 0, **settings: object) -> TrackingSampler:
    processing = DiMPProcessing(ProcessingSettings(), CropSettings(5.0, 64), ScoreGrid(5, 16, 0.0, 0.2))
    settings = {"samples_per_epoch": 10, "num_train_frames": 1, "num_test_frames": 1, **settings}
    return TrackingSampler(datasets, SamplerSettings(**settings), processing, seed)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["causal", "interval"])
def test_frames_are_visible_and_near(mode: FrameMode) -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        visible = rng.random(80) < 0.7
        train, test = choose_frames(visible, 3, 2, 10, mode, rng)
        assert (len(train), len(test)) == (3, 2)
        assert visible[train].all()
        assert visible[test].all()
        both = np.concatenate([train, test])
        assert both.max() - both.min() <= 20
        if mode == "causal":
            assert train.max() < test.min()


def test_frames_are_drawn_as_pytracking_draws_them() -> None:
    """The base frame first, then earlier ones, tests after it; all closer than the gap, some twice."""
    rng, repeated = np.random.default_rng(0), 0
    for _ in range(300):
        visible = rng.random(60) < 0.8
        train, test = choose_frames(visible, 3, 3, 10, "pytracking", rng)
        base, before = train[0], train[1:]
        assert visible[[*train, *test]].all()
        assert 2 <= base < 57
        assert ((base - 10 <= before) & (before < base)).all()
        assert ((base < test) & (test < base + 10)).all()
        repeated += len({*train, *test}) < 6
    assert 100 < repeated < 300


def test_the_gap_of_pytracking_grows_until_there_are_frames() -> None:
    visible = np.zeros(100, dtype=bool)
    visible[[0, 40, 41, 99]] = True
    train, test = choose_frames(visible, 2, 1, 5, "pytracking", np.random.default_rng(0))
    assert (train[0] in (40, 41), train[0] > train[1], test[0] > train[0]) == (True, True, True)


@pytest.mark.parametrize(("mode", "shortest"), [("pytracking", 20), ("causal", 2)])
def test_short_videos_are_left_out_as_in_pytracking(mode: FrameMode, shortest: int) -> None:
    settings = SamplerSettings(samples_per_epoch=1, mode=mode)
    assert settings.usable(np.ones(shortest, dtype=bool))
    assert not settings.usable(np.ones(shortest - 1, dtype=bool))
    few = np.arange(30) < 12  # twice the frames of a sample, not more
    assert settings.usable(few) == (mode == "causal")


def test_frames_repeat_only_where_there_are_too_few() -> None:
    rng = np.random.default_rng(0)
    train, test = choose_frames(np.ones(60, dtype=bool), 3, 3, 10, "interval", rng)
    assert len(set(train)) == len(set(test)) == 3
    train, test = choose_frames(np.array([True, False, True]), 3, 3, 10, "causal", rng)
    assert (train.tolist(), test.tolist()) == ([0, 0, 0], [2, 2, 2])


def test_beyond_the_gap_only_the_next_visible_frame_is_taken() -> None:
    visible = np.zeros(100, dtype=bool)
    visible[[0, 60, 61]] = True
    rng = np.random.default_rng(0)
    pairs = {tuple(int(ids[0]) for ids in choose_frames(visible, 1, 1, 5, "causal", rng)) for _ in range(50)}
    assert pairs == {(0, 60), (60, 61)}


def test_all_causal_gaps_up_to_the_limit_occur() -> None:
    rng = np.random.default_rng(0)
    gaps = Counter()
    for _ in range(2000):
        train, test = choose_frames(np.ones(200, dtype=bool), 1, 1, 4, "causal", rng)
        gaps[int(test[0] - train[0])] += 1
    assert set(gaps) == set(range(1, 9))


def test_absent_frames_are_never_asked_for() -> None:
    dataset = Still("a", length=12, absent=[0, 3, 4, 5, 11])
    sampler = _sampler([(dataset, 1.0)], num_train_frames=2, num_test_frames=2)
    for i in range(40):
        sampler[i]
    assert {i for ids in dataset.asked for i in ids} == {1, 2, 6, 7, 8, 9, 10}


def test_data_sets_and_sequences_are_drawn_by_weight() -> None:
    often, seldom = Still("often"), Still("seldom")
    seldom.sequence_weights = np.array([0.0, 1.0, 3.0])
    sampler = _sampler([(often, 3.0), (seldom, 1.0)], samples_per_epoch=1000)
    counts = Counter(sampler[i].ids[0].split(":")[0] for i in range(1000))
    # Five standard deviations of a binomial.
    assert abs(sum(counts[f"often/{i}"] for i in range(3)) - 750) < 69
    assert counts["seldom/0"] == 0
    assert abs(counts["seldom/2"] - 187) < 62


def test_items_depend_on_seed_epoch_and_item_alone() -> None:
    sampler = _sampler([(Still("a"), 1.0)])
    later = sampler[13]
    again = _sampler([(Still("a"), 1.0)])
    again[2]
    assert torch.equal(again[13].test_images, later.test_images)
    assert again[13].ids == later.ids
    assert not torch.equal(sampler[3].test_images, later.test_images)
    assert not torch.equal(_sampler([(Still("a"), 1.0)], seed=1)[13].test_images, later.test_images)


def test_a_picture_stands_for_all_its_frames() -> None:
    dataset = Still("picture", length=1)
    dataset.is_video = False
    sample = _sampler([(dataset, 1.0)], num_train_frames=2, num_test_frames=3)[0]
    assert dataset.asked == [[0] * 5]
    assert sample.train_images.shape[0] == 2
    assert sample.test_images.shape[0] == 3


def test_nothing_to_draw_from_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"100 draws from hidden gave no sample: too few visible frames"):
        _sampler([(Still("hidden", length=3, absent=[0, 1]), 1.0)])[0]


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seed: expected 0 or more, got -1"):
        _sampler([(Still("a"), 1.0)], seed=-1)


@pytest.mark.parametrize("weights", [[], [0.0, 0.0], [1.0, -1.0]])
def test_impossible_weights_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights of the data sets must be >= 0 and not all 0"):
        _sampler([(Still("a"), weight) for weight in weights])
