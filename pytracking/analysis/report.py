"""One HTML page with everything: tables, plots, the sequences sorted as wanted, the worst of them in pictures.

The page needs no other file and no network.
"""

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ltr.admin.files import atomic_write
from pytracking.analysis import metrics, tables
from pytracking.analysis.extract_results import Evaluation, per_sequence
from pytracking.analysis.film import film_strip, timeline
from pytracking.analysis.metrics import Array
from pytracking.analysis.names import match_names
from pytracking.analysis.plot_results import COLOURS, PLOTS, plot_curve, svg
from pytracking.analysis.sequence_score import Truth, prepare_boxes, without_omitted_rows
from pytracking.analysis.sources import Tracker
from pytracking.analysis.table_formats import Table
from pytracking.evaluation.results import read_boxes

Frames = Callable[[], Iterable[NDArray[np.uint8]]]

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 1120px; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin-bottom: 0 } h2 { font-size: 1.15rem; margin-top: 2.4rem } h3 { font-size: 1rem; margin: 1.6rem 0 .3rem }
.about, figcaption, .note { color: #555; font-size: .87rem } .note { margin: .2rem 0 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #e4e4e4 }
th:first-child, td:first-child { text-align: left }
thead th { border-bottom: 2px solid #444; background: #fff; position: sticky; top: 0; white-space: nowrap }
table.sortable th { cursor: pointer } th[aria-sort=ascending]::after { content: " \\25b4" } th[aria-sort=descending]::after { content: " \\25be" }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(330px, 1fr)); gap: .5rem } .plots svg { width: 100%; height: auto }
.scroll { max-height: 34rem; overflow: auto; border: 1px solid #e4e4e4 } .scroll table { width: 100% }
.timeline { width: 100%; height: 84px; background: #fafafa; border: 1px solid #e4e4e4 }
.strip { display: flex; gap: 6px; flex-wrap: wrap } .strip figure { margin: .4rem 0 0 } .strip img { display: block; width: 176px; height: 176px }
.key { display: inline-block; width: 1.6em; height: 0; border-top: 3px solid; vertical-align: middle; margin: 0 .35em 0 .9em }
"""  # noqa: E501

_SORT = """
for (const table of document.querySelectorAll("table.sortable"))
  table.tHead.addEventListener("click", ({target}) => {
    const head = target.closest("th"), rows = [...table.tBodies[0].rows], i = head.cellIndex;
    const up = head.ariaSort === "descending" || (i === 0 && !head.ariaSort);
    for (const other of table.tHead.rows[0].cells) other.ariaSort = null;
    head.ariaSort = up ? "ascending" : "descending";
    const order = (a, b) => a.cells[i].textContent.localeCompare(b.cells[i].textContent, "en", {numeric: true});
    rows.sort((a, b) => up ? order(a, b) : order(b, a));
    table.tBodies[0].append(...rows);
  });
"""


def write_report(
    path: Path,
    evaluation: Evaluation,
    trackers: Sequence[Tracker],
    truths: Sequence[Truth],
    extra_tables: Sequence[Table] = (),
    frames: Mapping[str, Frames] | None = None,
    worst: int = 5,
) -> None:
    """Write the page to ``path``.

    trackers, truths: what ``evaluation`` was made from. extra_tables: shown below the plots, but the first of them
    above. frames: sequence -> its frames; without them the worst sequences have no film strips.
    """
    first, *others = extra_tables or [tables.overall_table(evaluation)]
    plots = [svg(plot_curve(evaluation, curve)) for curve in PLOTS]
    body = [
        "<h1>Tracking results</h1>",
        f'<p class="about">{_text(tables.caption(evaluation))}. Rules: {_text(evaluation.protocol.source)}.</p>',
        _table(first),
        "<h2>Curves</h2>",
        f'<div class="plots">{"".join(plots)}</div>',
        *(f"<h2>{_text(table.caption)}</h2>{_table(table)}" for table in others),
        "<h2>Sequences</h2>",
        '<p class="about">Click on a column to sort by it.</p>',
        f'<div class="scroll">{_table(tables.sequence_table(evaluation), sortable=True)}</div>',
        *_worst_sequences(evaluation, trackers, truths, frames or {}, worst),
    ]
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Tracking results</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n" + "\n".join(body) + f"\n<script>{_SORT}</script></body></html>\n"
    )
    atomic_write(path, lambda temporary: temporary.write_text(page, encoding="utf-8"))


def _text(text: str) -> str:
    return html.escape(text)


def _table(table: Table, sortable: bool = False) -> str:
    head = "".join(f"<th>{_text(cell)}</th>" for cell in table.header)
    rows = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    notes = "".join(f'<p class="note">{_text(note)}</p>' for note in table.notes)
    kind = ' class="sortable"' if sortable else ""
    return f"<table{kind}><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{notes}"


def _worst_sequences(
    evaluation: Evaluation,
    trackers: Sequence[Tracker],
    truths: Sequence[Truth],
    frames: Mapping[str, Frames],
    count: int,
) -> list[str]:
    """The sequences on which the first tracker does worst: overlaps of all trackers over time, and film strips."""
    colours = [COLOURS[i % len(COLOURS)] for i in range(len(trackers))]
    keys = [
        f'<span class="key" style="border-color: {colour}"></span>{_text(tracker.name)}'
        for tracker, colour in zip(trackers, colours, strict=True)
    ]
    truth_by_name = {truth.name: truth for truth in truths}
    files = [_files_by_sequence(tracker, list(truth_by_name)) for tracker in trackers]
    auc = per_sequence(evaluation.trackers[0], evaluation.protocol)["auc"]
    parts = [
        f"<h2>Where {_text(trackers[0].name)} does worst</h2>",
        f'<p class="about">Overlap with the truth over time (dashed: 0.5).{"".join(keys)}</p>',
    ]
    for i in np.argsort(auc, kind="stable")[:count]:
        name = evaluation.sequences[i]
        truth = without_omitted_rows(truth_by_name[name], evaluation.protocol)
        boxes = [prepare_boxes(read_boxes(found[name]), truth, evaluation.protocol) for found in files]
        overlaps = [_visible_overlap(prediction, truth) for prediction in boxes]
        parts += [f"<h3>{_text(name)}: AUC {auc[i]:.1f}, {len(truth.boxes)} frames</h3>", timeline(overlaps, colours)]
        if name in frames:
            strip = film_strip(frames[name](), truth.boxes, boxes, colours)
            pictures = "".join(
                f'<figure><img src="{uri}" alt="frame {n + 1}"><figcaption>frame {n + 1}</figcaption></figure>'
                for n, uri in strip
            )
            parts.append(f'<div class="strip">{pictures}</div>')
    return parts


def _files_by_sequence(tracker: Tracker, sequences: Sequence[str]) -> dict[str, Path]:
    """The first result file of each sequence in the first run of ``tracker``."""
    files = tracker.runs[0].files
    return {name: files[found][0] for name, found in match_names(sequences, files).items()}


def _visible_overlap(prediction: Array, truth: Truth) -> Array:
    overlap = metrics.iou(prediction, truth.boxes)
    return np.where(truth.absent | ~metrics.all_positive(truth.boxes[:, 2:]), np.nan, overlap)
