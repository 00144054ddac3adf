"""VOT's short-term measures of runs from several starts (anchors) of each sequence: accuracy, robustness, EAO.

Kristan et al., "The Eighth Visual Object Tracking VOT2020 Challenge Results" (ECCV Workshops 2020), section 2. Anchors
lie 50 frames apart; from each one the tracker runs forward or backward, whichever way is longer. A failure is 10
consecutive frames with a visible target and an overlap of 0.1 or less; the first of them is the failed frame::

    A    sum of the overlaps before failures / number of frames before failures
    R    number of frames before failures / number of frames; mean over sequences by their length
    EAO  mean of the expected average overlap curve from ``low`` to ``high`` frames after the start. The curve at j
         is the mean, over the runs that have j frames or failed, of the mean overlap of the first j frames, where
         the overlap is 0 after a failure

The defaults of low and high are those of VOT2020 to VOT2022 (short-term).
"""

from collections.abc import Sequence

import numpy as np

from pytracking.analysis.metrics import Array
from pytracking.analysis.vot_tracks import Track

THRESHOLD, GRACE = 0.1, 10  # of a failure: overlap, consecutive frames
LOW, HIGH = 115, 755  # frames


def frames_before_failure(track: Track) -> int:
    """The number of frames of a run before its failure (``GRACE`` consecutive bad frames); all frames without one."""
    failed = (track.overlap <= THRESHOLD) & track.visible
    total = np.concatenate([[0], np.cumsum(failed)])
    on_end = total[GRACE:] - total[:-GRACE] == GRACE if len(failed) >= GRACE else np.zeros(1, bool)
    return int(on_end.argmax()) if on_end.any() else len(failed)


def add_runs(tracks: Sequence[Track], length: int, high: int = HIGH) -> Array:
    """The sums [4 + 2 high] that the measures need, over the runs from all anchors of a sequence of ``length`` frames.

    Callers add them over sequences. They are: the overlaps before failures; the number of frames before failures;
    their share of all frames times ``length``; ``length``; the curve [high], the average overlap of the first j
    frames; the number of runs [high] in each point of the curve.
    """
    overlap, before, curve, active = 0.0, 0, np.zeros(high), np.zeros(high)
    for track in tracks:
        progress, frames = frames_before_failure(track), len(track.overlap)
        kept = np.where(np.arange(frames) < progress, track.overlap, 0.0)
        overlap, before = overlap + float(kept.sum()), before + progress
        after = np.arange(1, high)  # frames
        sums = np.concatenate([np.cumsum(kept[1:high]), np.full(max(high - frames, 0), kept[1:].sum())])
        taken = np.ones(high - 1, bool) if progress < frames else after < frames
        divisor = np.where(after < frames, after, np.maximum(after - 1, 1))  # as vot-toolkit after the last frame
        curve[1:] += np.where(taken, sums / divisor, 0.0)
        active[1:] += taken
    share = before / sum(len(track.overlap) for track in tracks)
    return np.concatenate([[overlap, before, share * length, length], curve, active])


def summarise(sums: Array, low: int = LOW) -> Array:
    """A, R and EAO [..., 3] of ``sums`` [..., 4 + 2 high] over sequences; A and EAO are 0 if no frame counts."""
    overlap, before, share, length = np.moveaxis(sums[..., :4], -1, 0)
    curve, active = np.split(sums[..., 4:], 2, axis=-1)
    mean = np.divide(curve, active, out=np.zeros_like(curve), where=active > 0)
    accuracy = np.divide(overlap, before, out=np.zeros_like(overlap), where=before > 0)
    return np.stack([accuracy, share / length, mean[..., low:].mean(axis=-1)], axis=-1)
