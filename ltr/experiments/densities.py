"""Plots like the paper's Figures S1 and S4-S6: the true and the learned densities of the first data set.

python -m ltr.experiments.densities --methods nce dsm sm --num-samples 1024 1024 1
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import matplotlib
import torch
import tyro
from torch import Tensor

from ltr.dataset.regression1d import DATASETS, grid
from ltr.experiments.regression1d.results import Cell, ResultStore
from ltr.models.regression1d import RegressionNet1D
from ltr.utils.cli import one_line_errors
from ltr.utils.errors import InputError
from ltr.utils.figures import check_figure, save_figure
from ltr.utils.files import check_outputs

SIZE = 384  # points along x and y


@dataclass(frozen=True)
class Options:
    """What to draw."""

    methods: tuple[str, ...] = ("nce", "dsm", "sm")
    num_samples: tuple[int, ...] = (1024, 1024, 1)  # M of each
    dataset: str = "bimodal"
    results: Path = Path("workspace/regression1d")
    figure: Path = Path("densities.png")


def learned_density(network: RegressionNet1D) -> Tensor:
    """p(y|x; theta) on the grid: ``[SIZE (y), SIZE (x)]``."""
    points = grid(SIZE)
    y = points.float()[None, :, None].expand(SIZE, -1, -1)
    with torch.no_grad():
        energy_model = network(points.float()[:, None], y)
    return (energy_model.softmax(dim=1) / (points[1] - points[0])).T


def draw(options: Options) -> None:
    """Write the figure; ValueError if a method has no M, or no run."""
    if len(options.num_samples) != len(options.methods):
        raise InputError(
            f"num-samples: expected an M for each of {', '.join(options.methods)}, "
            f"got {' '.join(map(str, options.num_samples))}"
        )
    if options.dataset not in DATASETS:
        raise InputError(f"dataset: expected one of {', '.join(DATASETS)}, got {options.dataset!r}")
    check_figure("figure", options.figure)
    check_outputs({"figure": options.figure}, [options.results])
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    points = grid(SIZE)
    panels = {"true density": DATASETS[options.dataset].density(points[None], points[:, None])}
    store = ResultStore(options.results)
    for method, num_samples in zip(options.methods, options.num_samples, strict=True):
        network, kl = min(store.networks(Cell(method, num_samples, options.dataset)), key=lambda pair: pair[1])
        panels[f"{method}: $D_{{KL}}$ {kl:.3f}"] = learned_density(network)
    figure, all_axes = plt.subplots(1, len(panels), figsize=(2.6 * len(panels), 2.5), layout="constrained", sharey=True)
    for axes, (title, density) in zip(all_axes, panels.items(), strict=True):
        axes.imshow(density.sqrt().numpy(), origin="lower", extent=(-3, 3, -3, 3), cmap="magma", vmin=0, vmax=2.3)
        axes.set(title=title, xlabel="x", ylim=(-2, 2))
    all_axes[0].set_ylabel("y")
    save_figure(figure, options.figure, dpi=90)


if __name__ == "__main__":
    with one_line_errors():
        draw(tyro.cli(Options, description=__doc__))
