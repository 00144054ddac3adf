"""Score results: tables, JSON, plots.

    python pytracking/run_analysis.py --ground-truth DIR --results NAME=DIR [NAME=DIR ...] --protocol otb --json OUT
    python pytracking/run_analysis.py dimp:dimp_ncep_mobile --dataset_name NAME

Only numpy and matplotlib are needed: nothing here imports torch or opens an image.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tyro

from pytracking.analysis import tables
from pytracking.analysis.cache import Cache
from pytracking.analysis.extract_results import Evaluation, evaluate
from pytracking.analysis.protocols import Protocol, exclude_unusable_frames, find_protocol
from pytracking.analysis.sequence_score import Truth
from pytracking.analysis.sources import AnalysisError, Tracker, TruthSource, find_tracker, loaded, truth_folder
from pytracking.analysis.table_formats import FORMATS, Table
from pytracking.utils.cli import run_command


@dataclass(frozen=True)
class Arguments:
    """Score result files against the truth."""

    trackers: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="[TRACKER:PARAMETER ...]")] = ()
    """our own results below --results_dir (needs --dataset_name); TRACKER:PARAMETER:RUN is one run of several"""
    dataset_name: str | None = None
    """data set whose truth is read through the evaluation's readers"""
    results_dir: Path = Path("results")
    """root of our own results"""
    ground_truth: Path | None = None
    """folder of <Seq>.txt truth files, or of <Seq>/groundtruth*.txt"""
    results: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME=DIR ...")] = ()
    """NAME=DIR: a tracker's name and its folder of <Seq>.txt box files, or of run folders"""
    protocol: str | None = None
    """rules to score by; without it those of the data set, or otb"""
    exclude_invalid_frames: bool = False
    """divide by the frames with a usable truth only, as pytracking's switch of this name"""
    absent: Path | None = None
    """folder of <Seq>.txt files, 1 where the target is absent (LaSOT)"""
    allow_missing: bool = False
    """score what is there, and say in every table what is not"""
    per_sequence: bool = False
    """print a table by sequence too"""
    attributes: Path | None = None
    """JSON file {sequence: [attribute, ...]}: print a table by attribute too"""
    published: str | None = None
    """data set (lasot, nfs, otb, trackingnet, uav) of which published scores are put beside ours"""
    format: Literal["text", "markdown", "latex", "csv"] = "text"
    """how the tables are written"""
    json: Path | None = None
    """file to write all scores to, in percent"""
    plots: Path | None = None
    """folder to write the plots to (PNG, SVG, PDF)"""
    report: Path | None = None
    """HTML file to write everything to: tables, plots, and the worst sequences in pictures (frames: --dataset_name)"""
    cache: Path | None = None
    """folder that keeps the scores of runs, to be found again while no file they were made from has changed"""
    debug: bool = False
    """show the traceback of an error"""


@dataclass(frozen=True)
class Inputs:
    """What the arguments name. frames: sequence -> opens its frames; empty where only boxes are given."""

    truth: TruthSource
    trackers: list[Tracker]
    protocol: Protocol
    frames: dict[str, Callable[[], Any]]


def load(arguments: Arguments) -> Inputs:
    """Find everything that is needed; all problems in one AnalysisError."""
    problems: list[str] = []
    from_dataset = arguments.dataset_name is not None
    if from_dataset == (arguments.ground_truth is not None):
        problems.append("give the truth once: --ground-truth DIR or --dataset_name NAME")
    if arguments.trackers and not from_dataset:
        problems.append("TRACKER:PARAMETER needs --dataset_name NAME")
    if not arguments.trackers and not arguments.results:
        problems.append("nothing to score: give --results NAME=DIR or TRACKER:PARAMETER")
    trackers = _find_trackers(arguments, problems)
    inputs = Inputs(loaded([]), trackers, find_protocol("otb"), {})
    try:
        if arguments.dataset_name is not None:
            inputs = _load_dataset(arguments.dataset_name, trackers)
        elif arguments.ground_truth is not None:
            inputs = replace(inputs, truth=truth_folder(arguments.ground_truth, arguments.absent))
        if arguments.protocol is not None:
            inputs = replace(inputs, protocol=find_protocol(arguments.protocol))
    except (ValueError, OSError) as error:
        problems.append(str(error))
    if problems:
        raise AnalysisError(problems)
    if arguments.exclude_invalid_frames:
        inputs = replace(inputs, protocol=exclude_unusable_frames(inputs.protocol))
    return inputs


def _find_trackers(arguments: Arguments, problems: list[str]) -> list[Tracker]:
    named: list[tuple[str, Path]] = []
    for text in arguments.trackers:
        tracker, _, parameter = text.partition(":")
        parameter, _, run = parameter.partition(":")
        if not parameter or (run and not run.isdecimal()):
            problems.append(f"{text}: expected TRACKER:PARAMETER or TRACKER:PARAMETER:RUN")
            continue
        named.append((text, arguments.results_dir / tracker / (parameter + (f"_{int(run):03d}" if run else ""))))
    for text in arguments.results:
        name, _, path = text.partition("=")
        if not (name and path):
            problems.append(f"{text}: expected NAME=DIR")
            continue
        named.append((name, Path(path)))
    names = [name for name, _ in named]
    problems += [f"{name}: given {names.count(name)} times" for name in sorted(set(names)) if names.count(name) > 1]
    trackers = []
    for name, folder in named:
        try:
            trackers.append(find_tracker(name, folder))
        except OSError as error:
            problems.append(str(error))
    return trackers


def _load_dataset(name: str, trackers: list[Tracker]) -> Inputs:
    """The truth of the data set ``name``, read without touching an image, and its protocol."""
    from pytracking.evaluation.datasets import get_dataset  # OpenCV and PyAV only where they are needed

    sequences = get_dataset(name)
    tag = sequences[0].dataset
    truths = []
    for sequence in sequences:
        without_box = np.isnan(sequence.ground_truth[:, 0])
        # UAV123 itself writes NaN; elsewhere the reader writes it where the data set flags the target as absent
        absent = np.zeros_like(without_box) if tag.startswith("uav") else without_box
        truths.append(Truth(sequence.name, sequence.ground_truth, absent))
    return Inputs(loaded(truths), trackers, _protocol_of_dataset(tag), {s.name: s.open for s in sequences})


def _protocol_of_dataset(tag: str) -> Protocol:
    try:
        return find_protocol(tag)
    except ValueError:
        return find_protocol("folder")


def report(evaluation: Evaluation, inputs: Inputs, arguments: Arguments) -> None:
    """Print the tables; write JSON, plots and page where asked for."""
    wanted = wanted_tables(evaluation, arguments)
    print("\n\n".join(map(FORMATS[arguments.format], wanted)))
    if arguments.json is not None:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(tables.as_json(evaluation), indent=1) + "\n", encoding="utf-8")
    if arguments.plots is not None:
        from pytracking.analysis.plot_results import save_plots  # matplotlib only where it is needed

        save_plots(evaluation, arguments.plots)
    if arguments.report is not None:
        from pytracking.analysis.report import write_report

        write_report(arguments.report, evaluation, inputs.trackers, inputs.truth.load(), wanted, inputs.frames)


def wanted_tables(evaluation: Evaluation, arguments: Arguments) -> list[Table]:
    """The tables that the arguments ask for."""
    published = tables.find_published(arguments.published) if arguments.published else None
    wanted = [tables.overall_table(evaluation, published)]
    if arguments.attributes is not None:
        wanted.append(tables.attribute_table(evaluation, tables.read_attributes(arguments.attributes)))
    if arguments.per_sequence:
        wanted.append(tables.sequence_table(evaluation))
    return wanted


def run(arguments: Arguments) -> int:
    """Load, score and report; the exit code."""
    inputs = load(arguments)
    cache = Cache(arguments.cache) if arguments.cache else None
    evaluation = evaluate(
        inputs.trackers, inputs.truth, inputs.protocol, arguments.allow_missing, cache, os.cpu_count() or 1
    )
    report(evaluation, inputs, arguments)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Parse ``argv`` and run; the exit code."""
    return run_command(Arguments, run, argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
