"""Table 1 of the paper: D_KL and training cost of every method on 1-D regression.

    python -m ltr.experiments.table1 --runs 20

Results are stored in a folder; stored runs are not repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from ltr.experiments.regression1d.paper import PAPER, check_rows
from ltr.utils.cli import one_line_errors


@dataclass(frozen=True)
class Options:
    """Which rows to train, and how often."""

    runs: int = 20  # networks for each row and data set; 0: print only stored runs
    methods: tuple[str, ...] = tuple(PAPER)  # rows; cheap ones first, as mlmcmc-256 takes hours
    num_samples: int = 1024  # M
    results: Path = Path("workspace/regression1d")  # folder, or a .json file of runs
    time_steps: int = 0  # also measure the cost of training over so many steps
    threads: int = 1
    compile: bool = False  # torch.compile the networks: 1.5 times as fast at M = 1024; needs a C++ compiler


def main(options: Options) -> None:
    """Train missing runs and print the table."""
    check_rows(options.methods)
    # Help and mistakes do not wait for the import of torch.
    from ltr.experiments.regression1d.results import OPTIM, ResultStore, cells
    from ltr.experiments.regression1d.table import print_costs, table
    from ltr.utils.device import set_threads

    set_threads(options.threads)
    store = ResultStore(options.results, options.compile)
    for name in options.methods:
        for cell in cells(name, options.num_samples):
            store.train(cell, options.runs, OPTIM)
    print("", *table(store), sep="\n")
    if options.time_steps:
        print_costs(options.methods, options.num_samples, options.time_steps)


if __name__ == "__main__":
    with one_line_errors("the same command goes on"):
        main(tyro.cli(Options, description=__doc__))
