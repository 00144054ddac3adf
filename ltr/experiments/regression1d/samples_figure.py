"""Figure 2 from stored runs: D_KL against the number of samples."""

from __future__ import annotations

from pathlib import Path

import matplotlib

from ltr.experiments.regression1d.results import ResultStore
from ltr.experiments.regression1d.summary import Summary, row_summary
from ltr.utils.figures import legend_above, save_figure

METHODS = {"mlis": "ML-IS", "kldis": "KLD-IS", "nce": "NCE", "ncep": "NCE+"}


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


def draw(store: ResultStore, samples: tuple[int, ...], path: Path) -> None:
    """Write the figure; bars are standard errors."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 3.4), layout="constrained")
    for method, marker in zip(METHODS, "sdo^", strict=True):
        found = points(store, method, samples)
        if found:
            kls, errors = [s.kl for s in found.values()], [s.error for s in found.values()]
            axes.errorbar(list(found), kls, errors, marker=marker, markersize=4, capsize=2, label=METHODS[method])
    axes.set(xscale="log", yscale="log", xlabel="number of samples M", ylabel="$D_{KL}$, best quarter of the runs")
    axes.set_xticks(samples, [str(m) for m in samples])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    legend_above(figure, axes)
    save_figure(figure, path, dpi=110)
