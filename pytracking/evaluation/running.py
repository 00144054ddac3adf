"""Run a tracker over one sequence: the result on disk, or the error. For many sequences see ``parallel.py``."""

import logging
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ltr.utils.cli import EXPECTED_ERRORS
from ltr.utils.errors import InputError
from pytracking.api.builder import build_tracker
from pytracking.evaluation.datasets.sequence import Box, Sequence
from pytracking.evaluation.fingerprint import fingerprint
from pytracking.evaluation.results import ResultInfo, box_path, read_stamp, read_times, vouched, write_result
from pytracking.evaluation.training_overlap import trained_on
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.base.output import TrackOutput
from pytracking.tracker.base.run_info import RunInfo
from pytracking.tracker.base.tracker import BaseTracker
from pytracking.utils.text import counted
from pytracking.video.frame_source import FrameSource


class StampedTracker(BaseTracker, Protocol):
    """A tracker that can describe itself; ``initialize`` resets the state of the previous sequence."""

    def run_info(self) -> RunInfo:
        """The facts that its results depend on."""


_INSTEAD = "keep it by another folder (--results DIR, --runid N), or replace it by --rerun"

Result = TypeVar("Result")
StampedBuilder = Callable[[TrackerConfig], StampedTracker]  # hashable and picklable: each process calls it once


@dataclass(frozen=True)
class TrackedSequence:
    """Boxes float64 [n, 4] (x, y, w, h, pixels), seconds [n] without image loading, scores [n], n states."""

    boxes: NDArray[np.float64]
    times: NDArray[np.float64]
    scores: NDArray[np.float64]
    states: list[str]


@dataclass(frozen=True)
class Outcome:
    """The outcome of a sequence: the number of seen frames and seconds if there is a result (kept: from an earlier
    run), else the error.

    trace: the traceback of the error. bug: bad input is not the cause of the error.
    """

    sequence: str
    frames: int = 0
    seconds: float = 0.0
    kept: bool = False
    error: str = ""
    trace: str = ""
    bug: bool = False


def track_sequence(tracker: BaseTracker, sequence: Sequence, frames: FrameSource | None = None) -> TrackedSequence:
    """Track ``sequence`` from its first annotated frame to its end. frames: those of ``sequence``, if already open.

    Frames before that one get its box, a score of 0, the state "lost" and no time; ``unseen`` frames in real time
    (``realtime.py``) take no time either. Raises ValueError or OSError if a frame or the first box is unusable, or the
    number of frames differs from the rows of the ground truth.
    """
    start, first_box, expected = sequence.start, sequence.first_box, len(sequence.ground_truth)
    rows: list[tuple[Box, float, float, str]] = [(first_box, 0.0, 0.0, "lost")] * start
    for image in islice(frames or sequence.open(), start, None):
        begin = time.perf_counter()
        if len(rows) == start:
            tracker.initialize(image, first_box)
            output = TrackOutput(first_box, 1.0, "tracking")
        else:
            output = tracker.track(image)
        seconds = 0.0 if getattr(tracker, "unseen", False) else time.perf_counter() - begin
        rows.append((output.box, seconds, output.score, output.state))
    if len(rows) != expected and (expected > 1 or not rows):
        raise InputError(f"{sequence.name}: {len(rows)} frames, but the ground truth has {expected} rows")
    boxes, times, scores, states = zip(*rows, strict=True)
    return TrackedSequence(np.array(boxes), np.array(times), np.array(scores), list(states))


def run_sequence(
    config: TrackerConfig,
    sequence: Sequence,
    folder: Path,
    rerun: bool = False,
    build_tracker: StampedBuilder = build_tracker,
) -> Outcome:
    """Track ``sequence`` and write its result into ``folder``, unless it already exists (see :func:`finished`).

    The tracker is built once in each process. Any error becomes part of the outcome, so that other sequences continue.
    """

    def run() -> Outcome:
        tracker, frames = built(config, build_tracker), sequence.open()
        info = result_info(tracker.run_info(), sequence, frames)
        kept = None if rerun else kept_result(folder, sequence.name, info)
        return kept or save(folder, sequence.name, track_sequence(tracker, sequence, frames), info)

    return attempt(sequence.name, run)


def attempt(sequence: str, call: Callable[[], Result]) -> Result | Outcome:
    """The return value of ``call``, or the outcome of ``sequence`` if it raises."""
    try:
        return call()
    except EXPECTED_ERRORS as error:
        return Outcome(sequence, error=str(error) or type(error).__name__, trace=traceback.format_exc())
    except Exception as error:
        what = "".join(traceback.format_exception_only(error)).strip()
        return Outcome(sequence, error=what, trace=traceback.format_exc(), bug=True)


def save(folder: Path, sequence: str, done: TrackedSequence, info: ResultInfo) -> Outcome:
    """Write a result."""
    write_result(folder, sequence, done.boxes, done.times, done.scores, done.states, info)
    return Outcome(sequence, int((done.times > 0).sum()), float(done.times.sum()))


def kept_result(folder: Path, sequence: str, info: ResultInfo) -> Outcome | None:
    """The outcome of an earlier run, if ``folder`` holds its result (see :func:`finished`)."""
    if not finished(folder, sequence, info):
        return None
    times = read_times(folder / f"{sequence}_time.txt")
    return Outcome(sequence, int((times > 0).sum()), float(times.sum()), kept=True)


def finished(folder: Path, sequence: str, info: ResultInfo) -> bool:
    """Whether ``folder`` holds a complete result of this run: the stamps are equal, and the checksums match the files.

    Results of older versions, whose stamps have no digest of the frames, do not count. Raises ValueError if a result
    would be lost: that of another sequence of the same name, of another program, or of other settings.
    """
    path = box_path(folder, sequence)
    stamp_file = path.with_suffix(".json")
    if not path.is_file():
        return False
    if not stamp_file.is_file():
        raise InputError(f"{path}: has no stamp beside it, so this program did not write it; {_INSTEAD}")
    found, wanted = read_stamp(stamp_file), ResultInfo.from_json(info.to_json())
    about = found.sequence
    if not isinstance(about, dict):
        raise InputError(f"{stamp_file}: sequence: expected a JSON object, found {about!r}; {_INSTEAD}")
    if other := differences(about, wanted.sequence):
        raise InputError(f"{path}: is the result of another sequence of this name ({other}); {_INSTEAD}")
    if changed := found.run.changes(wanted.run):
        raise InputError(f"{path}: was made with other settings ({'; '.join(changed)}); {_INSTEAD}")
    return vouched(path, found) and replace(found, sha256=None) == wanted


def check_settings(folder: Path, sequences: Iterable[Sequence], run: RunInfo) -> int:
    """The number of results of ``sequences`` in ``folder`` that differ from ``run`` only in versions or network path.

    Those are tracked again. Raises InputError if results of other settings would be lost.
    """
    now = RunInfo.from_json(run.to_json())
    stamps = (box_path(folder, sequence.name).with_suffix(".json") for sequence in sequences)
    others, changed, again = list[str](), dict[str, None](), 0
    for stamp in stamps:
        if not stamp.is_file() or not stamp.with_suffix(".txt").is_file():
            continue
        with suppress(InputError):  # not a stamp of this toolkit: only that sequence fails
            found = read_stamp(stamp).run
            again += found != now
            if changes := found.changes(now):
                others.append(stamp.stem)
                changed |= dict.fromkeys(changes)
    if others:
        raise InputError(
            f"{folder}: holds results of other settings ({counted(len(others), 'sequence')}, {others[0]} for one). "
            f"{'; '.join(changed)}. Keep them by another --results or --runid N, or replace them by --rerun"
        )
    return again


def differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The entries of ``found`` that differ from ``wanted``, as text; empty if none differ."""
    other = [(name, value, wanted.get(name)) for name, value in found.items() if value != wanted.get(name)]
    return ", ".join(f"{name} {value} instead of {expected}" for name, value, expected in other)


def result_info(run: RunInfo, sequence: Sequence, frames: FrameSource) -> ResultInfo:
    """The stamp of the result on ``sequence``; warns if the network was trained on it. frames: its frames."""
    about = {
        "dataset": sequence.dataset,
        "rows": len(sequence.ground_truth),
        "first_box": sequence.first_box,
        "frames_sha256": fingerprint(frames),
    }
    known = trained_on(run, sequence)
    if known:
        logging.getLogger(__name__).warning("%s: the network was trained on this sequence", sequence.name)
    return ResultInfo(run, about, known)


def describe(config: TrackerConfig, build_tracker: StampedBuilder = build_tracker) -> RunInfo:
    """The facts that the results of this process's tracker depend on; raises the errors of building it."""
    return built(config, build_tracker).run_info()


@lru_cache(maxsize=1)
def built(config: TrackerConfig, build_tracker: StampedBuilder = build_tracker) -> StampedTracker:
    """The tracker of this process, built once."""
    return build_tracker(config)
