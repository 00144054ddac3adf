"""Run a tracker over a data set and write its boxes.

    python pytracking/run_tracker.py dimp dimp_ncep_mobile --dataset_name folder:DIR [--sequence NAME] [--threads N]

Results go to RESULTS/TRACKER/PARAMETER[_RRR]/: <Seq>.txt, _time.txt, _score.txt and .json for each sequence. Finished
sequences are kept, so the same command goes on where it was stopped.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from tqdm import tqdm

from pytracking.evaluation.datasets import get_dataset, select
from pytracking.evaluation.running import Outcome, TrackerFactory, run_dataset
from pytracking.utils.cli import run_command


@dataclass(frozen=True)
class Arguments:
    """Run a tracker over a data set."""

    tracker: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="TRACKER")]
    """family of trackers, dimp for instance"""
    parameter: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="PARAMETER")]
    """its parameters, dimp_ncep_mobile for instance, or a .safetensors network of yours"""
    dataset_name: str
    """folder:DIR, demo, otb, uav, nfs, lasot, got10k_val or dtb70"""
    sequence: str | None = None
    """only this sequence: its name, or its index from 0"""
    threads: int = 0
    """worker processes (pytracking's name for them); 0 runs in this one"""
    torch_threads: int = 1
    """CPU threads of each process; with another number boxes come out slightly different"""
    results: Path = Path("results")
    """root of the result folders"""
    runid: int | None = None
    """number of a repeated run, appended to the folder as _RRR"""
    seed: int = 0
    """seed of the tracker's random numbers, the same for every sequence"""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, mps"""
    accelerator: str = "auto"
    """auto, torch or openvino: what runs the network (docs/speed.md)"""
    precision: str = "f32"
    """f32, bf16 or f16: the network's arithmetic; boxes change slightly"""
    paths: Path | None = None
    """TOML file with the folders of the benchmarks"""
    rerun: bool = False
    """repeat finished sequences too"""
    debug: int = 0
    """above 0: show the traceback of every error"""


def run(arguments: Arguments) -> int:
    """Run the command; exit code 1 where a sequence failed."""
    if arguments.threads < 0 or arguments.torch_threads < 1:
        raise ValueError("--threads: expected 0 (this process) or more processes; --torch_threads: 1 or more")
    sequences = select(get_dataset(arguments.dataset_name, arguments.paths), arguments.sequence)
    folder = result_folder(arguments)
    factory = TrackerFactory(
        arguments.tracker,
        arguments.parameter,
        arguments.device,
        arguments.torch_threads,
        arguments.seed,
        arguments.accelerator,
        arguments.precision,
    )
    outcomes = []
    total = sum(len(s.ground_truth) for s in sequences)
    with tqdm(total=total, unit="frame", disable=None) as bar:
        for outcome in run_dataset(factory, sequences, folder, arguments.threads, arguments.rerun, announce):
            outcomes.append(outcome)
            bar.update(outcome.frames)
            bar.set_postfix_str(f"{len(outcomes)}/{len(sequences)} sequences, {_fps(outcomes):.1f} FPS a process")
            bar.write(_line(outcome))
    return conclude(outcomes, folder, arguments.debug > 0)


def result_folder(arguments: Arguments) -> Path:
    """RESULTS/TRACKER/PARAMETER, with _RRR for a run id; a network file stands for its name without the suffix."""
    name = arguments.parameter
    name = Path(name).stem if name.endswith(".safetensors") else name
    run_suffix = "" if arguments.runid is None else f"_{arguments.runid:03d}"
    return arguments.results / arguments.tracker / (name + run_suffix)


def announce(stamp: dict[str, Any]) -> None:
    """Print what is about to run: device, threads and network."""
    known = [key for key in ("device", "threads", "accelerator", "precision", "network_sha256") if key in stamp]
    print(", ".join(f"{key} {stamp[key]}" for key in known), flush=True)


def conclude(outcomes: list[Outcome], folder: Path, traces: bool) -> int:
    """Print the summary and every failure (to stderr); the exit code."""
    failed = [o for o in outcomes if o.error]
    kept = sum(o.kept for o in outcomes)
    print(
        f"{len(outcomes) - len(failed)} sequences in {folder} ({kept} kept from before),"
        f" {sum(o.frames for o in outcomes)} frames, {_fps(outcomes):.1f} FPS a process without image loading"
    )
    for outcome in failed:
        print(f"failed: {outcome.sequence}: {outcome.error}", file=sys.stderr)
        if traces:
            print(outcome.trace, file=sys.stderr)
    return 1 if failed else 0


def _fps(outcomes: list[Outcome]) -> float:
    seconds = sum(o.seconds for o in outcomes)
    return sum(o.frames for o in outcomes) / seconds if seconds else 0.0


def _line(outcome: Outcome) -> str:
    if outcome.error:
        return f"{outcome.sequence}: FAILED"
    return f"{outcome.sequence}: {outcome.frames} frames, " + ("kept" if outcome.kept else f"{_fps([outcome]):.1f} FPS")


def main(argv: Sequence[str] | None = None) -> int:
    """Parse ``argv`` and run; the exit code."""
    return run_command(Arguments, run, argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
