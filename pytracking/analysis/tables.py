"""The tables of an evaluation, and the JSON for scripts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ltr.dataset.layouts.base import SPECS
from ltr.utils.errors import InputError
from pytracking.analysis.comparison import as_number, show_p
from pytracking.analysis.extract_results import Evaluation, TrackerScores
from pytracking.analysis.metrics import METRICS
from pytracking.analysis.name_matching import match_names
from pytracking.analysis.statistics import FEWEST
from pytracking.analysis.table_formats import Cell, Table
from pytracking.utils.text import counted


def sort_trackers(evaluation: Evaluation, score: str = "auc") -> list[TrackerScores]:
    """The trackers, the best by ``score`` first."""
    return sorted(evaluation.trackers, key=lambda t: -float(t.overall[score].mean()))


def caption(evaluation: Evaluation) -> str:
    """One line that says what was scored and how."""
    frames = int(evaluation.trackers[0].frames.sum())
    sequences = counted(len(evaluation.sequences), "sequence")
    return f"{sequences}, {counted(frames, 'frame')}, protocol {evaluation.protocol.name} (percent)"


@dataclass(frozen=True)
class Published:
    """Scores in percent from a paper: tracker -> score -> value. sequences: the number of scored sequences."""

    source: str
    sequences: int
    scores: dict[str, dict[str, float]]


def find_published(name: str) -> Published:
    """The published scores on data set ``name`` (``published.json``); ValueError lists the available data sets."""
    known = json.loads(Path(__file__).with_name("published.json").read_text(encoding="utf-8"))
    if name not in known:
        raise InputError(f"no published scores on {name!r}; there are {', '.join(sorted(known))}")
    return Published(**known[name])


def label(tracker: TrackerScores) -> Cell:
    """The tracker's name, with a † if it was trained on some of the sequences."""
    return Cell(tracker.name, mark="†" if tracker.trained_on else "")


def overall_table(evaluation: Evaluation, published: Published | None = None) -> Table:
    """One row per tracker, the best AUC first; mean ± standard deviation if there are several runs.

    published: additional rows from a paper, marked by a star; they are measurements of others, and never the best.
    """
    header = tuple(map(Cell, ("Tracker", *(metric.title for metric in METRICS.values()), "FPS")))
    rows = [
        (label(t), *(_score(evaluation, t, name) for name in METRICS), Cell(value=t.fps, digits=1))
        for t in evaluation.trackers
    ]
    notes = (*evaluation.notes, _about_intervals(evaluation))
    if published is not None:
        total, scored = published.sequences, len(evaluation.sequences)
        warning = f"; on all {total} sequences, so not comparable with ours on {scored}" if scored != total else ""
        notes = (*notes, f"* {published.source}{warning}")
        for name, scores in published.scores.items():
            cells = [Cell(value=scores.get(metric), digits=1, is_score=False) for metric in METRICS]
            rows.append((Cell(name, mark="*"), *cells, Cell()))
    rows.sort(key=lambda cells: -(cells[1].value or 0.0))
    return Table(caption(evaluation), header, tuple(rows), notes, "column")


def difference_table(evaluation: Evaluation) -> Table | None:
    """One row per tracker, the best AUC first: its rank and its difference to the baseline. None for one tracker."""
    comparison = evaluation.comparison
    if comparison is None:
        return None
    rows = []
    for tracker in sort_trackers(evaluation):
        difference = comparison.differences.get(tracker.name)
        cells = [Cell(str(comparison.ranks[tracker.name])), _score(evaluation, tracker, "auc")]
        if difference is None:
            cells += [Cell("baseline" if evaluation.baseline else "best"), Cell()]
        else:
            cells += [
                Cell(value=difference.mean, interval=difference.interval, is_score=False, signed=True),
                Cell(show_p(difference.p)),
            ]
        rows.append((label(tracker), *cells))
    header = tuple(map(Cell, ("Tracker", "Rank", "AUC", "Difference", "p")))
    needed = max(difference.sequences_needed for difference in comparison.differences.values())
    few = f"; so few sequences can show none, {needed} or more can" if len(evaluation.sequences) < needed else ""
    corrected = "trackers" if evaluation.baseline else "all pairs of trackers, as the data chose the best"
    notes = [
        f"trackers of one rank are ties: no difference between them is shown (5 %){few}",
        f"p: sign-flip test of the differences by sequence, Holm's correction over {corrected}",
    ]
    smallest = [
        f"{difference.detectable:.1f} ({tracker.name})"
        for tracker in sort_trackers(evaluation)
        if (difference := comparison.differences.get(tracker.name)) and difference.detectable is not None
    ]
    if smallest:
        notes.append(f"smallest differences that these sequences show with 80 % power: {', '.join(smallest)}")
    return Table(f"AUC against {comparison.baseline}, {caption(evaluation)}", header, tuple(rows), tuple(notes))


def sequence_table(evaluation: Evaluation, score: str = "auc") -> Table:
    """One row per sequence: ``score`` of each tracker, or all scores if there is one tracker.

    Cells of a tracker that was trained on the sequence have a †; if there is one tracker, the sequence has it.
    """
    trackers, rows = sort_trackers(evaluation), []
    alone = len(trackers) == 1
    for i, name in enumerate(evaluation.sequences):
        marks = ["†" if name in t.trained_on else "" for t in trackers]
        if alone:
            cells = [Cell(value=as_number(trackers[0].per_sequence[metric][i])) for metric in METRICS]
        else:
            values = [as_number(t.per_sequence[score][i]) for t in trackers]
            cells = [Cell(value=value, mark=mark) for value, mark in zip(values, marks, strict=True)]
        frames = Cell(str(trackers[0].frames[i]))
        rows.append((Cell(name, mark=marks[0] if alone else ""), frames, *cells))
    columns = [Cell(metric.title) for metric in METRICS.values()] if alone else map(label, trackers)
    what = trackers[0].name if alone else METRICS[score].title
    header = (Cell("Sequence"), Cell("Frames"), *columns)
    compare: Literal["row"] | None = None if alone else "row"  # scores of different kinds are not compared
    return Table(f"{what} by sequence, {caption(evaluation)}", header, tuple(rows), evaluation.notes, compare)


def find_attributes(name: str, specs: Path = SPECS) -> dict[str, list[str]]:
    """The attributes of the sequences of data set ``name``, if ``specs`` has them, or those in the JSON file ``name``.

    Raises ValueError if both are missing, or the file does not contain ``{sequence: [attribute, ...]}``.
    """
    known = {file.stem.removesuffix("_attributes"): file for file in specs.glob("*_attributes.json")}
    path = known.get(name, Path(name))
    if not path.is_file():
        raise InputError(f"no attributes of {name!r}: expected a JSON file or one of {', '.join(sorted(known))}")
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({error})") from None
    if not isinstance(content, dict) or not all(isinstance(v, list) for v in content.values()):
        raise InputError(f"{path}: expected {{sequence: [attribute, ...]}}")
    return content


def attribute_table(evaluation: Evaluation, attributes: Mapping[str, Sequence[str]]) -> Table:
    """The AUC of each tracker over all sequences, then over those with each attribute, with their number.

    Raises ValueError if sequences have no entry in ``attributes`` (names are matched like those of results).
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
        intervals = evaluation.intervals_on(having, ["auc"])
        cells = [Cell(value=as_number(t.on("auc", having).mean()), interval=intervals[t.name, "auc"]) for t in trackers]
        rows.append((Cell(f"{attribute} ({len(having)})", mark="‡" if len(having) < FEWEST else ""), *cells))
    header = (Cell("Attribute"), *map(label, trackers))
    notes = (*evaluation.notes, _about_intervals(evaluation))
    if any(row[0].mark for row in rows):
        notes = (*notes, f"‡ fewer than {FEWEST} sequences")
    return Table(f"AUC by attribute, {caption(evaluation)}", header, tuple(rows), notes, "row")


def _score(evaluation: Evaluation, tracker: TrackerScores, metric: str) -> Cell:
    """The score of a data set: the mean over runs, with their deviation if there are several."""
    values = tracker.overall[metric]
    deviation = float(values.std(ddof=1)) if len(values) > 1 else None
    return Cell(
        value=as_number(values.mean()), deviation=deviation, interval=evaluation.intervals[tracker.name, metric]
    )


def _about_intervals(evaluation: Evaluation) -> str:
    if len(evaluation.sequences) < FEWEST:
        return f"no intervals: fewer than {FEWEST} sequences"
    over = "sequences and runs" if any(len(t.overall["auc"]) > 1 for t in evaluation.trackers) else "sequences"
    return f"[low, high]: 95 % interval, bootstrap over {over}"


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """``{tracker: {auc, precision, ..., sequences: {name: {auc, ...}}}}`` in percent.

    Every score of a data set has its 95 % interval, ``auc_ci: [low, high]``, null for fewer than five sequences. With
    several trackers, ties share a ``rank``, and all but the baseline have their ``difference`` to it in AUC. If a
    tracker has several runs, its scores are means and ``std`` holds their standard deviations. ``notes`` is present if
    there are notes, ``trained_on`` if the network was trained on some of the sequences.
    """
    return {tracker.name: _tracker_json(tracker, evaluation) for tracker in evaluation.trackers}


def _tracker_json(tracker: TrackerScores, evaluation: Evaluation) -> dict[str, Any]:
    scores = tracker.overall
    entry: dict[str, Any] = {}
    for name in METRICS:
        entry[name] = as_number(scores[name].mean())
        entry[f"{name}_ci"] = evaluation.intervals[tracker.name, name]
    runs = len(scores["auc"])
    if runs > 1:
        entry["runs"] = runs
        entry["std"] = {name: as_number(scores[name].std(ddof=1)) for name in METRICS}
    if evaluation.comparison is not None:
        entry["rank"] = evaluation.comparison.ranks[tracker.name]
        difference = evaluation.comparison.differences.get(tracker.name)
        if difference is not None:
            entry["difference"] = {
                "to": evaluation.comparison.baseline,
                "mean": difference.mean,
                "ci": difference.interval,
                "p": difference.p,
                "detectable": difference.detectable,
            }
    if tracker.fps is not None:
        entry["fps"] = tracker.fps
    if tracker.trained_on:
        entry["trained_on"] = list(tracker.trained_on)
    entry["protocol"] = evaluation.protocol.name
    if evaluation.notes:
        entry["notes"] = list(evaluation.notes)
    entry["sequences"] = {
        name: {score: as_number(tracker.per_sequence[score][i]) for score in METRICS}
        for i, name in enumerate(evaluation.sequences)
    }
    return entry
