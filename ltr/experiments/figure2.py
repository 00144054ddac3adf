"""Figure 2 of the paper: D_KL against the number of samples M, for the four best methods.

python -m ltr.experiments.figure2 --runs 20 --samples 1 4 16 64 256 1024
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from ltr.utils.cli import one_line_errors
from ltr.utils.figures import check_figure
from ltr.utils.files import check_outputs


@dataclass(frozen=True)
class Options:
    """Options of the command."""

    runs: int = 20  # networks for each point and data set; 0: draw only stored runs
    samples: tuple[int, ...] = (1, 4, 16, 64, 256, 1024)  # M
    results: Path = Path("workspace/regression1d")  # folder, or a .json file of runs
    figure: Path = Path("figure2.png")
    threads: int = 1


def main(options: Options) -> None:
    """Train missing runs and draw the figure."""
    # Help and mistakes do not wait for the import of torch.
    from ltr.experiments.regression1d.results import OPTIM, ResultStore, cells
    from ltr.experiments.regression1d.samples_figure import METHODS, draw, table
    from ltr.utils.device import set_threads

    store = ResultStore(options.results)
    check_figure("figure", options.figure)
    check_outputs({"figure": options.figure}, folders={"results": store.folder})
    set_threads(options.threads)
    for num_samples in options.samples:
        for method in METHODS:
            for cell in cells(method, num_samples):
                store.train(cell, options.runs, OPTIM)
    print(*table(store, options.samples), sep="\n")
    draw(store, options.samples, options.figure)


if __name__ == "__main__":
    with one_line_errors("the same command goes on"):
        main(tyro.cli(Options, description=__doc__))
