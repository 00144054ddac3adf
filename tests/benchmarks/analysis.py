"""Time run_analysis.py on results of LaSOT's size: 280 sequences, 685,360 frames, 8 trackers, cold and from the cache.

    python tests/benchmarks/analysis.py

Prints one Markdown row per case: seconds of the whole command, start of Python included, and processor seconds of all
its processes (what counts where other programs are running). The last row is the statistics alone, in this process.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from pytracking.analysis.comparison import compare
from pytracking.analysis.extract_results import TrackerScores
from pytracking.analysis.statistics import RESAMPLES, score_intervals

SEQUENCES, FRAMES, TRACKERS = 280, 685_360, 8
COMMAND = Path(__file__).resolve().parents[2] / "pytracking" / "run_analysis.py"


def write_data(root: Path) -> None:
    """Truth in whole pixels, results with four decimals, as ours are."""
    rng = np.random.default_rng(0)
    for i, length in enumerate(np.diff(np.linspace(0, FRAMES, SEQUENCES + 1).astype(int))):
        walk = np.cumsum(rng.normal(0, 2, (length, 4)), axis=0) + np.array([500, 400, 120, 90])
        truth = np.round(walk).clip(1)
        for folder, boxes in [
            ("gt", truth),
            *((f"t{k}", truth + rng.normal(0, 3, truth.shape)) for k in range(TRACKERS)),
        ]:
            (root / folder).mkdir(exist_ok=True)
            rows = "\n".join(",".join(f"{value:.4f}" for value in row) for row in boxes.clip(1).tolist())
            (root / folder / f"sequence-{i}.txt").write_text(rows + "\n")


def processor_seconds() -> float:
    """Of all processes that this one has started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def time_statistics() -> tuple[float, float]:
    """Seconds and processor seconds of the intervals of six scores, and of all comparisons, of all trackers."""
    rng, weights = np.random.default_rng(0), np.ones(SEQUENCES)
    scores = 100 * rng.beta(4.5, 1.8, (6 * TRACKERS, 1, SEQUENCES))
    trackers = [
        TrackerScores(f"t{k}", np.ones(SEQUENCES, int), weights, {"auc": scores[k]}, {}, None) for k in range(TRACKERS)
    ]
    start, used = time.perf_counter(), time.process_time()
    score_intervals(list(scores), weights)
    compare(trackers)
    return time.perf_counter() - start, time.process_time() - used


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_data(root)
        results = [f"t{k}={root / f't{k}'}" for k in range(TRACKERS)]
        command = [sys.executable, str(COMMAND), "--ground-truth", str(root / "gt"), "--results", *results]
        print("| case | seconds | processor seconds |\n|---|---:|---:|")
        for case in ("cold", "from the cache"):
            start, used = time.perf_counter(), processor_seconds()
            subprocess.run([*command, "--cache", str(root / "cache")], check=True, stdout=subprocess.DEVNULL)
            seconds, used = time.perf_counter() - start, processor_seconds() - used
            print(f"| {TRACKERS} trackers, {FRAMES:,} frames, {case} | {seconds:.2f} | {used:.2f} |")
    seconds, used = time_statistics()
    print(f"| {TRACKERS} trackers, {SEQUENCES} sequences, {RESAMPLES:,} resamples | {seconds:.2f} | {used:.2f} |")


if __name__ == "__main__":
    main()
