"""One HTML page with everything: tables, plots, sequences sorted as wanted, the worst of them in pictures, the runs.

The page (``report.html.jinja``) needs no other file and no network.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray

from ltr.dataset.text_files import read_boxes
from ltr.utils.errors import InputError
from ltr.utils.files import atomic_write
from pytracking.analysis import metrics, tables
from pytracking.analysis.extract_results import SCORES, Evaluation, per_sequence
from pytracking.analysis.metrics import Array
from pytracking.analysis.name_matching import match_names
from pytracking.analysis.plot_results import PLOTS, plot_curve, svg
from pytracking.analysis.report_figures import COLOURS, choose_frames, film_strip, timeline
from pytracking.analysis.sequence_score import GroundTruth, prepare_boxes, without_omitted_rows
from pytracking.analysis.sources import TrackerResults
from pytracking.analysis.stamps import describe_run
from pytracking.analysis.table_formats import Table

Frames = Callable[[Sequence[int]], Iterable[NDArray[np.uint8]]]
TEMPLATE = "report.html.jinja"


@dataclass(frozen=True)
class Cell:
    """A cell as the page shows it. bar: length in percent of the bar behind it. link: the card it leads to."""

    text: str
    best: bool = False
    bar: float | None = None
    colour: str = ""
    link: str = ""


@dataclass(frozen=True)
class View:
    """A table as the page shows it. title: what it is a table of."""

    title: str
    header: list[Cell]
    rows: list[list[Cell]]
    notes: list[str]


@dataclass(frozen=True)
class Worst:
    """The card of a sequence: its scores, its overlaps over time, and pictures or the reason why there are none."""

    name: str
    link: str
    frames: int
    scores: list[Cell]
    timeline: Markup
    pictures: list[dict[str, Any]]
    fault: str = ""


def write_report(
    path: Path,
    evaluation: Evaluation,
    trackers: Sequence[TrackerResults],
    truths: Sequence[GroundTruth],
    extra_tables: Sequence[Table] = (),
    frames: Mapping[str, Frames] | None = None,
    worst: int = 5,
    about: Sequence[str] = (),
) -> None:
    """Write the page to ``path``.

    trackers, truths: what ``evaluation`` was made from. extra_tables: the first is shown above the plots, the others
    below. frames: sequence -> its frames of given numbers, from 0; without them the worst sequences have no film
    strips. worst: how many of them are shown. about: facts for the head of the page, the data set's name for instance.
    """
    first, *others = extra_tables or [tables.overall_table(evaluation)]
    colours = {t.name: COLOURS[i % len(COLOURS)] for i, t in enumerate(evaluation.trackers)}
    marked = {tables.label(t): colours[t.name] for t in evaluation.trackers}
    cards = list(_worst_sequences(evaluation, trackers, truths, frames or {}, worst, colours))
    links = {card.name: card.link for card in cards}
    by_score = SCORES if len(evaluation.trackers) > 1 else SCORES[:1]
    page = _template().render(
        about=[*about, tables.caption(evaluation)],
        notes=evaluation.notes,
        overall=_view(first, evaluation, marked),
        plots=[_in_colours_of_the_page(svg(plot_curve(evaluation, curve))) for curve in PLOTS],
        others=[_view(table, evaluation, marked, bars=True) for table in others],
        by_sequence=[
            _view(tables.sequence_table(evaluation, score), evaluation, marked, True, links, tables.TITLES[score])
            for score in by_score
        ],
        worst_of=trackers[0].name,
        keys=[Cell(t.name, colour=colours[t.name]) for t in tables.sort_trackers(evaluation)],
        worst=cards,
        frames_given=bool(frames),
        runs=_runs(trackers, colours),
        protocol=evaluation.protocol,
    )
    atomic_write(path, lambda temporary: temporary.write_text(page + "\n", encoding="utf-8"))


def _template() -> Any:
    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template(TEMPLATE)


def _in_colours_of_the_page(plot: str) -> Markup:
    """An ``<svg>`` whose black, white and grey follow the page from light to dark; its lines keep their colours."""
    for colour, of_the_page in (("#000000", "currentColor"), ("#ffffff", "var(--page)"), ("#dddddd", "var(--line)")):
        plot = plot.replace(colour, of_the_page)
    return Markup(plot)


def _view(
    table: Table,
    evaluation: Evaluation,
    colours: Mapping[str, str],
    bars: bool = False,
    links: Mapping[str, str] | None = None,
    title: str = "",
) -> View:
    """``table`` for the page; notes on all of the page left out."""
    scores, rows = tables.scores_of(table.header, table.rows), []
    for r, (row, values) in enumerate(zip(table.rows, scores, strict=True)):
        cells = [Cell(row[0], colour=colours.get(row[0], ""), link=(links or {}).get(row[0].removesuffix(" †"), ""))]
        for c, (text, value) in enumerate(zip(row[1:], values[1:], strict=True), start=1):
            bar = None if np.isnan(value) or not bars else round(float(value), 1)
            cells.append(Cell(text, (r, c) in table.best, bar))
        rows.append(cells)
    header = [Cell(text, colour=colours.get(text, "")) for text in table.header]
    notes = [note for note in table.notes if note not in evaluation.notes or note.startswith("INCOMPLETE")]
    return View(title or table.caption.partition(", ")[0], header, rows, notes)


def _worst_sequences(
    evaluation: Evaluation,
    trackers: Sequence[TrackerResults],
    truths: Sequence[GroundTruth],
    frames: Mapping[str, Frames],
    count: int,
    colours: Mapping[str, str],
) -> Iterator[Worst]:
    """The sequences on which the first tracker does worst."""
    truth_by_name = {truth.name: truth for truth in truths}
    files = [_files_by_sequence(tracker, list(truth_by_name)) for tracker in trackers]
    auc = {t.name: per_sequence(t, evaluation.protocol)["auc"] for t in evaluation.trackers}
    for number, i in enumerate(np.argsort(auc[trackers[0].name], kind="stable")[:count], start=1):
        name = evaluation.sequences[i]
        truth = without_omitted_rows(truth_by_name[name], evaluation.protocol)
        boxes = [prepare_boxes(read_boxes(found[name]), truth, evaluation.protocol) for found in files]
        overlaps = [_visible_overlap(prediction, truth) for prediction in boxes]
        picks = choose_frames(overlaps[0])
        pictures, fault = [], ""
        try:
            if name in frames:
                pictures = film_strip(frames[name](picks), picks, truth.boxes, boxes, list(colours.values()))
        except (InputError, OSError) as error:  # annotations without images are a usual download
            fault = str(error)
        scores = [
            Cell(f"{t.name} {auc[t.name][i]:.1f}{' †' if name in t.trained_on else ''}", colour=colours[t.name])
            for t in tables.sort_trackers(evaluation)
        ]
        line = Markup(timeline(overlaps, list(colours.values()), [i for i, _ in pictures]))
        shown = [_picture(i, uri, float(overlaps[0][i])) for i, uri in pictures]
        yield Worst(name, f"worst-{number}", len(truth.boxes), scores, line, shown, fault)


def _picture(number: int, uri: str, overlap: float) -> dict[str, Any]:
    return {"frame": number + 1, "uri": uri, "overlap": "no truth" if np.isnan(overlap) else f"overlap {overlap:.2f}"}


def _files_by_sequence(tracker: TrackerResults, sequences: Sequence[str]) -> dict[str, Path]:
    """The first result file of each sequence in the first run of ``tracker``."""
    files = tracker.runs[0].files
    return {name: files[found][0] for name, found in match_names(sequences, files).items()}


def _visible_overlap(prediction: Array, truth: GroundTruth) -> Array:
    overlap = metrics.iou(prediction, truth.boxes)
    return np.where(truth.absent | ~metrics.all_positive(truth.boxes[:, 2:]), np.nan, overlap)


def _runs(trackers: Sequence[TrackerResults], colours: Mapping[str, str]) -> list[dict[str, Any]]:
    runs = []
    for tracker in trackers:
        for run in tracker.runs:
            stamp = describe_run(run)
            name = Cell(tracker.name, colour=colours[tracker.name])
            runs.append({"tracker": name, "folder": run.folder, "facts": stamp.facts, "settings": stamp.settings})
    return runs
