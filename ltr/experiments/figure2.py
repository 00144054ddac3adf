"""Figure 2 of the paper: D_KL against the number of samples M, for the four best methods.

python -m ltr.experiments.figure2 --runs 20 --samples 1 4 16 64 256 1024
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import matplotlib
import tyro

from ltr.experiments.regression1d.results import ResultStore, best_quarter, cells
from ltr.train_settings.regression1d import SETTINGS
from ltr.utils.cli import one_line_errors
from ltr.utils.device import set_threads
from ltr.utils.files import atomic_write, check_outputs

METHODS = {"mlis": "ML-IS", "kldis": "KLD-IS", "nce": "NCE", "ncep": "NCE+"}


@dataclass(frozen=True)
class Options:
    """Options of the command."""

    runs: int = 20  # networks for each point and data set; 0: draw only stored runs
    samples: tuple[int, ...] = (1, 4, 16, 64, 256, 1024)  # M
    results: Path = Path("workspace/regression1d")
    figure: Path = Path("figure2.png")
    threads: int = 1


def points(store: ResultStore, method: str, samples: tuple[int, ...]) -> list[tuple[int, float]]:
    """(M, D_KL of the best quarter, mean over the data sets) if both sets have been trained."""
    found = []
    for num_samples in samples:
        runs = [store.runs(cell) for cell in cells(method, num_samples)]
        if all(runs):
            kls = [best_quarter([run.kl for run in of_set]) for of_set in runs]
            found.append((num_samples, sum(kls) / len(kls)))
    return found


def draw(store: ResultStore, options: Options) -> None:
    """Print the points and write the figure."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 3.4), layout="constrained")
    for method, marker in zip(METHODS, "sdo^", strict=True):
        line = points(store, method, options.samples)
        print(f"{METHODS[method]:7s}" + "  ".join(f"M={m}: {kl:.3f}" for m, kl in line))
        if line:
            axes.plot(*zip(*line, strict=True), marker=marker, label=METHODS[method])
    axes.set(xscale="log", yscale="log", xlabel="number of samples M", ylabel="$D_{KL}$, best quarter of the runs")
    axes.set_xticks(options.samples, [str(m) for m in options.samples])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend()
    kind = options.figure.suffix.removeprefix(".") or "png"
    atomic_write(options.figure, lambda path: figure.savefig(path, dpi=110, format=kind))


def main(options: Options) -> None:
    """Train missing runs and draw the figure."""
    check_outputs({"figure": options.figure}, folders={"results": options.results})
    set_threads(options.threads)
    store = ResultStore(options.results)
    for num_samples in options.samples:
        for method in METHODS:
            for cell in cells(method, num_samples):
                store.train(cell, options.runs, SETTINGS["ncep"].optim)
    draw(store, options)


if __name__ == "__main__":
    with one_line_errors("the same command goes on"):
        main(tyro.cli(Options, description=__doc__))
