"""The true and the learned densities beside each other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import matplotlib
import torch
from torch import Tensor

from ltr.dataset.regression1d import DATASETS, grid
from ltr.experiments.regression1d.results import Cell, ResultStore
from ltr.models.regression1d import RegressionNet1D
from ltr.utils.figures import save_figure

SIZE = 384  # points along x and y


def learned_density(network: RegressionNet1D) -> Tensor:
    """p(y|x; theta) on the grid: ``[SIZE (y), SIZE (x)]``."""
    points = grid(SIZE)
    y = points.float()[None, :, None].expand(SIZE, -1, -1)
    with torch.no_grad():
        energy_model = network(points.float()[:, None], y)
    return (energy_model.softmax(dim=1) / (points[1] - points[0])).T


def draw(rows: Iterable[tuple[str, int]], dataset: str, results: Path, path: Path) -> None:
    """Write the figure: of each method and M the stored run with the least D_KL; InputError if there is none."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    points = grid(SIZE)
    panels = {"true density": DATASETS[dataset].density(points[None], points[:, None])}
    store = ResultStore(results)
    for method, num_samples in rows:
        network, kl = min(store.networks(Cell(method, num_samples, dataset)), key=lambda pair: pair[1])
        panels[f"{method}: $D_{{KL}}$ {kl:.3f}"] = learned_density(network)
    figure, all_axes = plt.subplots(1, len(panels), figsize=(2.6 * len(panels), 2.5), layout="constrained", sharey=True)
    for axes, (title, density) in zip(all_axes, panels.items(), strict=True):
        axes.imshow(density.sqrt().numpy(), origin="lower", extent=(-3, 3, -3, 3), cmap="magma", vmin=0, vmax=2.3)
        axes.set(title=title, xlabel="x", ylim=(-2, 2))
    all_axes[0].set_ylabel("y")
    save_figure(figure, path, dpi=90)
