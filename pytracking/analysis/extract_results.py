"""Trackers scored on a data set: all problems are reported at once, and all scores are computed once."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from pytracking.analysis.cache import Cache
from pytracking.analysis.comparison import Comparison, Interval, as_interval, compare
from pytracking.analysis.metrics import METRICS, Array, plotted_curves
from pytracking.analysis.protocols import Protocol
from pytracking.analysis.run_score import RunScore, score_run
from pytracking.analysis.sequence_score import GroundTruth
from pytracking.analysis.sources import AnalysisError, GroundTruthSource, ResultRun, TrackerResults
from pytracking.analysis.statistics import score_intervals, weighted_mean

_WORTH_A_PROCESS = 5_000_000  # bytes of result files; below it, starting a process takes longer than the work


@dataclass(frozen=True)
class TrackerScores:
    """A tracker on the sequences of an evaluation, in percent.

    frames: [s], as the protocol counts them. weights: [s], of the sequences in a mean. by_run: metric -> [runs, s],
    NaN if a sequence has no score; pytracking's ``exclude_invalid_frames`` may give more than 100, which a note says.
    curves: name of the curve -> [s, k], means over the runs. fps: frames per second if the results have times.
    trained_on: the sequences that its network was trained on, by the stamps of its results.
    """

    name: str
    frames: NDArray[np.int64]
    weights: Array
    by_run: dict[str, Array]
    curves: dict[str, Array]
    fps: float | None
    trained_on: tuple[str, ...] = ()

    @cached_property
    def overall(self) -> dict[str, Array]:
        """Metric -> scores [runs] on the data set, 100 at most."""
        return {name: self.on(name, slice(None)) for name in self.by_run}

    def on(self, metric: str, rows: Sequence[int] | slice) -> Array:
        """The scores [runs] by ``metric`` on the sequences ``rows``, 100 at most."""
        return np.minimum(weighted_mean(self.by_run[metric][:, rows], self.weights[rows]), 100.0)

    @cached_property
    def per_sequence(self) -> dict[str, Array]:
        """Metric -> scores [s] of the sequences, 100 at most, means over the runs."""
        return {name: np.minimum(values, 100.0).mean(axis=0) for name, values in self.by_run.items()}


@dataclass(frozen=True)
class Evaluation:
    """Trackers on the same sequences by one protocol.

    notes: remarks for the reader of the numbers. baseline: the tracker that others are compared with, else the best.
    """

    protocol: Protocol
    sequences: tuple[str, ...]
    trackers: tuple[TrackerScores, ...]
    notes: tuple[str, ...]
    baseline: str | None = None

    @cached_property
    def intervals(self) -> dict[tuple[str, str], Interval | None]:
        """(tracker, metric) -> the 95 % interval of its score; None for fewer than five sequences."""
        return self.intervals_on(slice(None), METRICS)

    def intervals_on(self, rows: Sequence[int] | slice, names: Iterable[str]) -> dict[tuple[str, str], Interval | None]:
        """``intervals`` of the metrics ``names`` on the sequences ``rows``."""
        places = [(tracker, name) for name in names for tracker in self.trackers]
        scores = [tracker.by_run[name][:, rows] for tracker, name in places]
        found = score_intervals(scores, self.trackers[0].weights[rows]).clip(0.0, 100.0)
        return {(t.name, name): as_interval(ends) for (t, name), ends in zip(places, found, strict=True)}

    @cached_property
    def comparison(self) -> Comparison | None:
        """The comparison of the trackers, if there are several."""
        return compare(self.trackers, self.baseline) if len(self.trackers) > 1 else None


def evaluate(
    trackers: Sequence[TrackerResults],
    truth: GroundTruthSource,
    protocol: Protocol,
    allow_missing: bool = False,
    cache: Cache | None = None,
    processes: int = 1,
    baseline: str | None = None,
) -> Evaluation:
    """Score ``trackers`` against ``truth``.

    allow_missing: sequences that a tracker lacks are left out for all trackers; results that are too long are cut, and
    missing rows at the end count as empty; the notes say so. Without it, and for files that cannot be read, raises
    AnalysisError that lists all problems. processes: the largest number to use (more than one needs a main module that
    can be imported). baseline: the name of the tracker that others are compared with, else the best.
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
    entries = tuple(_tracker_scores(t.name, [next(left) for _ in t.runs], common, protocol) for t in trackers)
    notes += [
        f"{t.name}: its network was trained on {len(t.trained_on)} of these sequences (†): {', '.join(t.trained_on)}"
        for t in entries
        if t.trained_on
    ]
    return Evaluation(protocol, tuple(common), entries, tuple(notes), baseline)


def _score_runs(
    runs: Sequence[ResultRun],
    truth: GroundTruthSource,
    protocol: Protocol,
    allow_missing: bool,
    cache: Cache | None,
    processes: int,
) -> list[RunScore]:
    """The score of each run: from the cache, or else computed, in several processes if that is faster."""
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
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:  # fork is unsafe with threads
        return list(pool.map(score, runs, chunksize=-(-len(runs) // workers)))  # the truth is sent once per process


def _notes(trackers: Sequence[TrackerResults], scores: Sequence[RunScore]) -> list[str]:
    """Remarks for the reader of the numbers; ``scores`` in the order of the trackers' runs."""
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


def _tracker_scores(name: str, scores: Sequence[RunScore], common: Sequence[str], protocol: Protocol) -> TrackerScores:
    runs = [score.scores[[score.names.index(sequence) for sequence in common]] for score in scores]
    frames = runs[0].frames
    speeds = [score.fps for score in scores if score.fps is not None]
    return TrackerScores(
        name,
        frames,
        frames.astype(float) if protocol.pool_frames else np.ones(len(frames)),
        {metric: 100.0 * np.array([run.values[metric] for run in runs]) for metric in METRICS},
        {curve: 100.0 * np.mean([run.curves[curve] for run in runs], axis=0) for curve in plotted_curves()},
        float(np.mean(speeds)) if speeds else None,
        tuple(n for n in common if any(n in score.trained_on for score in scores)),
    )
