"""VOT's measures of the results of trackers, with their intervals over sequences (``run_analysis --measures``)."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from ltr.dataset.layouts.base import GroundTruth
from ltr.dataset.text_files import parse_rows, read_boxes, read_text
from ltr.utils.errors import InputError
from pytracking.analysis import anchored, longterm, vots
from pytracking.analysis.metrics import Array, all_positive
from pytracking.analysis.name_matching import match_names
from pytracking.analysis.protocols import Protocol
from pytracking.analysis.sequence_score import align_rows, without_omitted_rows
from pytracking.analysis.sources import ResultRun, TrackerResults
from pytracking.analysis.statistics import FEWEST, student_quantile
from pytracking.analysis.table_formats import Cell, Table
from pytracking.analysis.vot_tracks import Flags, Track, make_track
from pytracking.evaluation.results import read_scores
from pytracking.evaluation.starts import sequence_of

Tracks = dict[str, Track]  # sequence or start -> track


@dataclass(frozen=True)
class Measure:
    """A group of measures. titles: key of the JSON -> column. by_sequence: all tracks -> one row [k] per sequence, to
    be summed; summarise: sums [..., k] over sequences -> the measures [..., len(titles)] as fractions.
    """

    caption: str
    titles: dict[str, str]
    by_sequence: Callable[[Tracks], Array]
    summarise: Callable[[Array], Array]


def _long_term_curves(tracks: Tracks) -> Array:
    thresholds = longterm.confidence_thresholds([track.confidence for track in tracks.values()])
    curves = [longterm.precision_recall(track, thresholds).ravel() for track in tracks.values()]
    return np.hstack([np.array(curves), np.ones((len(curves), 1))])


def _best_f(sums: Array) -> Array:
    means = sums[..., :-1] / sums[..., -1:]
    return longterm.best_f(np.stack(np.split(means, 2, axis=-1), axis=-2))


def _vots(tracks: Tracks) -> Array:
    values = np.array([vots.measure(track) for track in tracks.values()])
    return np.hstack([np.nan_to_num(values), ~np.isnan(values)])


def _mean_of_known(sums: Array) -> Array:
    values, counts = np.split(sums, 2, axis=-1)
    return np.divide(values, counts, out=np.full_like(values, np.nan), where=counts > 0)


def _anchored(tracks: Tracks) -> Array:
    groups: dict[str, list[Track]] = defaultdict(list)
    for name, track in tracks.items():
        groups[sequence_of(name)].append(track)
    # the run from the first anchor is the whole sequence
    return np.array([anchored.add_runs(group, len(group[0].overlap)) for group in groups.values()])


MEASURES = {
    "longterm": Measure(
        "VOT-LT: F, its precision and recall",
        {"f": "F", "precision": "Pr", "recall": "Re"},
        _long_term_curves,
        lambda sums: _best_f(sums)[..., [2, 0, 1]],
    ),
    "vots": Measure(
        "VOTS: quality, accuracy, robustness, errors not reported and by drift, absence detection",
        {"quality": "Q", "accuracy": "A", "robustness": "R", "nre": "NRE", "dre": "DRE", "adq": "ADQ"},
        _vots,
        _mean_of_known,
    ),
    "anchored": Measure(
        f"VOT, anchored: EAO from {anchored.LOW} to {anchored.HIGH} frames, accuracy, robustness",
        {"eao": "EAO", "accuracy": "A", "robustness": "R"},
        _anchored,
        lambda sums: anchored.summarise(sums)[..., [2, 0, 1]],
    ),
}
_LOWER_IS_BETTER = {"nre", "dre"}
_RESAMPLES = 2000  # draws of sequences with replacement


@dataclass(frozen=True)
class Score:
    """A measure of a tracker in percent: [runs], NaN if no sequence has it; its 95 % interval over sequences."""

    runs: Array
    interval: tuple[float, float] | None


def score_measure(
    measure: Measure, tracker: TrackerResults, truths: Sequence[GroundTruth], protocol: Protocol
) -> dict[str, Score]:
    """Each measure of ``tracker`` on ``truths``. Raises InputError, OSError if a result cannot be used.

    protocol: only says which rows of the truth are missing in results (OTB's Tiger1).

    The interval holds the middle 95 % of the scores (means over the runs) on sequences drawn with replacement; it is
    widened for few sequences as in ``statistics.py``, and None for fewer than ``FEWEST``.
    """
    sums = np.array([measure.by_sequence(load_tracks(run, truths, protocol)) for run in tracker.runs])
    runs = 100 * measure.summarise(sums.sum(axis=1))
    sequences = sums.shape[1]
    counts = np.random.default_rng(0).multinomial(sequences, np.full(sequences, 1 / sequences), _RESAMPLES)
    drawn = 100 * np.mean([measure.summarise(counts @ of_run) for of_run in sums], axis=0)
    scores = {}
    for i, name in enumerate(measure.titles):
        interval, known = None, drawn[~np.isnan(drawn[:, i]), i]
        if sequences >= FEWEST and len(known):
            tail = NormalDist().cdf(student_quantile(0.025, sequences - 1) * (sequences / (sequences - 1)) ** 0.5)
            low, high = np.quantile(known, (tail, 1 - tail))
            interval = float(low), float(high)
        scores[name] = Score(runs[:, i], interval)
    return scores


def measure_table(name: str, scores: Mapping[str, Mapping[str, Score]], caption: str) -> Table:
    """One row per tracker, the best by the first measure first; ``scores``: tracker -> measure -> score."""
    measure = MEASURES[name]
    rows = [
        (Cell(tracker), *(_cell(found[key], key not in _LOWER_IS_BETTER) for key in measure.titles))
        for tracker, found in scores.items()
    ]
    rows.sort(key=lambda cells: -(cells[1].value or 0.0))
    header = tuple(map(Cell, ("Tracker", *measure.titles.values())))
    known = any(cell.interval for row in rows for cell in row)
    note = "[low, high]: 95 % interval, bootstrap over sequences"
    notes = (note if known else f"no intervals: fewer than {FEWEST} sequences",)
    return Table(f"{measure.caption}, {caption}", header, tuple(rows), notes, "column")


def _cell(score: Score, is_score: bool) -> Cell:
    if np.isnan(score.runs).any():
        return Cell()
    deviation = float(score.runs.std(ddof=1)) if len(score.runs) > 1 else None
    return Cell(value=float(score.runs.mean()), deviation=deviation, interval=score.interval, is_score=is_score)


def measures_as_json(scores: Mapping[str, Score]) -> dict[str, Any]:
    """``{measure: score, measure_ci: [low, high]}``, null if it is missing."""
    entry: dict[str, Any] = {}
    for name, score in scores.items():
        mean = float(score.runs.mean())
        entry[name], entry[f"{name}_ci"] = (None if np.isnan(mean) else mean), score.interval
    return entry


def load_tracks(run: ResultRun, truths: Sequence[GroundTruth], protocol: Protocol) -> Tracks:
    """The tracks of ``run`` on those of ``truths`` that have a result, from the first box of the truth on."""
    names = match_names([truth.name for truth in truths], run.files)
    known = [truth for truth in truths if truth.name in names]
    return {truth.name: _load_track(run.files[names[truth.name]][0], truth, protocol) for truth in known}


def _load_track(path: Path, truth: GroundTruth, protocol: Protocol) -> Track:
    truth, rows = without_omitted_rows(truth, protocol), read_boxes(path)
    boxes, frames = align_rows(rows, truth, protocol), len(truth.boxes)
    omitted = len(rows) - len(boxes)
    confidence, reported = _read_confidence(path, len(rows))
    short = max(frames - len(boxes), 0)  # missing rows are frames without a box
    boxes = np.pad(boxes, ((0, short), (0, 0)), constant_values=np.nan)[:frames]
    confidence = np.pad(confidence[omitted:], (0, short))[:frames]
    reported = np.pad(reported[omitted:], (0, short))[:frames]
    has_box = all_positive(truth.boxes[:, 2:]) & ~truth.absent
    if not has_box.any():
        raise InputError(f"{truth.name}: the ground truth has no box to start from")
    on = slice(int(has_box.argmax()), None)
    return make_track(boxes[on], confidence[on], reported[on], truth.boxes[on], truth.absent[on], truth.image_size)


def _read_confidence(path: Path, rows: int) -> tuple[Array, Flags]:
    """The confidence [n] of each row of a result, and whether the tracker reports the target (state not "lost").

    From our ``<Seq>_score.txt``, or pytracking's ``<Seq>_object_presence_scores.txt``; 1 if both are missing.
    """
    ours, theirs = (path.with_name(f"{path.stem}_{end}.txt") for end in ("score", "object_presence_scores"))
    if ours.is_file():
        scores, states = read_scores(ours)
        confidence, reported, file = scores, np.array([state != "lost" for state in states]), ours
    elif theirs.is_file():
        try:
            confidence, file = parse_rows(read_text(theirs)).ravel(), theirs
        except ValueError as error:
            raise InputError(f"{theirs}: expected a score a row ({error})") from None
        reported = np.ones(len(confidence), bool)
    else:
        return np.ones(rows), np.ones(rows, bool)
    if len(confidence) != rows:
        raise InputError(f"{file}: {len(confidence)} rows for the {rows} boxes of {path}")
    return confidence, reported
