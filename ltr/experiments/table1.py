"""Table 1 of the paper: D_KL and training cost of every method on 1-D regression.

    python -m ltr.experiments.table1 --runs 20

Results are stored in a folder; stored runs are not repeated.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path

import tyro

from ltr.dataset.regression1d import DATASETS
from ltr.experiments.regression1d.results import PAPER, Cell, ResultStore, cells, check_rows
from ltr.experiments.regression1d.summary import mean, summarize
from ltr.experiments.regression1d.timing import seconds_per_epoch
from ltr.train_settings.regression1d import SETTINGS
from ltr.utils.cli import one_line_errors
from ltr.utils.device import set_threads

OPTIM = SETTINGS["ncep"].optim
PAPER_RUNS = 20


@dataclass(frozen=True)
class Options:
    """Which rows to train, and how often."""

    runs: int = PAPER_RUNS  # networks for each row and data set; 0: print only stored runs
    methods: tuple[str, ...] = tuple(PAPER)  # rows; cheap ones first, as mlmcmc-256 takes hours
    num_samples: int = 1024  # M
    results: Path = Path("workspace/regression1d")  # folder, or a .json file of runs
    time_steps: int = 0  # also measure the cost of training over so many steps
    threads: int = 1
    compile: bool = False  # torch.compile the networks: 1.5 times as fast at M = 1024; needs a C++ compiler


def row(store: ResultStore, of_sets: list[Cell]) -> str:
    """One line of the table: mean over the data sets of the mean of the best quarter of the runs."""
    name = of_sets[0].method
    runs = [store.runs(cell) for cell in of_sets]
    kls = [[run.kl for run in of_set] for of_set in runs]
    best = [summarize(values) for values in kls]
    minutes = sum(run.seconds for of_set in runs for run in of_set) / 60
    per_set = " | ".join(f"{b} ({statistics.median(v):.3f})" for b, v in zip(best, kls, strict=True))
    counts = "" if name == "sm" else ", ".join(str(m) for m in dict.fromkeys(cell.num_samples for cell in of_sets))
    return (
        f"| {name} | {counts} | {min(len(values) for values in kls)} | "
        f"{PAPER[name][0]:.3f} | **{mean(best)}** | {per_set} | {minutes:.1f} |"
    )


def table(store: ResultStore) -> list[str]:
    """The table in Markdown, with the largest M that a row has been trained with; in brackets the median run.

    After ±: the standard error.
    """
    sets = " | ".join(f"{name}: best quarter (median)" for name in DATASETS)
    lines = [
        f"| method | M | runs | paper | ours | {sets} | minutes |",
        "|---|--:|--:|--:|--:|" + "--:|" * len(DATASETS) + "--:|",
    ]
    for name in PAPER:
        of_sets = store.largest(name)
        missing = f"| {name} | | | {PAPER[name][0]:.3f} | not run |" + " |" * (len(DATASETS) + 1)
        lines.append(row(store, of_sets) if of_sets else missing)
    return lines


def print_costs(options: Options) -> None:
    """Seconds per epoch and run, ratios to ML-IS beside the paper's, and the gain of training together."""
    print("\n| method | paper, ratio to ML-IS | ours, ratio to ML-IS | s / epoch alone | together | gain |")
    print("|---|---|---|---|---|---|")
    reference = seconds_per_epoch("mlis", options.num_samples, PAPER_RUNS, OPTIM, options.time_steps)[1]
    for name in options.methods:
        alone, together = seconds_per_epoch(name, options.num_samples, PAPER_RUNS, OPTIM, options.time_steps)
        print(
            f"| {name} | {PAPER[name][1] / PAPER['mlis'][1]:.2f} | {together / reference:.2f} | "
            f"{alone:.3f} | {together:.3f} | {alone / together:.1f} x |",
            flush=True,
        )


def main(options: Options) -> None:
    """Train missing runs and print the table."""
    check_rows(options.methods)
    set_threads(options.threads)
    store = ResultStore(options.results, options.compile)
    for name in options.methods:
        for cell in cells(name, options.num_samples):
            store.train(cell, options.runs, OPTIM)
    print("", *table(store), sep="\n")
    if options.time_steps:
        print_costs(options)


if __name__ == "__main__":
    with one_line_errors("the same command goes on"):
        main(tyro.cli(Options, description=__doc__))
