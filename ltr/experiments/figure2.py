"""Figure 2 of the paper: D_KL against the number of samples M, for the four best methods.

python -m ltr.experiments.figure2 --runs 20 --samples 1 4 16 64 256 1024
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import matplotlib
import tyro

from ltr.experiments.regression1d.results import ResultStore, cells
from ltr.experiments.regression1d.summary import Summary, row_summary
from ltr.train_settings.regression1d import SETTINGS
from ltr.utils.cli import one_line_errors
from ltr.utils.device import set_threads
from ltr.utils.figures import check_figure, save_figure
from ltr.utils.files import check_outputs

METHODS = {"mlis": "ML-IS", "kldis": "KLD-IS", "nce": "NCE", "ncep": "NCE+"}


@dataclass(frozen=True)
class Options:
    """Options of the command."""

    runs: int = 20  # networks for each point and data set; 0: draw only stored runs
    samples: tuple[int, ...] = (1, 4, 16, 64, 256, 1024)  # M
    results: Path = Path("workspace/regression1d")  # folder, or a .json file of runs
    figure: Path = Path("figure2.png")
    threads: int = 1


def points(store: ResultStore, method: str, samples: tuple[int, ...]) -> dict[int, Summary]:
    """M -> D_KL of the best quarter, mean over the data sets, if both sets have been trained."""
    found = {num_samples: row_summary(store, method, num_samples) for num_samples in samples}
    return {num_samples: summary for num_samples, summary in found.items() if summary}


def table(store: ResultStore, samples: tuple[int, ...]) -> list[str]:
    """The points in Markdown; after ±: the standard error."""
    lines = ["| method | " + " | ".join(f"M = {m}" for m in samples) + " |", "|---|" + "--:|" * len(samples)]
    for method, title in METHODS.items():
        found = points(store, method, samples)
        lines.append(f"| {title} | " + " | ".join(str(found.get(m, "not run")) for m in samples) + " |")
    return lines


def draw(store: ResultStore, options: Options) -> None:
    """Write the figure; bars are standard errors."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 3.4), layout="constrained")
    for method, marker in zip(METHODS, "sdo^", strict=True):
        found = points(store, method, options.samples)
        if found:
            kls, errors = [s.kl for s in found.values()], [s.error for s in found.values()]
            axes.errorbar(list(found), kls, errors, marker=marker, markersize=4, capsize=2, label=METHODS[method])
    axes.set(xscale="log", yscale="log", xlabel="number of samples M", ylabel="$D_{KL}$, best quarter of the runs")
    axes.set_xticks(options.samples, [str(m) for m in options.samples])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend()
    save_figure(figure, options.figure, dpi=110)


def main(options: Options) -> None:
    """Train missing runs and draw the figure."""
    store = ResultStore(options.results)
    check_figure("figure", options.figure)
    check_outputs({"figure": options.figure}, folders={"results": store.folder})
    set_threads(options.threads)
    for num_samples in options.samples:
        for method in METHODS:
            for cell in cells(method, num_samples):
                store.train(cell, options.runs, SETTINGS["ncep"].optim)
    print(*table(store, options.samples), sep="\n")
    draw(store, options)


if __name__ == "__main__":
    with one_line_errors("the same command goes on"):
        main(tyro.cli(Options, description=__doc__))
