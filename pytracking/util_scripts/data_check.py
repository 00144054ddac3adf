"""Check that a data set is complete: expected and found counts, and the first missing file of each sequence.

    python pytracking/util_scripts/data_check.py otb [lasot ...]
    python pytracking/util_scripts/data_check.py folder:DIR --decode

NAME is what run_tracker.py takes as --dataset_name. Without --decode only file names and annotations are read.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro
from tqdm import tqdm

from ltr.utils.errors import InputError
from pytracking.evaluation.datasets import sequence as data
from pytracking.evaluation.datasets.environment import BENCHMARKS, benchmark_root
from pytracking.evaluation.datasets.registry import DATASETS, left_out, list_dataset
from pytracking.utils.cli import run_command


@dataclass(frozen=True)
class Arguments:
    """Check that data sets are complete."""

    names: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="NAME [NAME ...]")]
    """data sets as run_tracker.py takes them"""
    decode: bool = False
    """read every image too: slow, finds broken files"""
    paths: Path | None = None
    """TOML file with the folders of the benchmarks"""


@dataclass
class Findings:
    """Counts of frames and boxes in complete sequences, and a problem for each incomplete one.

    left_out: notes about frames that belong to no sequence.
    """

    sequences: int = 0
    frames: int = 0
    boxes: int = 0
    problems: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def check(name: str, paths: Path | None = None, decode: bool = False) -> Findings:
    """Read all annotations of a data set and find all its images; InputError or OSError if it cannot be listed."""
    found = Findings(left_out=left_out(name))
    for sequence_name, load in tqdm(list_dataset(name, paths).items(), unit="sequence", disable=None, leave=False):
        try:
            sequence = load()
            frames = _count_frames(sequence, decode)
        except (InputError, OSError) as error:
            found.problems[sequence_name] = str(error)
            continue
        found.sequences += 1
        found.frames += frames
        found.boxes += int((sequence.ground_truth[:, 2:] > 0).all(axis=1).sum())
    return found


def _count_frames(sequence: data.Sequence, decode: bool) -> int:
    sequence.start  # noqa: B018 - raises without an initial box
    source = sequence.open()
    decoded = sum(1 for _ in source) if decode or source.length is None else source.length
    rows = len(sequence.ground_truth)
    if rows > 1 and decoded != rows:
        raise InputError(f"{source.name}: {decoded} frames, but the ground truth has {rows} rows")
    return decoded


def report(name: str, found: Findings, paths: Path | None) -> str:
    """The findings as text: folder, expected and found counts, a line for each problem."""
    lines = [f"{name}: {'INCOMPLETE' if found.problems else 'whole'}"]
    if name in DATASETS:
        root = DATASETS[name].name
        lines += [f"  folder     {benchmark_root(root, paths)}", f"  expected   {BENCHMARKS[root]}"]
    lines.append(f"  sequences  {found.sequences} of {found.sequences + len(found.problems)}")
    lines.append(f"  frames     {found.frames}, {found.boxes} with a public box")
    lines += [f"  missing    {sequence}: {problem}" for sequence, problem in found.problems.items()]
    return "\n".join(lines + [f"  note       {line}" for line in found.left_out])


def run(arguments: Arguments) -> int:
    """Check and print; exit code 1 if anything is missing."""
    whole = True
    for name in arguments.names:
        try:
            found = check(name, arguments.paths, arguments.decode)
        except (InputError, OSError) as error:
            print(f"{name}: not found: {error}", file=sys.stderr)
            whole = False
            continue
        print(report(name, found, arguments.paths), flush=True)
        whole = whole and not found.problems
    return 0 if whole else 1


def main(argv: Sequence[str] | None = None) -> int:
    """Parse ``argv`` and run; the exit code."""
    return run_command(Arguments, run, argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
