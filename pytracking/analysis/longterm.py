"""Long-term tracking: precision, recall and F over the threshold of the tracker's confidence (VOT-LT).

Lukezic et al., "Performance Evaluation Methodology for Long-Term Single-Object Tracking" (IEEE Trans. Cybernetics
2021; arXiv 1804.07056), and the VOT2018 to VOT2022 results papers. At the threshold t the tracker reports the frames
whose confidence is t or more; o is the overlap of a frame, 0 if the target is absent:

    Pr(t) = mean of o over the reported frames (1 if there are none)
    Re(t) = sum of o over the reported frames / number of frames with a visible target
    F(t)  = 2 Pr(t) Re(t) / (Pr(t) + Re(t))

Pr and Re are averaged over sequences at each threshold. The score is the largest F; the precision and recall shown
with it are those at its threshold.
"""

from collections.abc import Sequence

import numpy as np

from pytracking.analysis.metrics import Array
from pytracking.analysis.vot_tracks import Track

RESOLUTION = 100  # thresholds


def confidence_thresholds(confidences: Sequence[Array], resolution: int = RESOLUTION) -> Array:
    """At most ``resolution`` thresholds from +inf down to -inf, with equally many frames of all tracks between them.

    NaN means that a frame has no confidence.
    """
    scores = np.sort(np.concatenate(confidences))[::-1]
    scores = scores[~np.isnan(scores)]
    if len(scores) > resolution - 2:
        step = len(scores) // (resolution - 2)
        scores = scores[np.round(np.linspace(step, len(scores) - step, resolution - 2)).astype(int)]
    return np.concatenate([[np.inf], scores, [-np.inf]])


def precision_recall(track: Track, thresholds: Array) -> Array:
    """Precision and recall [2, k] of one track at each of ``thresholds`` [k]; recall is 0 if no target is visible."""
    known = ~np.isnan(track.confidence)
    order = np.argsort(-track.confidence[known], kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(track.overlap[known][order])])
    count = np.searchsorted(-track.confidence[known][order], -thresholds, side="right")
    visible = int(track.visible.sum())
    precision = np.divide(sums[count], count, out=np.ones(len(count)), where=count > 0)
    return np.stack([precision, sums[count] / max(visible, 1)])


def f_measure(precision: Array, recall: Array) -> Array:
    """2 Pr Re / (Pr + Re), of any shape; 0 if both are 0."""
    total = precision + recall
    return np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)


def best_f(curves: Array) -> Array:
    """Precision, recall and F [..., 3] at the largest F, of mean precision and recall ``curves`` [..., 2, k]."""
    precision, recall = curves[..., 0, :], curves[..., 1, :]
    f = f_measure(precision, recall)
    best = f.argmax(axis=-1)[..., None]
    return np.concatenate([np.take_along_axis(values, best, -1) for values in (precision, recall, f)], axis=-1)
