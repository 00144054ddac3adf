"""Table 1 from stored runs, and what the training costs."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from ltr.dataset.regression1d import DATASETS
from ltr.experiments.regression1d.paper import PAPER
from ltr.experiments.regression1d.results import OPTIM, Cell, ResultStore
from ltr.experiments.regression1d.summary import mean, summarize
from ltr.experiments.regression1d.timing import seconds_per_epoch

PAPER_RUNS = 20


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


def print_costs(methods: Sequence[str], num_samples: int, time_steps: int) -> None:
    """Seconds per epoch and run, ratios to ML-IS beside the paper's, and the gain of training together."""
    print("\n| method | paper, ratio to ML-IS | ours, ratio to ML-IS | s / epoch alone | together | gain |")
    print("|---|---|---|---|---|---|")
    reference = seconds_per_epoch("mlis", num_samples, PAPER_RUNS, OPTIM, time_steps)[1]
    for name in methods:
        alone, together = seconds_per_epoch(name, num_samples, PAPER_RUNS, OPTIM, time_steps)
        print(
            f"| {name} | {PAPER[name][1] / PAPER['mlis'][1]:.2f} | {together / reference:.2f} | "
            f"{alone:.3f} | {together:.3f} | {alone / together:.1f} x |",
            flush=True,
        )
