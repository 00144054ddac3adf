"""Score results: tables, JSON, plots.

    python pytracking/run_analysis.py --ground-truth DIR --results NAME=DIR [NAME=DIR ...] --protocol otb --json OUT
    python pytracking/run_analysis.py dimp:dimp_ncep_mobile --dataset_name NAME
    python pytracking/run_analysis.py --ground-truth DIR --results published_results.zip/OTB100

This command does not import torch, and opens images only for the pictures of --report.
"""

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import tyro

from ltr.utils.errors import InputError
from ltr.utils.files import STDOUT, check_outputs, text_output
from pytracking.__main__ import DISTRIBUTION
from pytracking.analysis import tables
from pytracking.analysis.archives import archives_of, as_given, unpack, unpack_results
from pytracking.analysis.cache import Cache
from pytracking.analysis.comparison import difference_line
from pytracking.analysis.extract_results import Evaluation, evaluate
from pytracking.analysis.inputs import Picture, load_dataset
from pytracking.analysis.protocols import Protocol, exclude_unusable_frames, find_protocol
from pytracking.analysis.sources import (
    AnalysisError,
    GroundTruthSource,
    TrackerResults,
    from_memory,
    truth_folder,
)
from pytracking.analysis.stamps import check_runs, notes_on_runs
from pytracking.analysis.start_results import mean_over_starts, protocol_of_starts, truth_of_starts
from pytracking.analysis.table_formats import FORMATS, Table
from pytracking.analysis.tracker_results import find_trackers, notes_on_left_out
from pytracking.analysis.vot_results import MEASURES, Score, measure_table, measures_as_json, score_measure
from pytracking.utils.cli import CommandArguments, run_command

T = TypeVar("T")
Frames = Mapping[str, Callable[[Sequence[int]], Iterable[Picture]]]


@dataclass(frozen=True)
class Arguments(CommandArguments):
    """Score result files against the truth."""

    trackers: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="[TRACKER:PARAMETER ...]")] = ()
    """our own results below --results_dir (needs --dataset_name); TRACKER:PARAMETER:RUN is one run of several"""
    dataset_name: str | None = None
    """data set whose truth is read through the evaluation's readers"""
    paths: Path | None = None
    """TOML file with the folders of the benchmarks"""
    results_dir: Path = Path("results")
    """root of our own results"""
    ground_truth: Path | None = None
    """folder of <Seq>.txt truth files, or of <Seq>/groundtruth_rect.txt or groundtruth.txt"""
    results: Annotated[tuple[str, ...], tyro.conf.arg(metavar="[NAME=]DIR ...")] = ()
    """NAME=DIR: a tracker's name and its folder of <Seq>.txt box files, or of run folders; DIR: a folder of trackers,
    as authors publish them. DIR may be a zip or tar file, or a folder in one: results.zip/OTB100"""
    protocol: str | None = None
    """rules to score by: otb, uav, lasot, nfs, dtb70, uavdt, got10k, trackingnet, folder, or those of a toolkit for any
    data set, matlab, pysot, got10k_toolkit; without it those of the data set, or otb"""
    exclude_invalid_frames: bool = False
    """divide by the frames with a usable truth only, as pytracking's switch of this name"""
    starts: str | None = None
    """of results of run_tracker --starts: a number, or anchors; scores are means over the starts of a sequence"""
    measures: tuple[Literal["longterm", "vots", "anchored"], ...] = ()
    """tables of VOT's measures too (docs/evaluation.md); anchored: of results of --starts anchors"""
    absent: Path | None = None
    """folder of <Seq>.txt files, 1 where the target is absent (LaSOT)"""
    allow_missing: bool = False
    """score what is there, and say in every table what is not"""
    baseline: str | None = None
    """tracker (its name in the tables) that the others are compared with; without it the best"""
    only_difference: bool = False
    """in place of the tables, a line for each tracker: is it better than the first, or than --baseline?"""
    per_sequence: bool = False
    """print a table by sequence too"""
    attributes: str | None = None
    """print a table by attribute too: otb, uav, lasot, or a JSON file {sequence: [attribute, ...]}"""
    published: str | None = None
    """data set (lasot, nfs, otb, trackingnet, uav) of which published scores are put beside ours"""
    format: Literal["text", "markdown", "latex", "csv"] = "text"
    """how the tables are written"""
    json: Path | None = None
    """file to write all scores to, in percent; - for standard output, in place of the tables"""
    plots: Path | None = None
    """folder to write the plots to (PNG, SVG, PDF)"""
    report: Path | None = None
    """HTML file to write everything to: tables, plots, and the worst sequences in pictures (frames: --dataset_name)"""
    worst: int = 5
    """how many of the worst sequences the report shows"""
    cache: Path | None = None
    """folder that keeps the scores of runs, to be found again while no file they were made from has changed"""


@dataclass(frozen=True)
class Inputs:
    """The inputs that the arguments name. frames: sequence -> opens its frames; empty if only boxes are given."""

    trackers: list[TrackerResults]
    baseline: str | None
    truth: GroundTruthSource
    protocol: Protocol
    frames: Frames
    attributes: dict[str, list[str]] | None
    published: tables.Published | None


def load(arguments: Arguments) -> Inputs:
    """Find all inputs; one AnalysisError lists all problems."""
    problems: list[str] = []

    def attempt(find: Callable[[], T]) -> T | None:
        try:
            return find()
        except AnalysisError as error:
            problems.extend(error.problems)
        except (InputError, OSError) as error:
            problems.append(str(error))
        return None

    from_dataset = arguments.dataset_name is not None
    if from_dataset == (arguments.ground_truth is not None):
        problems.append("give the truth once: --ground-truth DIR or --dataset_name NAME")
    if arguments.trackers and not from_dataset:
        problems.append("TRACKER:PARAMETER needs --dataset_name NAME")
    for measure in arguments.measures:
        if arguments.starts != ("anchors" if measure == "anchored" else None):
            needed = "--starts anchors" if measure == "anchored" else "whole sequences, without --starts"
            problems.append(f"--measures {measure}: needs results of {needed}")
    if arguments.starts is not None and arguments.report is not None:
        problems.append("--report shows whole sequences: give it without --starts")
    if not arguments.trackers and not arguments.results:
        problems.append("nothing to score: give --results [NAME=]DIR or TRACKER:PARAMETER")
    trackers = attempt(lambda: find_trackers(arguments.trackers, arguments.results, arguments.results_dir))
    for tracker in trackers or ():
        attempt(partial(check_runs, tracker))
    baseline = attempt(lambda: _find_baseline(arguments, [t.name for t in trackers or ()]))
    source = attempt(lambda: _find_truth(arguments))
    chosen = attempt(lambda: find_protocol(arguments.protocol) if arguments.protocol else None)
    attributes = attempt(lambda: tables.find_attributes(arguments.attributes) if arguments.attributes else None)
    published = attempt(lambda: tables.find_published(arguments.published) if arguments.published else None)
    if problems or trackers is None or source is None:
        raise AnalysisError(problems)
    truth, protocol, frames = source
    protocol = chosen or protocol
    if arguments.starts is not None:
        truth, protocol = truth_of_starts(truth, arguments.starts), protocol_of_starts(protocol)
    if arguments.exclude_invalid_frames:
        protocol = exclude_unusable_frames(protocol)
    return Inputs(trackers, baseline, truth, protocol, frames, attributes, published)


def _find_baseline(arguments: Arguments, names: list[str]) -> str | None:
    """The name of the tracker that others are compared with, None for the best."""
    if names and arguments.baseline not in (None, *names):
        raise InputError(f"--baseline {arguments.baseline}: expected one of {', '.join(names)}")
    if len(names) == 1 and arguments.only_difference:
        raise InputError(f"--only-difference: expected several trackers, got {names[0]}")
    return names[0] if names and arguments.only_difference and arguments.baseline is None else arguments.baseline


def _find_truth(arguments: Arguments) -> tuple[GroundTruthSource, Protocol, Frames]:
    """The truth, the protocol (the data set's unless another is given), and the openers of each sequence's frames."""
    if arguments.dataset_name is not None:
        dataset = load_dataset(arguments.dataset_name, arguments.paths)
        return dataset.truth, dataset.protocol, dataset.open_at
    folder = arguments.ground_truth
    return truth_folder(folder, arguments.absent) if folder else from_memory([]), find_protocol("otb"), {}


def report(
    evaluation: Evaluation, inputs: Inputs, arguments: Arguments, measured: dict[str, dict[str, dict[str, Score]]]
) -> None:
    """Write JSON, plots and page if requested, then print the tables (unless the JSON is printed)."""
    wanted = wanted_tables(evaluation, inputs)
    wanted += [measure_table(name, scores, tables.caption(evaluation)) for name, scores in measured.items()]
    if arguments.json is not None:
        content = tables.as_json(evaluation)
        for name, scores in measured.items():
            for tracker, found in scores.items():
                content[tracker][name] = measures_as_json(found)
        with text_output(arguments.json) as file:
            file.write(json.dumps(content, indent=1) + "\n")
    if arguments.plots is not None:
        from pytracking.analysis.plot_results import save_plots  # imports matplotlib only if needed

        save_plots(evaluation, arguments.plots)
    if arguments.report is not None:
        from pytracking.analysis.report import write_report

        truths = inputs.truth.load()
        about = [arguments.dataset_name or str(arguments.ground_truth), f"{date.today().isoformat()}, {toolkit()}"]
        frames = inputs.frames
        write_report(arguments.report, evaluation, inputs.trackers, truths, wanted, frames, arguments.worst, about)
    by_sequence = [tables.sequence_table(evaluation)] if arguments.per_sequence else []
    if arguments.json == STDOUT:
        return
    comparison = evaluation.comparison
    if arguments.only_difference and comparison is not None:
        print("\n".join(difference_line(name, comparison) for name in comparison.differences))
    else:
        shown = [wanted[0], tables.difference_table(evaluation), *wanted[1:], *by_sequence]
        print("\n\n".join(FORMATS[arguments.format](table) for table in shown if table is not None))


def toolkit() -> str:
    """The name of this toolkit, and its version if it is installed."""
    with suppress(PackageNotFoundError):
        return f"{DISTRIBUTION} {version(DISTRIBUTION)}"
    return DISTRIBUTION


def wanted_tables(evaluation: Evaluation, inputs: Inputs) -> list[Table]:
    """The table of the trackers, and the table by attribute if attributes are given."""
    wanted = [tables.overall_table(evaluation, inputs.published)]
    if inputs.attributes is not None:
        wanted.append(tables.attribute_table(evaluation, inputs.attributes))
    return wanted


def run(arguments: Arguments) -> int:
    """Load, score and report; return the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return score(arguments, Path(folder))
        except InputError as error:  # name the archive, not the temporary folder
            raise InputError(re.sub(re.escape(folder) + "/[0-9a-f]{8}/", "", str(error))) from error


def score(arguments: Arguments, folder: Path) -> int:
    """As :func:`run`, with archives unpacked below ``folder``."""
    given = arguments
    truth, absent = (path and unpack(path, folder) for path in (given.ground_truth, given.absent))
    results = unpack_results(given.results, folder)
    a = arguments = replace(given, results=results, ground_truth=truth, absent=absent)
    dataset = (a.dataset_name or "").partition(":")[2]
    inputs = load(arguments)
    archives = archives_of([*given.results, *(str(path) for path in (given.ground_truth, given.absent) if path)])
    folders = [folder for tracker in inputs.trackers for folder in tracker.folders]
    check_outputs(
        {"--json": a.json, "--report": a.report},
        [a.ground_truth, a.absent, a.attributes, a.paths, dataset, *archives, *folders],
        {"--plots": a.plots, "--cache": a.cache},
    )
    cache = Cache(arguments.cache) if arguments.cache else None
    processes = os.cpu_count() or 1
    evaluation = evaluate(
        inputs.trackers, inputs.truth, inputs.protocol, arguments.allow_missing, cache, processes, inputs.baseline
    )
    notes = [note for tracker in inputs.trackers for note in notes_on_runs(tracker)]
    evaluation = replace(evaluation, notes=(*notes, *evaluation.notes))
    truths = [truth for truth in inputs.truth.load() if truth.name in evaluation.sequences] if a.measures else []
    measured: dict[str, dict[str, dict[str, Score]]] = {
        name: {t.name: score_measure(MEASURES[name], t, truths, inputs.protocol) for t in inputs.trackers}
        for name in a.measures
    }
    if arguments.starts is not None:
        evaluation = mean_over_starts(evaluation)
    for note in notes_on_left_out(inputs.trackers):
        print(f"note: {note}", file=sys.stderr)
    named = [
        replace(t, runs=tuple(replace(run, folder=as_given(run.folder, archives, folder)) for run in t.runs))
        for t in inputs.trackers
    ]
    # show the given paths, not those of unpacked files
    report(evaluation, replace(inputs, trackers=named), given, measured)
    out = sys.stdout if a.format == "text" and a.json != STDOUT else sys.stderr  # no other text in tables for programs
    for path in (a.json, a.plots, a.report):
        if path not in (None, STDOUT):
            print(path.resolve(), file=out)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Parse ``argv`` and run; return the exit code."""
    return run_command(Arguments, run, argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
