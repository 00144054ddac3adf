"""VOT's short-term measures of runs from several starts (anchors) of each sequence: accuracy, robustness, EAO.

Kristan et al., "The Eighth Visual Object Tracking VOT2020 Challenge Results" (ECCV Workshops 2020), section 2. Anchors
lie 50 frames apart; from each the tracker runs forwards or backwards, whichever way is longer. It has failed where the
overlap is 0.1 or less in 10 frames on end with a visible target; the failure is the first of them::

    A    sum of the overlaps before failures / number of frames before failures
    R    number of frames before failures / number of frames; mean over sequences by their length
    EAO  mean of the expected average overlap curve from ``low`` to ``high`` frames after the start: at j frames the
         mean over runs, of at least j frames or failed, of the overlap of the first j, 0 after a failure

The defaults of low and high are those of VOT2020 to VOT2022 (short-term).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pytracking.analysis.metrics import Array
from pytracking.analysis.vot_tracks import Track

ANCHORS_APART = 50  # frames
THRESHOLD, GRACE = 0.1, 10  # of a failure: overlap, frames on end
LOW, HIGH = 115, 755  # frames


@dataclass(frozen=True)
class Runs:
    """What the measures need of all the runs over one sequence; those of several sequences are added.

    overlap: sum before failures. before_failure, frames: numbers. curve: [high] sum of the runs' average overlaps
    after j frames. active: [high] number of runs that it is the sum of. length: of the sequence, in frames.
    """

    overlap: float
    before_failure: int
    frames: int
    curve: Array
    active: Array
    length: int


def frames_before_failure(track: Track) -> int:
    """How many frames of a run count: all, or those before the first ``GRACE`` failed ones on end."""
    failed = (track.overlap <= THRESHOLD) & track.visible
    total = np.concatenate([[0], np.cumsum(failed)])
    on_end = total[GRACE:] - total[:-GRACE] == GRACE if len(failed) >= GRACE else np.zeros(1, bool)
    return int(on_end.argmax()) if on_end.any() else len(failed)


def add_runs(tracks: Sequence[Track], length: int, high: int = HIGH) -> Runs:
    """The sums over the runs, one from each anchor, on a sequence of ``length`` frames."""
    overlap, before, curve, active = 0.0, 0, np.zeros(high), np.zeros(high)
    for track in tracks:
        progress, frames = frames_before_failure(track), len(track.overlap)
        kept = np.where(np.arange(frames) < progress, track.overlap, 0.0)
        overlap, before = overlap + float(kept.sum()), before + progress
        after = np.arange(1, high)  # frames
        sums = np.concatenate([np.cumsum(kept[1:high]), np.full(max(high - frames, 0), kept[1:].sum())])
        taken = np.ones(high - 1, bool) if progress < frames else after < frames
        divisor = np.where(after < frames, after, np.maximum(after - 1, 1))  # the toolkit's after the last frame
        curve[1:] += np.where(taken, sums / divisor, 0.0)
        active[1:] += taken
    return Runs(overlap, before, sum(len(track.overlap) for track in tracks), curve, active, length)


def summarise(sums: Sequence[Runs], low: int = LOW) -> Array:
    """A, R and EAO [3] of the sums over the runs on several sequences; A and EAO are 0 where no run has a frame."""
    before, frames, lengths = (np.array([getattr(s, n) for s in sums]) for n in ("before_failure", "frames", "length"))
    curve, active = sum(s.curve for s in sums), sum(s.active for s in sums)
    mean = np.divide(curve, active, out=np.zeros_like(curve), where=active > 0)
    accuracy = sum(s.overlap for s in sums) / max(before.sum(), 1)
    return np.array([accuracy, np.average(before / frames, weights=lengths), mean[low:].mean()])
