"""Trackers scored on a data set: all their curves, every problem at once, and the scores of the tables."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np

from pytracking.analysis.cache import Cache
from pytracking.analysis.metrics import Array, area_under_curve, at_threshold
from pytracking.analysis.protocols import Protocol
from pytracking.analysis.run_score import Curves, RunScore, score_run
from pytracking.analysis.sequence_score import GroundTruth
from pytracking.analysis.sources import AnalysisError, GroundTruthSource, ResultRun, TrackerResults

SCORES = ("auc", "precision", "norm_precision", "op50", "op75", "ao")
_WORTH_A_PROCESS = 5_000_000  # bytes of result files; below it, starting a process takes longer than the work


@dataclass(frozen=True)
class TrackerScores:
    """A tracker's runs on the sequences of an evaluation, and its speed in frames a second where times are there.

    trained_on: those of the sequences that its network was trained on, as the stamps of its results say.
    """

    name: str
    runs: tuple[Curves, ...]
    fps: float | None
    trained_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """Trackers on the same sequences by one protocol. notes: what a reader of the numbers must know."""

    protocol: Protocol
    sequences: tuple[str, ...]
    trackers: tuple[TrackerScores, ...]
    notes: tuple[str, ...]


def evaluate(
    trackers: Sequence[TrackerResults],
    truth: GroundTruthSource,
    protocol: Protocol,
    allow_missing: bool = False,
    cache: Cache | None = None,
    processes: int = 1,
) -> Evaluation:
    """Score ``trackers`` against ``truth``.

    allow_missing: sequences that a tracker lacks are left out for all trackers, and results of the wrong length are
    cut or counted as empty where they end; the notes say so. Without it, and for files that cannot be read, raises
    AnalysisError listing everything at once. processes: how many to use at most (more than one needs a main module
    that can be imported).
    """
    runs = [run for tracker in trackers for run in tracker.runs]
    scores = _score_runs(runs, truth, protocol, allow_missing, cache, processes)
    problems = [problem for score in scores for problem in score.problems]
    if problems:
        raise AnalysisError(problems)
    common = [name for name in scores[0].names if all(name in score.names for score in scores)]
    notes = [*scores[0].about_truth, *_notes(trackers, scores)]
    if not common:
        raise AnalysisError(["no sequence has a result of every tracker", *notes])
    if protocol.needs_flags and not truth.has_absence:
        notes.insert(0, f"{protocol.name}: no flags of absence given, every frame counts as visible")
    total = len(scores[0].names) + len(scores[0].missing)
    if len(common) < total:
        notes.insert(0, f"INCOMPLETE: scored on {len(common)} of {total} sequences")
    left = iter(scores)
    entries = tuple(_tracker_scores(t.name, [next(left) for _ in t.runs], common) for t in trackers)
    notes += [
        f"{t.name}: its network was trained on {len(t.trained_on)} of these sequences (†): {', '.join(t.trained_on)}"
        for t in entries
        if t.trained_on
    ]
    return Evaluation(protocol, tuple(common), entries, tuple(notes))


def _score_runs(
    runs: Sequence[ResultRun],
    truth: GroundTruthSource,
    protocol: Protocol,
    allow_missing: bool,
    cache: Cache | None,
    processes: int,
) -> list[RunScore]:
    """The score of each run: from the cache, or else computed, in several processes where that pays."""
    scores: dict[int, RunScore] = {}
    if cache is not None:
        digest = truth.digest()
        paths = [cache.path(digest, run, protocol, allow_missing) for run in runs]
        scores = {i: score for i, path in enumerate(paths) if (score := cache.load(path)) is not None}
    todo = [i for i in range(len(runs)) if i not in scores]
    if todo:
        computed = _compute([runs[i] for i in todo], truth.load(), protocol, allow_missing, processes)
        scores |= dict(zip(todo, computed, strict=True))
    if cache is not None:
        for i in todo:
            cache.save(paths[i], scores[i])
    return [scores[i] for i in range(len(runs))]


def _compute(
    runs: Sequence[ResultRun], truths: list[GroundTruth], protocol: Protocol, allow_missing: bool, processes: int
) -> list[RunScore]:
    score = partial(score_run, truths=truths, protocol=protocol, allow_missing=allow_missing)
    size = sum(path.stat().st_size for run in runs for files in run.files.values() for path in files)
    workers = min(len(runs), processes, size // _WORTH_A_PROCESS)
    if workers < 2:
        return [score(run) for run in runs]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:  # fork is unsafe beside threads
        return list(pool.map(score, runs, chunksize=-(-len(runs) // workers)))  # the truth travels once a process


def _notes(trackers: Sequence[TrackerResults], scores: Sequence[RunScore]) -> list[str]:
    """What a reader of the numbers must know; ``scores`` in the order of the trackers' runs."""
    notes, left = [], iter(scores)
    for tracker in trackers:
        names = [run.folder.name for run in tracker.runs]
        if len(names) > 1:
            notes.append(f"{tracker.name}: mean ± standard deviation of {len(names)} runs ({', '.join(names)})")
        for name, score in zip(names, left, strict=False):
            label = f"{tracker.name} ({name})" if len(names) > 1 else tracker.name
            notes += [f"{label}: {note} ({count})" for note, count in score.notes.items()]
            notes += [f"{label}: no result for {', '.join(score.missing)}"] if score.missing else []
    return notes


def _tracker_scores(name: str, scores: Sequence[RunScore], common: Sequence[str]) -> TrackerScores:
    curves = tuple(score.curves[[score.names.index(sequence) for sequence in common]] for score in scores)
    speeds = [score.fps for score in scores if score.fps is not None]
    trained_on = tuple(n for n in common if any(n in score.trained_on for score in scores))
    return TrackerScores(name, curves, float(np.mean(speeds)) if speeds else None, trained_on)


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
    """The scores of each row of ``curves``, in percent: ``SCORES`` -> [s], 100 at most.

    pytracking's ``exclude_invalid_frames`` counts hits in frames that it leaves out of the divisor; a note tells.
    """
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
    return {name: np.minimum(100.0 * value, 100.0) for name, value in zip(SCORES, values, strict=True)}


def overall(tracker: TrackerScores, protocol: Protocol, rows: Sequence[int] | None = None) -> dict[str, Array]:
    """A tracker's scores on the data set, or on the sequences ``rows`` of it, in percent: ``SCORES`` -> [runs]."""
    curves = tracker.runs if rows is None else [run[rows] for run in tracker.runs]
    runs = [percent(average_curves(run, protocol), protocol) for run in curves]
    return {name: np.array([float(run[name][0]) for run in runs]) for name in SCORES}


def per_sequence(tracker: TrackerScores, protocol: Protocol) -> dict[str, Array]:
    """A tracker's scores on each sequence in percent, averaged over its runs: ``SCORES`` -> [s]."""
    runs = [percent(run, protocol) for run in tracker.runs]
    return {name: np.mean([run[name] for run in runs], axis=0) for name in SCORES}
