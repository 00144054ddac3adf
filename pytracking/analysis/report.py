"""One HTML page with all results: tables, plots, sortable sequences, pictures of the worst sequences, and the runs.

The page (``report.html.jinja``) needs no other file and no network.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ltr.dataset.text_files import read_boxes
from ltr.utils.errors import InputError
from ltr.utils.files import atomic_write
from pytracking.analysis import metrics, tables
from pytracking.analysis.extract_results import Evaluation
from pytracking.analysis.metrics import METRICS, Array, plotted_curves
from pytracking.analysis.name_matching import match_names
from pytracking.analysis.plot_results import plot_curve, plot_differences, plot_pair, svg, tracker_colors
from pytracking.analysis.report_figures import DASHES, choose_frames, film_strip, timeline
from pytracking.analysis.sequence_score import GroundTruth, prepare_boxes, without_omitted_rows
from pytracking.analysis.sources import TrackerResults
from pytracking.analysis.stamps import describe_run, differences, read_stamps
from pytracking.analysis.table_formats import Cell, Table

Frames = Callable[[Sequence[int]], Iterable[NDArray[np.uint8]]]
TEMPLATE = "report.html.jinja"
_SETTINGS = 8  # differing settings shown for a run; more of them mean different kinds of trackers


@dataclass(frozen=True)
class View:
    """A table as the page shows it. title: its heading. bars: whether bars are drawn behind its scores."""

    title: str
    table: Table
    notes: list[str]
    bars: bool = False


@dataclass(frozen=True)
class Worst:
    """The card of a sequence: its scores, its overlaps over time, and pictures or the reason why they are missing."""

    name: str
    link: str
    frames: int
    scores: list[tuple[str, Cell]]
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

    trackers, truths: the input of ``evaluation``. extra_tables: the first is shown above the plots, the others below.
    frames: sequence -> its frames of given numbers, from 0; without them the worst sequences have no film strips.
    worst: the number of worst sequences shown. about: facts for the head of the page, for instance the data set's name.
    """
    first, *others = extra_tables or [tables.overall_table(evaluation)]
    colors = tracker_colors(evaluation)
    cards = list(_worst_sequences(evaluation, trackers, truths, frames or {}, worst, colors))
    by_score = list(METRICS) if len(evaluation.trackers) > 1 else list(METRICS)[:1]
    page = _template().render(
        title=": ".join(["Tracking results", *about[:1]]),
        about=[*about[1:], tables.caption(evaluation)],
        notes=evaluation.notes,
        colors=colors,
        dashes={name: DASHES[i % len(DASHES)] for i, name in enumerate(colors)},
        links={card.name: card.link for card in cards},
        overall=_view(first, evaluation),
        plots=[_in_colors_of_the_page(plot_curve(evaluation, curve)) for curve in plotted_curves()],
        differences=_differences(evaluation),
        others=[_view(table, evaluation, bars=True) for table in others],
        by_sequence=[
            _view(tables.sequence_table(evaluation, score), evaluation, True, METRICS[score].title)
            for score in by_score
        ],
        worst_of=trackers[0].name,
        keys=[Cell(t.name) for t in tables.sort_trackers(evaluation)],
        worst=cards,
        frames_given=bool(frames),
        runs=_runs(trackers),
        protocol=evaluation.protocol,
    )
    atomic_write(path, lambda temporary: temporary.write_text(page + "\n", encoding="utf-8"))


def _template() -> Any:
    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template(TEMPLATE)


def _differences(evaluation: Evaluation) -> dict[str, Any] | None:
    """The data of the comparison of the trackers, if there are several."""
    table, comparison = tables.difference_table(evaluation), evaluation.comparison
    if table is None or comparison is None:
        return None
    others = [t.name for t in tables.sort_trackers(evaluation) if t.name != comparison.baseline]
    pairs = [_in_colors_of_the_page(plot_pair(evaluation, comparison, name)) for name in others]
    intervals = _in_colors_of_the_page(plot_differences(evaluation, comparison))
    return {"view": _view(table, evaluation), "intervals": intervals, "pairs": pairs, "baseline": comparison.baseline}


def _in_colors_of_the_page(figure: Figure) -> Markup:
    """``figure`` as an ``<svg>`` with the page's colors for black, white and gray; its lines keep their colors."""
    plot = svg(figure)
    for color, of_the_page in (("#000000", "currentColor"), ("#ffffff", "var(--page)"), ("#dddddd", "var(--line)")):
        plot = plot.replace(color, of_the_page)
    return Markup(plot)


def _view(table: Table, evaluation: Evaluation, bars: bool = False, title: str = "") -> View:
    """``table`` for the page, without the notes that apply to the whole page."""
    notes = [note for note in table.notes if note not in evaluation.notes or note.startswith("INCOMPLETE")]
    return View(title or table.caption.partition(", ")[0], table, notes, bars)


def _worst_sequences(
    evaluation: Evaluation,
    trackers: Sequence[TrackerResults],
    truths: Sequence[GroundTruth],
    frames: Mapping[str, Frames],
    count: int,
    colors: Mapping[str, str],
) -> Iterator[Worst]:
    """The sequences with the lowest scores of the first tracker."""
    truth_by_name = {truth.name: truth for truth in truths}
    files = [_files_by_sequence(tracker, list(truth_by_name)) for tracker in trackers]
    auc = {t.name: t.per_sequence["auc"] for t in evaluation.trackers}
    for number, i in enumerate(np.argsort(auc[trackers[0].name], kind="stable")[:count], start=1):
        name = evaluation.sequences[i]
        truth = without_omitted_rows(truth_by_name[name], evaluation.protocol)
        boxes = [prepare_boxes(read_boxes(found[name]), truth, evaluation.protocol) for found in files]
        overlaps = [_visible_overlap(prediction, truth) for prediction in boxes]
        picks = choose_frames(overlaps[0])
        pictures, fault = [], ""
        try:
            if name in frames:
                pictures = film_strip(frames[name](picks), picks, truth.boxes, boxes, list(colors.values()))
        except (InputError, OSError) as error:  # annotations are often downloaded without images
            fault = str(error)
        scores = [
            (t.name, Cell(value=float(auc[t.name][i]), digits=1, mark="†" if name in t.trained_on else ""))
            for t in tables.sort_trackers(evaluation)
        ]
        line = Markup(timeline(overlaps, list(colors.values()), [i for i, _ in pictures]))
        shown = [_picture(i, uri, float(overlaps[0][i])) for i, uri in pictures]
        yield Worst(name, f"worst-{number}", len(truth.boxes), scores, line, shown, fault)


def _picture(number: int, uri: str, overlap: float) -> dict[str, Any]:
    return {"frame": number, "uri": uri, "overlap": "no truth" if np.isnan(overlap) else f"overlap {overlap:.2f}"}


def _files_by_sequence(tracker: TrackerResults, sequences: Sequence[str]) -> dict[str, Path]:
    """The first result file of each sequence in the first run of ``tracker``."""
    files = tracker.runs[0].files
    return {name: files[found][0] for name, found in match_names(sequences, files).items()}


def _visible_overlap(prediction: Array, truth: GroundTruth) -> Array:
    overlap = metrics.iou(prediction, truth.boxes)
    return np.where(truth.absent | ~metrics.all_positive(truth.boxes[:, 2:]), np.nan, overlap)


def _runs(trackers: Sequence[TrackerResults]) -> list[dict[str, Any]]:
    """The card of each run; facts that differ between runs are marked, and a few differing settings are shown."""
    all_runs = [(tracker, run, read_stamps(run)[:1]) for tracker in trackers for run in tracker.runs]
    different = differences([stamp for _, _, stamps in all_runs for stamp in stamps])
    settings = {name: iter(values) for name, values in different.items() if name.startswith("settings.")}
    marked = {name.partition(".")[0] for name in different}
    cards = []
    for tracker, run, stamps in all_runs:
        stamp = describe_run(run)
        facts = {name: (value, name in marked) for name, value in stamp.facts.items()}
        values = {name: next(found) for name, found in settings.items() if stamps}
        own = {name: (str(value), True) for name, value in values.items() if value is not None}
        facts |= own if len(own) <= _SETTINGS else {}
        about = {"folder": run.folder, "facts": facts, "settings": stamp.settings}
        cards.append({"tracker": Cell(tracker.name), **about})
    return cards
