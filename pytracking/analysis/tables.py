"""Evaluations as tables: aligned text, Markdown, LaTeX, CSV, and the JSON that scripts read."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pytracking.analysis.extract_results import SCORES, Evaluation, TrackerScores, overall, per_sequence

TITLES = {
    "auc": "AUC", "precision": "Precision", "norm_precision": "Norm. precision",
    "op50": "OP50", "op75": "OP75", "ao": "AO",
}  # fmt: skip


@dataclass(frozen=True)
class Table:
    """Cells as text; the first column is left-aligned, the others are numbers."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def sort_trackers(evaluation: Evaluation, score: str = "auc") -> list[TrackerScores]:
    """The trackers, the best by ``score`` first."""
    return sorted(evaluation.trackers, key=lambda t: -float(overall(t, evaluation.protocol)[score].mean()))


def caption(evaluation: Evaluation) -> str:
    """What was scored and how, in one line."""
    frames = int(evaluation.trackers[0].runs[0].frames.sum())
    return f"{len(evaluation.sequences)} sequences, {frames} frames, protocol {evaluation.protocol.name} (percent)"


def overall_table(evaluation: Evaluation) -> Table:
    """A row a tracker, the best AUC first; mean ± standard deviation where there are several runs."""
    rows = []
    for tracker in sort_trackers(evaluation):
        scores = overall(tracker, evaluation.protocol)
        fps = "-" if tracker.fps is None else f"{tracker.fps:.1f}"
        rows.append((tracker.name, *(_mean_and_deviation(scores[name]) for name in SCORES), fps))
    return Table(caption(evaluation), ("Tracker", *TITLES.values(), "FPS"), tuple(rows), evaluation.notes)


def sequence_table(evaluation: Evaluation, score: str = "auc") -> Table:
    """A row a sequence, a column a tracker."""
    trackers = sort_trackers(evaluation)
    columns = [per_sequence(tracker, evaluation.protocol)[score] for tracker in trackers]
    rows = [(name, *(f"{c[i]:.2f}" for c in columns)) for i, name in enumerate(evaluation.sequences)]
    header = ("Sequence", *(t.name for t in trackers))
    return Table(f"{TITLES[score]}, {caption(evaluation)}", header, tuple(rows), evaluation.notes)


def _mean_and_deviation(values: np.ndarray) -> str:
    return f"{values.mean():.2f}" + (f" ± {values.std(ddof=1):.2f}" if len(values) > 1 else "")


def as_text(table: Table) -> str:
    """Columns aligned by blanks."""
    lines = [table.header, *table.rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(table.header))]
    text = ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines]
    rule = "-" * len(text[0])
    return "\n".join([table.caption, rule, text[0], rule, *text[1:], rule, *(f"note: {n}" for n in table.notes)])


def as_markdown(table: Table) -> str:
    """A GitHub table; the caption above it, the notes below."""
    lines = [table.header, ("---", *("---:" for _ in table.header[1:])), *table.rows]
    body = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([table.caption, "", *body, *(f"\n{note}" for note in table.notes)])


def as_latex(table: Table) -> str:
    """A ``table`` in the style of ``booktabs``."""
    head, *rows = [" & ".join(map(_escape_latex, line)) + r" \\" for line in (table.header, *table.rows)]
    text = ". ".join(map(_escape_latex, (table.caption, *table.notes)))
    begin = [r"\begin{table}", r"\centering", rf"\begin{{tabular}}{{l{'r' * (len(table.header) - 1)}}}"]
    end = [r"\end{tabular}", rf"\caption{{{text}}}", r"\end{table}"]
    return "\n".join([*begin, r"\toprule", head, r"\midrule", *rows, r"\bottomrule", *end])


def _escape_latex(text: str) -> str:
    for character in "&%#_$":
        text = text.replace(character, "\\" + character)
    return text.replace("±", r"$\pm$")


def as_csv(table: Table) -> str:
    """Comma-separated; caption and notes are lines that begin with #."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([table.header, *table.rows])
    return "".join(f"# {line}\n" for line in (table.caption, *table.notes)) + out.getvalue().rstrip("\n")


FORMATS: dict[str, Callable[[Table], str]] = {
    "text": as_text, "markdown": as_markdown, "latex": as_latex, "csv": as_csv,
}  # fmt: skip


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """``{tracker: {auc, precision, ..., sequences: {name: {auc, ...}}}}`` in percent.

    Where a tracker has several runs, its scores are means and ``std`` holds their standard deviations; ``notes`` is
    there where there is anything to say.
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
