"""Shared code of the packing scripts: arguments, packing and verifying."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from ltr.utils.errors import InputError
from ltr.utils.files import check_outputs
from pytracking.analysis.sources import find_tracker
from pytracking.analysis.stamps import check_runs
from pytracking.evaluation.datasets.environment import UnknownPathError
from pytracking.evaluation.results import box_path, read_stamp, vouched
from pytracking.evaluation.submission import (
    Expected,
    Submission,
    expected_sequences,
    read_archive,
    write_archive,
)
from pytracking.utils.cli import CommandArguments
from pytracking.utils.text import counted

_SHOWN = 20


@dataclass(frozen=True)
class Arguments(CommandArguments):
    """Pack results for the benchmark's server, or verify an archive."""

    tracker: Annotated[tyro.conf.Positional[str | None], tyro.conf.arg(metavar="TRACKER")] = None
    """family of trackers, as run_tracker.py was given it"""
    parameter: Annotated[tyro.conf.Positional[str | None], tyro.conf.arg(metavar="PARAMETER")] = None
    """its parameters: the name of the folder of results"""
    runid: int | None = None
    """which of several runs (TrackingNet takes one; GOT-10k up to three, the first without this)"""
    results: Path = Path("results")
    """root of the result folders"""
    output: Path | None = None
    """archive to write; without it <data set>_<PARAMETER>.zip in the working directory"""
    verify: Path | None = None
    """archive to check instead of writing one"""
    paths: Path | None = None
    """TOML file with the folders of the benchmarks"""


def run(arguments: Arguments, submission: Submission) -> int:
    """Pack or verify; on any problem, print all problems, write no archive, and return 1."""
    if arguments.verify is not None:
        return verify(arguments.verify, submission, arguments.paths)
    if arguments.tracker is None or arguments.parameter is None:
        raise InputError("expected TRACKER PARAMETER, whose results are packed, or --verify ARCHIVE")
    expected = expected_sequences(submission, arguments.paths)
    run_suffix = "" if arguments.runid is None else f"_{arguments.runid:03d}"
    folder = arguments.results / arguments.tracker / (arguments.parameter + run_suffix)
    tracker = find_tracker(arguments.parameter, folder)
    check_runs(tracker)
    runs = tracker.folders
    output = arguments.output or Path(f"{submission.dataset}_{arguments.parameter}{run_suffix}.zip")
    check_outputs({"--output": output}, [arguments.paths, *runs])
    contents = submission.pack(runs, expected)
    problems = [*changed_results(runs, expected), *submission.check(contents, expected)]
    if problems:
        return refuse(f"{folder}: not packed", problems)
    write_archive(contents, output)
    print(f"{output.resolve()}: {counted(len(expected), 'sequence')} of {', '.join(run.name for run in runs)}")
    return 0


def changed_results(runs: Sequence[Path], expected: Sequence[Expected]) -> list[str]:
    """Problems of results that differ from their stamp: an interrupted run, or changed files."""
    problems = []
    for path in (box_path(run, sequence.name) for run in runs for sequence in expected):
        stamp_file = path.with_suffix(".json")
        stamp = read_stamp(stamp_file) if path.is_file() and stamp_file.is_file() else None
        if stamp and stamp.sha256 is not None and not vouched(path, stamp, ["boxes", "times"]):
            problems.append(f"{path}: not the boxes and times that {stamp_file.name} was written with")
    return problems


def verify(archive: Path, submission: Submission, paths: Path | None) -> int:
    """Check an archive; without the data set on disk, everything but the number of frames and the first boxes."""
    contents = read_archive(archive)
    try:
        expected = expected_sequences(submission, paths)
    except UnknownPathError as error:
        expected = [Expected(name) for name in submission.names()]
        print(f"number of frames and first boxes are not checked: {error}", file=sys.stderr)
    problems = submission.check(contents, expected)
    if problems:
        return refuse(f"{archive}: refused", problems)
    print(f"{archive}: {counted(len(expected), 'sequence')}, nothing wrong")
    return 0


def refuse(title: str, problems: list[str]) -> int:
    """Print the problems to stderr; exit code 1."""
    more = [f"... and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
    print(
        "\n  ".join([f"error: {title}, {counted(len(problems), 'problem')}:", *problems[:_SHOWN], *more]),
        file=sys.stderr,
    )
    return 1
