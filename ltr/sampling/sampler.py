"""Choice of the frames of a sample: data set by weight, sequence, and frames within a gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from torch.utils.data import Dataset

from ltr.data.batch import TrackingBatch
from ltr.dataset.base_video_dataset import BaseVideoDataset, FrameSet
from ltr.sampling.processing import DiMPProcessing
from ltr.utils.config import NonNegativeInt, PositiveInt
from ltr.utils.errors import InputError

FrameMode = Literal["causal", "interval", "pytracking"]


@dataclass(frozen=True)
class SamplerSettings:
    """``max_gap`` in frames. Mode "causal": train frames up to a base frame, test frames after it;
    "interval": both within the gap on either side of it; "pytracking": :func:`choose_as_pytracking`."""

    samples_per_epoch: PositiveInt
    num_train_frames: PositiveInt = 3
    num_test_frames: PositiveInt = 3
    max_gap: NonNegativeInt = 30
    mode: FrameMode = "causal"

    def usable(self, visible: np.ndarray) -> bool:
        """Whether a sample can be drawn from a video whose target is ``visible`` (``bool [n]``)."""
        count = int(np.count_nonzero(visible))
        if self.mode == "pytracking":
            return count > 2 * (self.num_train_frames + self.num_test_frames) and len(visible) >= 20
        return count >= 2


def choose_frames(
    visible: np.ndarray,
    num_train: int,
    num_test: int,
    max_gap: int,
    mode: FrameMode,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Train and test frame ids, drawn from the frames where the target is visible (``bool [n]``, at least
    two).

    All frames lie within ``max_gap`` of a common base frame, or the next visible frame is used if there is none. Ids
    repeat only if there are fewer frames than requested.
    """
    ids = np.flatnonzero(visible)
    if mode == "pytracking":
        return choose_as_pytracking(ids, len(visible), num_train, num_test, max_gap, rng)
    if mode == "causal":
        base = int(rng.integers(len(ids) - 1))
        before, after = ids[: base + 1], ids[base + 1 :]
        train = before[before >= ids[base] - max_gap]
        test = after[after <= max(ids[base] + max_gap, after[0])]
    else:
        near = ids[np.abs(ids - ids[rng.integers(len(ids))]) <= max_gap]
        train = test = near
    return _draw(train, num_train, rng), _draw(test, num_test, rng)


def choose_as_pytracking(
    ids: np.ndarray, length: int, num_train: int, num_test: int, max_gap: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Train and test frame ids, as pytracking's causal mode draws them from the visible frames ``ids`` of a video.

    The first train frame is the base frame, the reference of the box branch; the others are earlier, the test frames
    later, less than ``max_gap`` away. Frames repeat. Where there are none, the base is drawn again and the gap is
    5 frames wider.
    """
    bases = ids[(ids >= num_train - 1) & (ids < length - num_test)]
    while True:
        base = rng.choice(bases)
        before = ids[(ids >= base - max_gap) & (ids < base)]
        after = ids[(ids > base) & (ids < base + max_gap)]
        if len(before) and len(after):
            return np.append(base, rng.choice(before, num_train - 1)), rng.choice(after, num_test)
        max_gap += 5


def _draw(ids: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.choice(ids, count, replace=len(ids) < count)


class TrackingSampler(Dataset[TrackingBatch]):
    """Samples of ``datasets`` = [(data set, weight), ...].

    Item k is item i = k mod n of epoch e = k div n, with n samples an epoch, and depends on (seed, e, i)
    alone, not on the number of workers or on earlier draws.
    """

    _ATTEMPTS = 100

    def __init__(
        self,
        datasets: Sequence[tuple[BaseVideoDataset, float]],
        settings: SamplerSettings,
        processing: DiMPProcessing,
        seed: int = 0,
    ) -> None:
        weights = np.array([weight for _, weight in datasets], dtype=float)
        if not len(weights) or weights.min() < 0 or not weights.sum() > 0:
            raise InputError(f"weights of the data sets must be >= 0 and not all 0, got {weights.tolist()}")
        if seed < 0:
            raise InputError(f"seed: expected 0 or more, got {seed}")
        self.datasets = [dataset for dataset, _ in datasets]
        self.settings = settings
        self.processing = processing
        self.seed = seed
        self._dataset_cdf = _cdf(weights)
        self._sequence_cdfs = [
            _cdf(np.ones(len(dataset)) if dataset.sequence_weights is None else dataset.sequence_weights)
            for dataset in self.datasets
        ]

    def __len__(self) -> int:
        return self.settings.samples_per_epoch

    def __getitem__(self, index: int) -> TrackingBatch:
        epoch, item = divmod(index, len(self))
        rng = np.random.default_rng((self.seed, epoch, item))
        for _ in range(self._ATTEMPTS):
            sample = self._draw_sample(rng)
            if sample is not None:
                return sample
        names = ", ".join(dataset.name for dataset in self.datasets)
        raise InputError(
            f"{self._ATTEMPTS} draws from {names} gave no sample: too few visible frames, or boxes that are thin or "
            "outside their pictures (python -m ltr.util_scripts.check counts them)"
        )

    def _draw_sample(self, rng: np.random.Generator) -> TrackingBatch | None:
        which = _pick(self._dataset_cdf, rng)
        dataset = self.datasets[which]
        seq_id = _pick(self._sequence_cdfs[which], rng)
        info = dataset.get_sequence_info(seq_id)
        settings = self.settings
        count = settings.num_train_frames
        if dataset.is_video:
            if not settings.usable(info.visible):
                return None
            chosen = choose_frames(info.visible, count, settings.num_test_frames, settings.max_gap, settings.mode, rng)
            frame_ids = np.concatenate(chosen).tolist()
        else:
            frame_ids = [0] * (count + settings.num_test_frames)
        frames = dataset.get_frames(seq_id, frame_ids, rng)
        train = FrameSet(frames.images[:count], frames.boxes[:count])
        test = FrameSet(frames.images[count:], frames.boxes[count:])
        return self.processing(train, test, rng, name=f"{info.name}:{','.join(map(str, frame_ids))}")


def _cdf(weights: np.ndarray) -> np.ndarray:
    return np.cumsum(weights) / np.sum(weights)


def _pick(cdf: np.ndarray, rng: np.random.Generator) -> int:
    return int(np.searchsorted(cdf, rng.random(), side="right"))
