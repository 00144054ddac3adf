"""What of an evaluation goes into a table, and the JSON that scripts read."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ltr.utils.errors import InputError
from pytracking.analysis.extract_results import (
    SCORES,
    Evaluation,
    TrackerScores,
    overall,
    per_sequence,
)
from pytracking.analysis.metrics import Array
from pytracking.analysis.name_matching import match_names
from pytracking.analysis.table_formats import Table
from pytracking.utils.text import counted

SPECS = Path(__file__).parents[1] / "evaluation" / "datasets" / "specs"
TITLES = {
    "auc": "AUC", "precision": "Precision", "norm_precision": "Norm. precision",
    "op50": "OP50", "op75": "OP75", "ao": "AO",
}  # fmt: skip


def sort_trackers(evaluation: Evaluation, score: str = "auc") -> list[TrackerScores]:
    """The trackers, the best by ``score`` first."""
    return sorted(evaluation.trackers, key=lambda t: -float(overall(t, evaluation.protocol)[score].mean()))


def caption(evaluation: Evaluation) -> str:
    """What was scored and how, in one line."""
    frames = int(evaluation.trackers[0].runs[0].frames.sum())
    sequences = counted(len(evaluation.sequences), "sequence")
    return f"{sequences}, {counted(frames, 'frame')}, protocol {evaluation.protocol.name} (percent)"


@dataclass(frozen=True)
class Published:
    """Scores in percent from a paper: tracker -> score -> value. sequences: how many they are the scores of."""

    source: str
    sequences: int
    scores: dict[str, dict[str, float]]


def find_published(name: str) -> Published:
    """The published scores on data set ``name`` (``published.json``); ValueError lists the data sets there are."""
    known = json.loads(Path(__file__).with_name("published.json").read_text(encoding="utf-8"))
    if name not in known:
        raise InputError(f"no published scores on {name!r}; there are {', '.join(sorted(known))}")
    return Published(**known[name])


def label(tracker: TrackerScores) -> str:
    """The tracker's name, with a † where it was trained on some of the sequences."""
    return f"{tracker.name} †" if tracker.trained_on else tracker.name


def scores_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Array:
    """The scores of a table, NaN for its other cells: [rows, columns]."""
    found = [[re.match(r"-?\d+(\.\d*)?", cell) for cell in row] for row in rows]
    numbers = np.array([[float(match[0]) if match else np.nan for match in row] for row in found])
    numbers[:, [i for i, title in enumerate(header) if i == 0 or title == "Frames"]] = np.nan
    return numbers


def best_cells(
    header: Sequence[str], rows: Sequence[Sequence[str]], by: Literal["row", "column"]
) -> frozenset[tuple[int, int]]:
    """The places (row, column) of the highest score of each row or column that has several.

    By column, rows of a paper (marked by a star) are left out: they are others' measurements.
    """
    numbers, axis = scores_of(header, rows), 1 if by == "row" else 0
    if by == "column":
        numbers[[row[0].endswith(" *") for row in rows]] = np.nan
    several = (~np.isnan(numbers)).sum(axis=axis, keepdims=True) > 1
    highest = np.nan_to_num(numbers, nan=-np.inf).max(axis=axis, keepdims=True)
    return frozenset((int(row), int(column)) for row, column in np.argwhere((numbers == highest) & several))


def overall_table(evaluation: Evaluation, published: Published | None = None) -> Table:
    """A row a tracker, the best AUC first; mean ± standard deviation where there are several runs.

    published: rows from a paper among them, marked by a star.
    """
    rows: dict[tuple[str, ...], float] = {}
    for tracker in evaluation.trackers:
        scores = overall(tracker, evaluation.protocol)
        fps = "-" if tracker.fps is None else f"{tracker.fps:.1f}"
        cells = (label(tracker), *(_mean_and_deviation(scores[name]) for name in SCORES), fps)
        rows[cells] = float(scores["auc"].mean())
    notes = evaluation.notes
    if published is not None:
        total, scored = published.sequences, len(evaluation.sequences)
        warning = f"; on all {total} sequences, so not comparable with ours on {scored}" if scored != total else ""
        notes = (*notes, f"* {published.source}{warning}")
        for name, values in published.scores.items():
            cells = (f"{name} *", *(f"{values[s]:.1f}" if s in values else "-" for s in SCORES), "-")
            rows[cells] = values["auc"]
    ordered = tuple(sorted(rows, key=lambda cells: -rows[cells]))
    header = ("Tracker", *TITLES.values(), "FPS")
    return Table(caption(evaluation), header, ordered, notes, best_cells(header, ordered, "column"))


def sequence_table(evaluation: Evaluation, score: str = "auc") -> Table:
    """A row a sequence: ``score`` of each tracker, or all scores where there is one tracker.

    Cells of a tracker that was trained on the sequence have a †, as has the sequence where there is one tracker.
    """
    trackers = sort_trackers(evaluation)
    if len(trackers) == 1:
        scores = per_sequence(trackers[0], evaluation.protocol)
        what, columns = trackers[0].name, {TITLES[name]: scores[name] for name in SCORES}
    else:
        what, columns = TITLES[score], {label(t): per_sequence(t, evaluation.protocol)[score] for t in trackers}
    frames, rows = evaluation.trackers[0].runs[0].frames, []
    for i, name in enumerate(evaluation.sequences):
        marks = [" †" if name in t.trained_on else "" for t in trackers]
        cells = [f"{column[i]:.2f}" for column in columns.values()]
        if len(trackers) == 1:
            name += marks[0]
        else:
            cells = [cell + mark for cell, mark in zip(cells, marks, strict=True)]
        rows.append((name, str(frames[i]), *cells))
    header = ("Sequence", "Frames", *columns)
    best = best_cells(header, rows, "row") if len(trackers) > 1 else frozenset()  # else of different scores
    return Table(f"{what} by sequence, {caption(evaluation)}", header, tuple(rows), evaluation.notes, best)


def find_attributes(name: str) -> dict[str, list[str]]:
    """The attributes of the sequences of data set ``name``, where we have them, or of the JSON file of that name.

    Raises ValueError where there is neither, or the file does not hold ``{sequence: [attribute, ...]}``.
    """
    known = {file.stem.removesuffix("_attributes"): file for file in SPECS.glob("*_attributes.json")}
    path = known.get(name, Path(name))
    if not path.is_file():
        raise InputError(f"no attributes of {name!r}: expected a JSON file or one of {', '.join(sorted(known))}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({error})") from None
    if not isinstance(content, dict) or not all(isinstance(v, list) for v in content.values()):
        raise InputError(f"{path}: expected {{sequence: [attribute, ...]}}")
    return content


def attribute_table(evaluation: Evaluation, attributes: Mapping[str, Sequence[str]]) -> Table:
    """The AUC of each tracker over all sequences, then over those that have an attribute, with their number.

    Raises ValueError where sequences have no entry in ``attributes`` (matched by name as results are).
    """
    names = match_names(evaluation.sequences, attributes)
    unknown = [name for name in evaluation.sequences if name not in names]
    if unknown:
        raise InputError(f"no attributes for {', '.join(unknown)}")
    groups = {"all": list(range(len(names)))}
    for attribute in sorted({a for name in names.values() for a in attributes[name]}):
        groups[attribute] = [i for i, n in enumerate(evaluation.sequences) if attribute in attributes[names[n]]]
    trackers, rows = sort_trackers(evaluation), []
    for attribute, having in groups.items():
        means = [overall(t, evaluation.protocol, having)["auc"].mean() for t in trackers]
        rows.append((f"{attribute} ({len(having)})", *(f"{mean:.2f}" for mean in means)))
    header = ("Attribute", *map(label, trackers))
    best = best_cells(header, rows, "row")
    return Table(f"AUC by attribute, {caption(evaluation)}", header, tuple(rows), evaluation.notes, best)


def _mean_and_deviation(values: np.ndarray) -> str:
    return f"{values.mean():.2f}" + (f" ± {values.std(ddof=1):.2f}" if len(values) > 1 else "")


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """``{tracker: {auc, precision, ..., sequences: {name: {auc, ...}}}}`` in percent.

    Where a tracker has several runs, its scores are means and ``std`` holds their standard deviations; ``notes`` is
    there where there is anything to say, ``trained_on`` where the network was trained on some of the sequences.
    """
    return {tracker.name: _tracker_json(tracker, evaluation) for tracker in evaluation.trackers}


def _tracker_json(tracker: TrackerScores, evaluation: Evaluation) -> dict[str, Any]:
    scores, rows = overall(tracker, evaluation.protocol), per_sequence(tracker, evaluation.protocol)
    entry: dict[str, Any] = {name: _number(scores[name].mean()) for name in SCORES}
    if len(tracker.runs) > 1:
        entry["runs"] = len(tracker.runs)
        entry["std"] = {name: _number(scores[name].std(ddof=1)) for name in SCORES}
    if tracker.fps is not None:
        entry["fps"] = tracker.fps
    if tracker.trained_on:
        entry["trained_on"] = list(tracker.trained_on)
    entry["protocol"] = evaluation.protocol.name
    if evaluation.notes:
        entry["notes"] = list(evaluation.notes)
    entry["sequences"] = {
        name: {score: _number(rows[score][i]) for score in SCORES} for i, name in enumerate(evaluation.sequences)
    }
    return entry


def _number(value: float) -> float | None:
    """JSON has no NaN: the mean overlap of a sequence without one usable frame is null."""
    return float(value) if np.isfinite(value) else None
