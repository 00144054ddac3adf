"""Trackers scored on a data set: every result read, every problem found, all curves kept."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pytracking.analysis.metrics import Array, area_under_curve, at_threshold
from pytracking.analysis.names import match_names
from pytracking.analysis.protocols import Protocol
from pytracking.analysis.sequence_score import (
    SequenceScore,
    Truth,
    align_rows,
    score_sequence,
    without_omitted_rows,
)
from pytracking.analysis.sources import AnalysisError, Run, Tracker
from pytracking.evaluation.results import read_boxes, read_times

SCORES = ("auc", "precision", "norm_precision", "op50", "op75", "ao")


@dataclass(frozen=True)
class Curves:
    """Several sequences, a row each: curves [s, k] as fractions of ``frames`` [s], and mean overlaps ``ao`` [s]."""

    frames: NDArray[np.int64]
    success: Array
    precision: Array
    norm_precision: Array
    ao: Array


@dataclass(frozen=True)
class TrackerScores:
    """A tracker's runs on the sequences of an evaluation, and its speed in frames a second where times are there."""

    name: str
    runs: tuple[Curves, ...]
    fps: float | None


@dataclass(frozen=True)
class Evaluation:
    """Trackers on the same sequences by one protocol. notes: what a reader of the numbers must know."""

    protocol: Protocol
    sequences: tuple[str, ...]
    trackers: tuple[TrackerScores, ...]
    notes: tuple[str, ...]


@dataclass
class _Findings:
    """What came up while a run was read: problems stop the analysis, notes are printed under every table."""

    problems: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    frames: int = 0
    seconds: float = 0.0


def evaluate(
    trackers: Sequence[Tracker], truths: Sequence[Truth], protocol: Protocol, allow_missing: bool = False
) -> Evaluation:
    """Score ``trackers`` against ``truths``.

    allow_missing: sequences that a tracker lacks are left out for all trackers, and results of the wrong length are
    cut or counted as empty where they end; the notes say so. Without it, and for files that cannot be read, raises
    AnalysisError listing everything at once.
    """
    truths = [without_omitted_rows(truth, protocol) for truth in truths]
    problems: list[str] = []
    notes: list[str] = []
    scored: list[tuple[Tracker, list[dict[str, SequenceScore]], float | None]] = []
    for tracker in trackers:
        runs, frames, seconds = [], 0, 0.0
        for run in tracker.runs:
            scores, found = _score_run(run, truths, protocol, allow_missing)
            runs.append(scores)
            label = tracker.name if len(tracker.runs) == 1 else f"{tracker.name} ({run.folder.name})"
            problems += found.problems
            notes += [f"{label}: {note} ({count})" for note, count in found.notes.items()]
            if found.missing:
                notes.append(f"{label}: no result for {', '.join(found.missing)}")
            frames, seconds = frames + found.frames, seconds + found.seconds
        scored.append((tracker, runs, frames / seconds if seconds > 0 else None))
    if problems:
        raise AnalysisError(problems)
    common = [t.name for t in truths if all(t.name in scores for _, runs, _ in scored for scores in runs)]
    if not common:
        raise AnalysisError(["no sequence has a result of every tracker", *notes])
    if len(common) < len(truths):
        notes.insert(0, f"INCOMPLETE: scored on {len(common)} of {len(truths)} sequences")
    entries = tuple(
        TrackerScores(tracker.name, tuple(_stack([scores[name] for name in common]) for scores in runs), fps)
        for tracker, runs, fps in scored
    )
    return Evaluation(protocol, tuple(common), entries, tuple(notes))


def _score_run(
    run: Run, truths: Sequence[Truth], protocol: Protocol, allow_missing: bool
) -> tuple[dict[str, SequenceScore], _Findings]:
    found = _Findings()
    names = match_names([truth.name for truth in truths], run.files)
    scores: dict[str, SequenceScore] = {}
    for truth in truths:
        if truth.name not in names:
            found.missing.append(truth.name)
            continue
        repeats = []
        for path in run.files[names[truth.name]]:
            try:
                boxes = _read_result(path, truth, protocol, allow_missing, found)
                repeats.append(score_sequence(boxes, truth, protocol))
            except (ValueError, OSError) as error:
                found.problems.append(str(error))
        if repeats:
            scores[truth.name] = _average(repeats)
    if found.missing and not allow_missing:
        unused = sorted(set(run.files) - set(names.values()))
        hint = f" (unmatched files: {', '.join(unused[:8])})" if unused else ""
        found.problems += [f"{run.folder}: no result for {name}{hint}" for name in found.missing]
    return scores, found


def _read_result(path: Path, truth: Truth, protocol: Protocol, allow_missing: bool, found: _Findings) -> Array:
    """Boxes [m, 4] of one result file, checked; what is tolerated goes to the notes of ``found``, with its times."""
    boxes = read_boxes(path)
    surplus = len(align_rows(boxes, truth, protocol)) - len(truth.boxes)
    if surplus and not allow_missing and not -protocol.rows_short <= surplus <= protocol.rows_over:
        raise ValueError(f"{path}: {len(boxes)} rows for the {len(truth.boxes)} frames of {truth.name}")
    if surplus < 0:
        found.notes["results end early, the missing frames count as boxes without area"] += 1
    if surplus > 0:
        found.notes["results longer than the truth, cut"] += 1
    if np.isnan(boxes[:, 0]).any():
        found.notes["results with NaN rows, scored as boxes without area"] += 1
    if (boxes[:, 2:] < 0).any():
        row = int(np.argmax((boxes[:, 2:] < 0).any(axis=1)))
        raise ValueError(f"{path}: frame {row + 1} has a negative size, {boxes[row].tolist()}")
    for times in (path.with_name(f"{path.stem}_time.txt"), path.parent / "times" / f"{path.stem}_time.txt"):
        if times.is_file():
            seconds = read_times(times)
            found.frames, found.seconds = found.frames + len(seconds), found.seconds + float(seconds.sum())
    return boxes


def _average(repeats: Sequence[SequenceScore]) -> SequenceScore:
    stack = _stack(repeats)
    success, precision, norm_precision = (
        c.mean(axis=0) for c in (stack.success, stack.precision, stack.norm_precision)
    )
    return SequenceScore(repeats[0].frames, success, precision, norm_precision, float(stack.ao.mean()))


def _stack(scores: Sequence[SequenceScore]) -> Curves:
    return Curves(*(np.array([getattr(score, field.name) for score in scores]) for field in fields(Curves)))


def average_curves(curves: Curves, protocol: Protocol) -> Curves:
    """The curves [1, k] of the whole data set: means over sequences, or over frames where the protocol pools them."""
    weights = curves.frames if protocol.pool_frames else np.ones(len(curves.frames))
    measured = ~np.isnan(curves.ao)  # a sequence without one usable frame has no overlap
    ao = np.average(curves.ao[measured], weights=weights[measured]) if measured.any() else np.nan
    success, precision, norm_precision = (
        np.average(c, axis=0, weights=weights)[None] for c in (curves.success, curves.precision, curves.norm_precision)
    )
    return Curves(curves.frames.sum(keepdims=True), success, precision, norm_precision, np.array([ao]))


def percent(curves: Curves, protocol: Protocol) -> dict[str, Array]:
    """The scores of each row of ``curves``, in percent: ``SCORES`` -> [s]."""
    overlaps = protocol.overlap_thresholds
    if protocol.trapezoid:
        precision = area_under_curve(curves.precision, trapezoid=True)
        norm_precision = area_under_curve(curves.norm_precision, trapezoid=True)
    else:
        precision = at_threshold(curves.precision, protocol.centre_thresholds, 20.0)
        norm_precision = at_threshold(curves.norm_precision, protocol.normalised_thresholds, 0.2)
    values = (
        area_under_curve(curves.success, protocol.trapezoid),
        precision,
        norm_precision,
        at_threshold(curves.success, overlaps, 0.5),
        at_threshold(curves.success, overlaps, 0.75),
        curves.ao,
    )
    return {name: 100.0 * value for name, value in zip(SCORES, values, strict=True)}


def overall(tracker: TrackerScores, protocol: Protocol) -> dict[str, Array]:
    """A tracker's scores on the whole data set in percent, one for each run: ``SCORES`` -> [runs]."""
    runs = [percent(average_curves(run, protocol), protocol) for run in tracker.runs]
    return {name: np.array([float(run[name][0]) for run in runs]) for name in SCORES}


def per_sequence(tracker: TrackerScores, protocol: Protocol) -> dict[str, Array]:
    """A tracker's scores on each sequence in percent, averaged over its runs: ``SCORES`` -> [s]."""
    runs = [percent(run, protocol) for run in tracker.runs]
    return {name: np.mean([run[name] for run in runs], axis=0) for name in SCORES}
