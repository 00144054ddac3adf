"""Scores of results from several starts per sequence (``run_tracker --starts``): the mean over the starts."""

import hashlib
from collections import defaultdict
from dataclasses import replace

import numpy as np

from ltr.dataset.layouts.base import GroundTruth
from pytracking.analysis.extract_results import Evaluation, TrackerScores, weighted_mean
from pytracking.analysis.metrics import Array
from pytracking.analysis.protocols import Protocol
from pytracking.analysis.sources import GroundTruthSource
from pytracking.evaluation.starts import find_rule, name_of_start, sequence_of


def truth_of_starts(source: GroundTruthSource, starts: str) -> GroundTruthSource:
    """The truth of each start of each sequence of ``source``, named like its result. starts: see ``find_rule``."""
    rule = find_rule(starts)

    def load() -> list[GroundTruth]:
        return [
            replace(truth, name=name_of_start(truth.name, start), boxes=truth.boxes[start], absent=truth.absent[start])
            for truth in source.load()
            for start in rule(np.where(truth.absent[:, None], np.nan, truth.boxes))
        ]

    return replace(source, load=load, digest=lambda: hashlib.sha256(source.digest() + starts.encode()).digest())


def protocol_of_starts(protocol: Protocol) -> Protocol:
    """The same rules without the first frame of a start, whose box is given: it would weigh much in a short start."""
    return replace(protocol, first_frame="drop")


def mean_over_starts(evaluation: Evaluation) -> Evaluation:
    """Turn an evaluation of starts into one of sequences, each the mean over its starts."""
    rows: dict[str, list[int]] = defaultdict(list)
    for i, name in enumerate(evaluation.sequences):
        rows[sequence_of(name)].append(i)
    total = len(evaluation.sequences)
    note = f"a sequence's score is the mean over its starts, {total} in all; their first frames are left out"
    trackers = tuple(_by_sequence(tracker, rows) for tracker in evaluation.trackers)
    return replace(evaluation, sequences=tuple(rows), trackers=trackers, notes=(note, *evaluation.notes))


def _by_sequence(tracker: TrackerScores, rows: dict[str, list[int]]) -> TrackerScores:
    def mean(values: Array) -> Array:
        """The mean of ``values`` [..., starts] over the starts of each sequence, ignoring NaN."""
        return np.stack([weighted_mean(values[..., found], np.ones(len(found))) for found in rows.values()], axis=-1)

    return replace(
        tracker,
        frames=np.array([tracker.frames[found].sum() for found in rows.values()]),
        weights=np.array([tracker.weights[found].mean() for found in rows.values()]),
        by_run={metric: mean(values) for metric, values in tracker.by_run.items()},
        curves={name: mean(curve.T).T for name, curve in tracker.curves.items()},
        trained_on=tuple(dict.fromkeys(sequence_of(name) for name in tracker.trained_on)),
    )
