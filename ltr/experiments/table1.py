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
from ltr.experiments.regression1d.results import PAPER, ResultStore, best_quarter, cells, method
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
    results: Path = Path("workspace/regression1d")
    time_steps: int = 0  # also measure the cost of training over so many steps
    threads: int = 1
    compile: bool = False  # torch.compile the networks: 1.5 times as fast at M = 1024; needs a C++ compiler


def row(store: ResultStore, name: str, num_samples: int) -> str:
    """One line of the table: mean over the data sets of the mean of the best quarter of the runs."""
    runs = [store.runs(cell) for cell in cells(name, num_samples)]
    kls = [[run.kl for run in of_set] for of_set in runs]
    best = [best_quarter(values) for values in kls]
    minutes = sum(run.seconds for of_set in runs for run in of_set) / 60
    per_set = " | ".join(f"{b:.3f} ({statistics.median(v):.3f})" for b, v in zip(best, kls, strict=True))
    return (
        f"| {name} | {'' if name == 'sm' else num_samples} | {min(len(values) for values in kls)} | "
        f"{PAPER[name][0]:.3f} | **{statistics.mean(best):.3f}** | {per_set} | {minutes:.1f} |"
    )


def print_table(store: ResultStore) -> None:
    """The table in Markdown, one line for each M that a row has been trained with; in brackets the median run."""
    sets = " | ".join(f"{name}: best quarter (median)" for name in DATASETS)
    print(f"\n| method | M | runs | paper | ours | {sets} | minutes |")
    print("|---|---|---|---|---|" + "---|" * len(DATASETS) + "---|")
    for name in PAPER:
        for num_samples in store.sample_counts(name):
            print(row(store, name, num_samples))
        if not store.sample_counts(name):
            print(f"| {name} | | | {PAPER[name][0]:.3f} | not run |")


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
    for name in options.methods:
        method(name, options.num_samples)  # checks the names before the training
    set_threads(options.threads)
    store = ResultStore(options.results, options.compile)
    for name in options.methods:
        for cell in cells(name, options.num_samples):
            store.train(cell, options.runs, OPTIM)
    print_table(store)
    if options.time_steps:
        print_costs(options)


if __name__ == "__main__":
    with one_line_errors("the same command goes on"):
        main(tyro.cli(Options, description=__doc__))
