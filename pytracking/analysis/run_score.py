"""One run of a tracker scored on a data set: its files read, checked and turned into curves."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ltr.dataset.text_files import read_boxes
from ltr.utils.errors import InputError
from pytracking.analysis.metrics import METRICS, Array, FrameMeasures, all_positive, plotted_curves
from pytracking.analysis.name_matching import match_names
from pytracking.analysis.protocols import Protocol
from pytracking.analysis.sequence_score import (
    GroundTruth,
    absent_frames,
    align_rows,
    measure_sequence,
    usable_frames,
    without_omitted_rows,
)
from pytracking.analysis.sources import ResultRun
from pytracking.evaluation.results import read_stamp, read_times, vouched
from pytracking.evaluation.starts import sequence_of


@dataclass(frozen=True)
class SequenceScores:
    """Scores of several sequences, one row each, in fractions of ``frames`` [s].

    values: metric -> [s], NaN if a sequence has no score. curves: name of the curve -> [s, k].
    """

    frames: NDArray[np.int64]
    values: dict[str, Array]
    curves: dict[str, Array]

    def __getitem__(self, rows: Sequence[int]) -> "SequenceScores":
        """The given rows, in the given order."""
        values = {name: value[rows] for name, value in self.values.items()}
        return SequenceScores(self.frames[rows], values, {name: curve[rows] for name, curve in self.curves.items()})


@dataclass(frozen=True)
class RunScore:
    """The result of scoring one run.

    names: the scored sequences, the rows of ``scores``. missing: those without a result. problems: errors that stop
    the analysis. notes: remarks for the reader of the numbers, with their counts. fps: frames per second if the run
    wrote its times. trained_on: the sequences whose stamps say that the network was trained on them. about_truth: notes
    that all runs share.
    """

    names: tuple[str, ...]
    scores: SequenceScores
    missing: tuple[str, ...]
    problems: tuple[str, ...]
    notes: dict[str, int]
    fps: float | None
    trained_on: tuple[str, ...] = ()
    about_truth: tuple[str, ...] = ()


def score_run(run: ResultRun, truths: Sequence[GroundTruth], protocol: Protocol, allow_missing: bool) -> RunScore:
    """Score every sequence of ``truths`` with a result in ``run``; faults of files become problems, not exceptions.

    Sequences whose truth is one row, the first box, are left out: every tracker starts from that box.
    allow_missing: surplus rows are cut, missing rows count as boxes without area, and missing results are no problem.
    """
    truths = [without_omitted_rows(truth, protocol) for truth in truths]
    names = match_names([truth.name for truth in truths], run.files)
    about_truth = notes_on_truth(truths, protocol)
    truths = [truth for truth in truths if len(truth.boxes) > 1]
    missing = [truth.name for truth in truths if truth.name not in names]
    problems: list[str] = []
    notes: Counter[str] = Counter()
    seconds: list[Array] = []
    rows: dict[str, _Row] = {}
    trained_on: dict[str, None] = {}  # an ordered set
    for truth in truths:
        repeats = []
        for path in run.files[names[truth.name]] if truth.name in names else ():
            try:
                boxes = read_result(path, truth, protocol, allow_missing, notes)
                repeats.append(measure_sequence(boxes, truth, protocol))
                for times in map(read_times, time_files(path)):
                    if np.isfinite(times).all() and (times >= 0).all():
                        seconds.append(times)
                    else:
                        notes["files of times with what is no time (negative, NaN, infinite), left out of the FPS"] += 1
                for stamp in map(read_stamp, stamp_files(path)):
                    if stamp.trained_on:
                        trained_on[truth.name] = None
                    if stamp.sha256 is not None and not vouched(path, stamp, ["boxes"]):
                        notes["results that their stamps were not written with (a run broke off, or they changed)"] += 1
            except (InputError, OSError) as error:
                problems.append(str(error))
        if repeats:
            rows[truth.name] = _score_repeats(repeats)
    unused = sorted(set(run.files) - set(names.values()))
    listed = ", ".join(unused[:3]) + (", ..." if len(unused) > 3 else "")
    if unused:
        notes[f"files of no sequence scored here, left out: {listed}"] = len(unused)
    if missing and not allow_missing:
        hint = f" ({_about_unused(unused, missing, run.folder) or f'unmatched files: {listed}'})" if unused else ""
        problems += [f"{run.folder}: no result for {name}{hint}" for name in missing]
    total = sum(float(times.sum()) for times in seconds)
    fps = sum(int((times > 0).sum()) for times in seconds) / total if total > 0 else None
    scores = _stack(list(rows.values()))
    return RunScore(
        tuple(rows), scores, tuple(missing), tuple(problems), dict(notes), fps, tuple(trained_on), about_truth
    )


def _about_unused(unused: Sequence[str], missing: Sequence[str], folder: Path) -> str:
    """A hint if whole sequences are expected and the results are of starts, or the reverse; else ""."""
    starts = [name for name in unused if sequence_of(name) != name]
    if starts and not any(sequence_of(name) != name for name in missing):
        number = re.search(r"_(?:starts(\d+)|(anchors))(?:_|$)", folder.name)
        return f"it holds starts, as {starts[0]}: give --starts {(number[1] or number[2]) if number else 'N'}"
    if not starts and all(sequence_of(name) != name for name in missing):
        return f"it holds whole sequences, as {unused[0]}: leave out --starts"
    return ""


def notes_on_truth(truths: Sequence[GroundTruth], protocol: Protocol) -> tuple[str, ...]:
    """Remarks about ``truths`` for the reader of the numbers, independent of the results."""
    alone = [truth.name for truth in truths if len(truth.boxes) == 1]
    at_edge = kept_hits = 0
    for truth in (t for t in truths if len(t.boxes) > 1):
        absent, usable = absent_frames(truth, protocol), usable_frames(truth.boxes, protocol)
        unusable = ~usable & ~absent
        at_edge += int((unusable & all_positive(truth.boxes[:, 2:])).sum())
        for rule, frames in ((protocol.absent, absent), (protocol.unusable, unusable)):
            if rule is not None and min(rule.center_error, rule.normalized_error) <= 0:
                kept_hits += int(frames.sum())
    notes = []
    if alone:
        listed = ", ".join(alone[:3]) + (", ..." if len(alone) > 3 else "")
        notes.append(f"sequences whose truth is only the first box, left out: {listed} ({len(alone)})")
    if protocol.exclude_unusable and kept_hits:
        notes.append(
            "frames without a usable truth, left out of the divisor, that the rules count as hits in precision or "
            f"norm. precision: these are too high ({kept_hits})"
        )
    elif at_edge and not protocol.exclude_unusable:
        notes.append(f"frames with a true x or y <= 0, which by the rules of {protocol.name} no box hits ({at_edge})")
    return tuple(notes)


def time_files(result: Path) -> list[Path]:
    """The time files of a result, as this toolkit, pytracking or got10k names them.

    got10k writes ``times/<Seq>_time.txt``, or one ``<Seq>_time.txt`` for all the repeats ``<Seq>_001.txt``, ....
    """
    sequence = result.parent.name
    repeated = re.fullmatch(re.escape(sequence) + r"_\d{3}", result.stem)
    name = f"{sequence if repeated else result.stem}_time.txt"
    return [path for path in (result.with_name(name), result.parent / "times" / name) if path.is_file()]


def stamp_files(result: Path) -> list[Path]:
    """The JSON stamp of a result, if it has one (only results of this toolkit)."""
    return [path for path in (result.with_suffix(".json"),) if path.is_file()]


def read_result(path: Path, truth: GroundTruth, protocol: Protocol, allow_missing: bool, notes: Counter[str]) -> Array:
    """Boxes [m, 4] of one result file, as stored; tolerated faults are counted in ``notes``.

    Raises FileNotFoundError, or ValueError if the file or the number of its rows is not usable.
    """
    boxes = read_boxes(path)
    surplus = len(align_rows(boxes, truth, protocol)) - len(truth.boxes)
    if surplus and not allow_missing and not -protocol.rows_short <= surplus <= protocol.rows_over:
        raise InputError(f"{path}: {len(boxes)} rows for the {len(truth.boxes)} frames of {truth.name}")
    negative = np.flatnonzero((boxes[:, 2] < 0) | (boxes[:, 3] < 0))
    if len(negative):
        raise InputError(f"{path}:{negative[0] + 1}: a negative size, {boxes[negative[0]].tolist()}")
    if surplus < 0:
        notes["results end early, the missing frames count as boxes without area"] += 1
    if surplus > 0:
        notes["results longer than the truth, cut"] += 1
    if np.isnan(boxes[:, 0]).any():
        notes["results with NaN rows, scored as boxes without area"] += 1
    return boxes


_Row = tuple[int, dict[str, float], dict[str, Array]]  # frames, values and curves of one sequence


def _score_repeats(repeats: Sequence[FrameMeasures]) -> _Row:
    """Means over the repeats of a sequence."""
    values = {name: float(np.mean([metric.value(m) for m in repeats])) for name, metric in METRICS.items()}
    curves = {
        name: np.mean([curve.values(m) for m in repeats], axis=0) for name, (_, curve) in plotted_curves().items()
    }
    return repeats[0].frames, values, curves


def _stack(rows: Sequence[_Row]) -> SequenceScores:
    frames = np.array([frames for frames, _, _ in rows], dtype=np.int64)
    values = {name: np.array([values[name] for _, values, _ in rows]) for name in METRICS}
    return SequenceScores(
        frames, values, {name: np.array([curves[name] for _, _, curves in rows]) for name in plotted_curves()}
    )
