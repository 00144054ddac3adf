"""The truth, the protocol and the frames of a data set that the toolkit reads."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ltr.dataset.layouts import EVALUATED
from ltr.utils.errors import InputError
from pytracking.analysis.protocols import Protocol, find_protocol
from pytracking.analysis.sequence_score import GroundTruth
from pytracking.analysis.sources import GroundTruthSource, from_memory

if TYPE_CHECKING:
    from pytracking.evaluation.datasets.sequence import Sequence as Video

Picture = NDArray[np.uint8]
WRITE_NAN = {name for name, layout in EVALUATED.items() if layout.benchmarks[name].writes_nan}


@dataclass(frozen=True)
class Dataset:
    """A data set that the toolkit reads. open: sequence -> its frames, RGB uint8 [H, W, 3]. open_at: only the frames of
    the given numbers (from 0, ascending)."""

    truth: GroundTruthSource
    protocol: Protocol
    open: Mapping[str, Callable[[], Iterable[Picture]]]
    open_at: Mapping[str, Callable[[Sequence[int]], Iterable[Picture]]]


def load_dataset(name: str, paths: Path | None = None) -> Dataset:
    """The data set ``name``, read without opening an image.

    paths: the TOML file of ``evaluation/environment.py``. Raises ValueError or OSError, also if only the first
    boxes are public.
    """
    from pytracking.evaluation.datasets.registry import get_dataset  # imports OpenCV and PyAV only if needed

    sequences = get_dataset(name, paths)
    if all(len(sequence.ground_truth) == 1 for sequence in sequences):
        raise InputError(
            f"{name}: the truth has only first boxes (the servers of TrackingNet and GOT-10k keep the rest)"
        )
    whole = {s.name: s.open for s in sequences}
    parts = {s.name: partial(_frames_at, s) for s in sequences}
    return Dataset(truth_of(sequences), protocol_of_dataset(sequences[0].dataset), whole, parts)


def truth_of(sequences: "Iterable[Video]") -> GroundTruthSource:
    """The truth of sequences from a reader of ``pytracking.evaluation``."""
    truths = []
    for sequence in sequences:
        without_box = np.isnan(sequence.ground_truth[:, 0])
        # some data sets write NaN themselves; for others the reader writes NaN if a target is flagged as absent
        absent = np.zeros_like(without_box) if sequence.dataset in WRITE_NAN else without_box
        truths.append(GroundTruth(sequence.name, sequence.ground_truth, absent, sequence.image_size))
    return from_memory(truths)


def _frames_at(sequence: "Video", numbers: Sequence[int]) -> Iterable[Picture]:
    from pytracking.video.frame_source import frames_at

    return frames_at(sequence.open(), numbers)


def protocol_of_dataset(tag: str) -> Protocol:
    """The protocol that a data set is scored by: its own, or that of other data."""
    try:
        return find_protocol(tag)
    except ValueError:
        return find_protocol("folder")
