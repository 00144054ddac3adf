"""Run a tracker over data sets, write its boxes, and score them where the truth is public.

    python pytracking/run_tracker.py dimp dimp_ncep_mobile --dataset_name otb uav [--workers N] [--runs N]
    python pytracking/run_tracker.py dimp dimp_ncep_mobile --dataset_name lasot --cluster tcp://HOST:8786

Results go to RESULTS/TRACKER/PARAMETER[_RRR]/: <Seq>.txt, _time.txt, _score.txt and .json for each sequence. Finished
sequences are kept, so the same command resumes an interrupted run.
"""

import os
import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from ltr.utils.errors import InputError
from ltr.utils.files import check_outputs
from ltr.utils.numbers import check_seed, check_threads
from pytracking.analysis.extract_results import evaluate
from pytracking.analysis.inputs import protocol_of_dataset, truth_of
from pytracking.analysis.sources import TrackerResults, find_tracker
from pytracking.analysis.start_results import mean_over_starts, protocol_of_starts, truth_of_starts
from pytracking.analysis.table_formats import FORMATS
from pytracking.analysis.tables import overall_table
from pytracking.api.builder import TrackerBuilder, build_tracker
from pytracking.evaluation.datasets import sequence as data
from pytracking.evaluation.datasets.registry import NAMES, get_dataset, left_out, select
from pytracking.evaluation.fingerprint import fingerprint
from pytracking.evaluation.parallel import run_dataset
from pytracking.evaluation.progress import Progress, frames_a_second
from pytracking.evaluation.realtime import RealTimeBuilder
from pytracking.evaluation.results import box_path
from pytracking.evaluation.running import Outcome, StampedBuilder, check_settings
from pytracking.evaluation.starts import find_rule, sequence_of, sequences_of_starts
from pytracking.tracker.base.config import PositionalConfig, TrackerConfig
from pytracking.tracker.base.run_info import RunInfo
from pytracking.tracker.families import missing_network, network_files
from pytracking.utils.cli import CommandArguments, run_command
from pytracking.utils.text import counted


@dataclass(frozen=True)
class Arguments(CommandArguments):
    """Run a tracker over data sets."""

    config: PositionalConfig
    """the tracker"""
    dataset_name: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME [NAME ...]", help=NAMES)]
    sequence: str | None = None
    """only this sequence: its name, or its index from 0"""
    workers: int | None = None
    """worker processes; 0 runs in this one, as without it. (--threads N without --workers is --workers N, as it was)"""
    cluster: str = ""
    """address of a dask scheduler, tcp://HOST:8786, whose workers track instead (docs/running.md)"""
    torch_threads: int | None = None
    """the old name of --threads"""
    results: Path = Path("results")
    """root of the result folders"""
    runs: int = 1
    """number of runs: the first with --seed, the next with the seed after it, ..., in folders _000, _001, ..."""
    runid: int | None = None
    """number of this run, or of the first of --runs, appended to the folder as _RRR"""
    starts: str | None = None
    """several starts a sequence, half of them backwards: a number of them, or anchors, as VOT places them"""
    realtime: float | None = None
    """frames a second that come; those that come while the tracker works are not seen (docs/running.md)"""
    latency: float | None = None
    """milliseconds that the tracker takes a frame of --realtime; without it, as long as it does"""
    paths: Path | None = None
    """TOML file with the folders of the benchmarks"""
    rerun: bool = False
    """repeat finished sequences too"""
    quiet: bool = False
    """no progress: print scores and errors only"""


def run(arguments: Arguments, build_tracker: TrackerBuilder = build_tracker) -> int:
    """Run the command; return exit code 1 if a sequence failed."""
    if "TORCHELASTIC_RUN_ID" in os.environ:
        raise InputError("torchrun starts trainings; here, use --workers N, or --cluster ADDRESS for several machines")
    arguments = with_new_names(arguments)
    check_numbers(arguments)
    if arguments.realtime is not None:
        latency = None if arguments.latency is None else arguments.latency / 1000
        build: StampedBuilder = RealTimeBuilder(arguments.realtime, latency, build_tracker)
    else:
        build = build_tracker
    folders = result_folders(arguments)
    check_outputs({}, folders={f"--results, run {number}": folder for number, folder in enumerate(folders)})
    for file in network_files(arguments.config):
        if file.exists() and file.parent.resolve() in [folder.resolve() for folder in folders]:
            raise InputError(f"--results: {file} lies in the folder of results, where it could be overwritten")
    datasets = read_datasets(arguments)
    for line in chain.from_iterable(map(left_out, datasets)):
        print(f"note: {line}", file=sys.stderr)
    sequences = with_starts(select(merged(datasets), arguments.sequence), arguments.starts)
    for sequence in sequences:
        box_path(folders[0], sequence.name)  # rejects names that cannot be file names
    codes = [track(arguments, sequences, folder, i, build) for i, folder in enumerate(folders)]
    if not any(codes):
        chosen = {sequence_of(s.name) if arguments.starts else s.name for s in sequences}
        for name, members in datasets.items():
            show_scores(name, [s for s in members if s.name in chosen], arguments, folders)
    return max(codes)


def read_datasets(arguments: Arguments) -> dict[str, list[data.Sequence]]:
    """The sequences of every data set; an error also says that the network is missing, if it is."""
    try:
        return {name: get_dataset(name, arguments.paths) for name in arguments.dataset_name}
    except (InputError, OSError) as error:
        missing = missing_network(arguments.config)
        if missing is None:
            raise
        raise InputError(f"{error}\nerror: {missing}") from error


def with_new_names(arguments: Arguments) -> Arguments:
    """``arguments`` without the old names, with a notice for each: ``--threads`` was the number of processes, and
    ``--torch_threads`` the number of threads. With ``--workers`` or ``--cluster``, ``--threads`` has its new meaning.
    """
    a, threads = arguments, arguments.config.threads
    if a.workers is None and not a.cluster and threads != TrackerConfig.threads:
        _notice(
            f"--threads {threads} is taken as --workers {threads}, its new name; beside --workers it is CPU threads"
        )
        a = replace(a, workers=threads, config=replace(a.config, threads=TrackerConfig.threads))
    if a.torch_threads is not None:
        if a.config.threads not in (TrackerConfig.threads, a.torch_threads):
            raise InputError("--torch_threads is the old name of --threads: give one of them")
        workers = f"--cluster {a.cluster}" if a.cluster else f"--workers {a.workers or 0}"
        _notice(
            f"--torch_threads {a.torch_threads} is now called --threads: write {workers} --threads {a.torch_threads}"
        )
        a = replace(a, torch_threads=None, config=replace(a.config, threads=a.torch_threads))
    return a


def _notice(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


def with_starts(sequences: list[data.Sequence], starts: str | None) -> list[data.Sequence]:
    """The starts of ``sequences`` as sequences, with a notice for each that has none; without a rule, ``sequences``."""
    if starts is None:
        return sequences
    found = list(sequences_of_starts(sequences, find_rule(starts)))
    having = {sequence_of(start.name) for start in found}
    for name in (s.name for s in sequences if s.name not in having):
        _notice(f"{name} has no start: it is too short, or has no box that is large enough")
    if not found:
        raise InputError(f"--starts {starts}: no sequence has a start")
    return found


def check_numbers(arguments: Arguments) -> None:
    """Raise InputError for a number out of range."""
    for name, least in (("runs", 1), ("runid", 0)):
        value = getattr(arguments, name)
        if value is not None and value < least:
            raise InputError(f"--{name} {value}: expected {least} or more")
    if arguments.latency is not None and arguments.realtime is None:
        raise InputError("--latency: goes with --realtime FPS")
    check_threads(arguments.workers or 0, "--workers", least=0)
    if arguments.workers and arguments.cluster:
        raise InputError("--workers and --cluster: give one, the workers of a cluster are started with it")
    arguments.config.check("--")
    check_seed(arguments.config.seed + arguments.runs - 1, "--seed of the last of --runs")


def merged(datasets: dict[str, list[data.Sequence]]) -> list[data.Sequence]:
    """All sequences without duplicates (OTB-50 and OTB-100 share some); InputError if different ones share a name."""
    found: dict[str, data.Sequence] = {}
    for name, sequences in datasets.items():
        for sequence in sequences:
            other = found.setdefault(sequence.name, sequence)
            if other is not sequence and not _same(other, sequence):
                raise InputError(f"{name}: another data set has a sequence {sequence.name} too; run them apart")
    return list(found.values())


def _same(one: data.Sequence, other: data.Sequence) -> bool:
    """Whether two sequences have the same truth and the same frames."""
    if not np.array_equal(one.ground_truth, other.ground_truth, equal_nan=True):
        return False
    if pickle.dumps(one.source) == pickle.dumps(other.source):  # the same call: OTB-50 and OTB-100 share frames
        return True
    return fingerprint(one.source()) == fingerprint(other.source())


def result_folders(arguments: Arguments) -> list[Path]:
    """One folder per run: RESULTS/TRACKER/PARAMETER, with _RRR for run ids; a network file counts by its bare name.

    The folder names another protocol: PARAMETER_starts4, PARAMETER_anchors, PARAMETER_realtime30_latency50.
    """
    name, starts = arguments.config.name, arguments.starts
    if starts is not None:
        find_rule(starts)
        name += "_anchors" if starts == "anchors" else f"_starts{int(starts)}"
    for option in ("realtime", "latency"):
        value = getattr(arguments, option)
        name += "" if value is None else f"_{option}{value:g}"
    family = arguments.results / arguments.config.tracker
    if arguments.runs == 1 and arguments.runid is None:
        return [family / name]
    first = arguments.runid or 0
    return [family / f"{name}_{number:03d}" for number in range(first, first + arguments.runs)]


def track(
    arguments: Arguments, sequences: list[data.Sequence], folder: Path, number: int, build_tracker: StampedBuilder
) -> int:
    """Run ``number`` (from 0): track all ``sequences`` into ``folder``; return the exit code."""
    config = replace(arguments.config, seed=arguments.config.seed + number)
    workers, rerun, cluster = arguments.workers or 0, arguments.rerun, arguments.cluster
    outcomes = []
    with Progress(sequences, arguments.quiet) as progress:

        def announce(info: RunInfo) -> None:
            if not rerun and number == 0:
                check_kept(arguments, sequences, info)
            progress.write(info.summary())

        for outcome in run_dataset(config, sequences, folder, workers, rerun, announce, cluster, build_tracker):
            outcomes.append(outcome)
            progress.add(outcome)
    return conclude(outcomes, folder, arguments)


def check_kept(arguments: Arguments, sequences: list[data.Sequence], info: RunInfo) -> None:
    """Raise InputError if the folders hold results of other settings than those of ``info``, the first run's."""
    for number, folder in enumerate(result_folders(arguments)):
        seed = None if info.seed is None else info.seed + number
        if again := check_settings(folder, sequences, replace(info, seed=seed)):
            what = f"{counted(again, 'result')} of other versions, or of a network under another path"
            _notice(f"{folder}: {what}, tracked again")


def conclude(outcomes: list[Outcome], folder: Path, arguments: Arguments) -> int:
    """Print the summary and every failure (to stderr); return the exit code."""
    failed = [o for o in outcomes if o.error]
    kept = sum(o.kept for o in outcomes)
    frames, speed = sum(o.frames for o in outcomes), frames_a_second(outcomes)
    if not arguments.quiet:
        print(
            f"{counted(len(outcomes) - len(failed), 'sequence')} in {folder} ({kept} kept from before),"
            f" {counted(frames, 'frame')}, {speed:.1f} FPS a process without image loading"
        )
    for outcome in failed:
        print(f"failed: {outcome.sequence}: {outcome.error}", file=sys.stderr)
    shown = dict.fromkeys(outcome.trace for outcome in failed if arguments.debug or outcome.bug)  # without duplicates
    print(*shown, sep="\n", end="", file=sys.stderr)
    return 1 if failed else 0


def show_scores(name: str, sequences: list[data.Sequence], arguments: Arguments, folders: list[Path]) -> None:
    """Print the scores on ``sequences``, the mean ± standard deviation of several runs; nothing without their truth."""
    if all(len(sequence.ground_truth) == 1 for sequence in sequences):
        return
    label = run_label(arguments, folders)
    runs = [run for folder in folders for run in find_tracker(label, folder).runs]
    protocol, truth, starts = protocol_of_dataset(sequences[0].dataset), truth_of(sequences), arguments.starts
    if starts is not None:
        truth, protocol = truth_of_starts(truth, starts), protocol_of_starts(protocol)
    # the folder may hold results of other sequences too
    own = [replace(run, files={t.name: run.files[t.name] for t in truth.load()}) for run in runs]
    evaluation = evaluate([TrackerResults(label, tuple(own))], truth, protocol)
    evaluation = evaluation if starts is None else mean_over_starts(evaluation)
    print(f"\n{name}: " + FORMATS["text"](overall_table(evaluation)))


def run_label(arguments: Arguments, folders: list[Path]) -> str:
    """A label: the folder as ``run_analysis`` takes it (without the number of several runs), runs and --set."""
    name = folders[0].name if len(folders) == 1 else folders[0].name.removesuffix(f"_{arguments.runid or 0:03d}")
    about = [f"{len(folders)} runs"] * (len(folders) > 1) + list(arguments.config.overrides)
    return f"{arguments.config.tracker}:{name}" + (f" ({', '.join(about)})" if about else "")


def main(argv: Sequence[str] | None = None, build_tracker: TrackerBuilder = build_tracker) -> int:
    """Parse ``argv`` and run; return the exit code."""
    return run_command(Arguments, partial(run, build_tracker=build_tracker), argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
