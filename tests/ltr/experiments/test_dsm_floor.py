"""Why DSM's row of Table 1 is where it is: its minimizer is the density smoothed by its noise (Vincent, 2011)."""

import json
import statistics
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ltr.dataset.regression1d import DATASETS, grid
from ltr.train_settings.regression1d import SETTINGS

SIGMA = SETTINGS["dsm"].loss.sigma
MEASURED = Path(__file__).parents[3] / "docs" / "journal" / "measured" / "regression1d.json"


@pytest.mark.parametrize(("name", "floor"), [("bimodal", 0.329), ("sine", 0.954)])
def test_dsm_reaches_the_smoothed_density_and_nothing_better(name: str, floor: float) -> None:
    density = DATASETS[name]

    def log_smoothed(x: Tensor, y: Tensor) -> Tensor:
        """log of p(y|x) convolved with N(0, SIGMA^2), on the grid that the evaluation asks for."""
        fine = torch.linspace(-4, 4, 1601, dtype=torch.float64)
        truth = density.density(x.double(), fine)
        kernel = torch.exp(-(((y[0].double() - fine) / SIGMA) ** 2) / 2)  # [size, fine]
        return (truth @ kernel.T).log()

    size = 256
    assert len(grid(size)) == size
    smoothed = density.kl_divergence(log_smoothed, size)
    assert smoothed == pytest.approx(floor, abs=0.01)
    kls = [kl for kl, _ in json.loads(MEASURED.read_text())[f"dsm_M256_{name}"].values()]
    assert min(kls) > smoothed - 0.01
    assert statistics.median(kls) < smoothed + 0.1
