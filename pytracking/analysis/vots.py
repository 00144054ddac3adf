"""The measures of the VOTS challenges, whose targets leave the picture: quality, accuracy, robustness and three errors.

Kristan et al., "The First Visual Object Tracking Segmentation VOTS2023 Challenge Results" (ICCV Workshops 2023). The
frames of a sequence are counted by the truth and the tracker's report: T tracked (overlap above 0), F drifted away,
M target visible but not reported, N absence noticed, H target absent but reported.

    Q    mean overlap of all frames; 1 if absence is noticed
    A    mean overlap of the tracked frames
    R    T / (T + F + M)
    NRE  M / (T + F + M), not-reported error
    DRE  F / (T + F + M), drift-rate error
    ADQ  N / (N + H), absence-detection quality, of sequences with more than 10 frames of absence

All measures are means over the sequences that have them. As in vot-toolkit 0.7, the first frame, whose box is given,
counts as not reported, with an overlap of 0.
"""

from typing import NamedTuple

from pytracking.analysis.vot_tracks import Track

LEAST_ABSENCE = 10  # frames; a sequence with no more frames of absence has no ADQ


class FrameCounts(NamedTuple):
    """The numbers of frames of each kind."""

    tracked: int
    drifted: int
    missed: int
    hallucinated: int
    noticed: int


class Measures(NamedTuple):
    """The measures of one track, as fractions; NaN if it has no such frames."""

    quality: float
    accuracy: float
    robustness: float
    not_reported_error: float
    drift_rate_error: float
    absence_detection_quality: float


def count_frames(track: Track) -> FrameCounts:
    """The number of frames of each kind."""
    found = track.overlap > 0
    visible, reported = track.visible, track.reported
    kinds = (visible & found, visible & ~found & reported, visible & ~found & ~reported, ~visible & reported)
    counts = [int(kind.sum()) for kind in kinds]
    return FrameCounts._make([*counts, len(found) - sum(counts)])


def measure(track: Track) -> Measures:
    """The measures of one track; its accuracy is 0 if no frame is tracked."""
    counts = count_frames(track)
    visible = counts.tracked + counts.drifted + counts.missed
    absent = counts.hallucinated + counts.noticed
    counted = track.visible & (track.overlap > 0)
    counted[0] = track.visible[0]
    nan = float("nan")
    return Measures(
        quality=float(track.overlap.mean()),
        accuracy=float(track.overlap[counted].mean()) if counted.any() else 0.0,
        robustness=counts.tracked / visible if visible else nan,
        not_reported_error=counts.missed / visible if visible else nan,
        drift_rate_error=counts.drifted / visible if visible else nan,
        absence_detection_quality=counts.noticed / absent if absent > LEAST_ABSENCE else nan,
    )
