"""The calibration command: coverage of densities that are right, and of those that are too narrow."""

import dataclasses
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ltr.data.bounding_box_utils import box_from_relative, box_to_relative
from ltr.experiments import calibration
from ltr.experiments.comparison.calibration import regression
from ltr.experiments.comparison.coverage import (
    LEVELS,
    CentralInterval,
    HighestDensity,
    Predictions,
    measure,
    noise_floor,
)
from ltr.experiments.comparison.options import Regression, TrainingSettings
from ltr.experiments.detection.calibration import REGIONS, predictions
from ltr.models.density import Domain, UnnormalizedDensity, grid_points
from ltr.models.detection.energy_branch import EnergyBranch
from ltr.models.detection.prediction import BoxEnergyModel
from ltr.models.detection.settings import BranchSettings
from ltr.models.loss.ebm import Energy
from ltr.sampling.detection_batch import BoxSet, DetectionBatch

COUNT = 1000


def gaussian_predictions(seed: int, steepness: float) -> Predictions:
    """Targets of N(0, 1), with the energy of it times ``steepness``."""
    target = torch.randn(COUNT, 1, generator=torch.Generator().manual_seed(seed))
    density = UnnormalizedDensity(lambda y: -steepness * y[..., 0] ** 2 / 2, COUNT, Domain((-6,), (6,)))
    return Predictions(grid_points(density, 999), target.double(), density.log_density(target[:, None])[:, 0])


@pytest.mark.parametrize("region", [HighestDensity(), CentralInterval(0)])
def test_densities_that_are_too_narrow_and_what_corrects_them(region: HighestDensity | CentralInterval) -> None:
    found = measure(gaussian_predictions(0, 4.0), gaussian_predictions(1, 4.0), {"y": region})["y"]
    assert found.temperature == pytest.approx(4.0, rel=0.1)
    assert found.nll[0] > found.nll[1] == pytest.approx(0.5 * math.log(2 * math.pi * math.e), abs=0.05)
    normal = torch.distributions.Normal(0.0, 1.0)
    narrow = 2 * normal.cdf(normal.icdf(0.5 + LEVELS.float() / 2) / 2) - 1
    torch.testing.assert_close(found.observed["as trained"], narrow.double(), atol=0.05, rtol=0)
    floor = noise_floor(COUNT)
    assert found.error("as trained") > 10 * floor
    assert found.error("temperature") < 4 * floor
    assert found.error("conformal") < 4 * floor
    covers, length = found.reported["conformal"]
    assert covers == pytest.approx(0.9, abs=0.03)
    assert length == pytest.approx(2 * 1.645, rel=0.06)
    assert found.reported["as trained"][1] == pytest.approx(1.645, rel=0.02)


def test_the_error_of_no_error() -> None:
    """E|p' - p| of a fraction p' of n draws is sqrt(2 p (1 - p) / pi n) for large n."""
    expected = (2 * LEVELS * (1 - LEVELS) / (math.pi * COUNT)).sqrt().mean().item()
    assert noise_floor(COUNT) == pytest.approx(expected, rel=0.05)


def test_methods_are_trained_and_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figure = tmp_path / "figure.png"
    options = Regression(
        ("gaussian", "nce"),
        "sine",
        runs=2,
        training=TrainingSettings(150, lr=1e-2),
        num_samples=8,
        pairs=400,
        figure=figure,
    )
    calibration.main(options)
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split(" | ")[0]: line for line in lines if line.startswith(("| gaussian |", "| nce |"))}
    header = next(line for line in lines if line.startswith("| | NLL"))
    assert [row.count("|") for row in rows.values()] == [header.count("|")] * 2
    assert "error of a density without error on 200 targets: 0.02" in lines[-1]
    assert figure.stat().st_size > 1000
    conformal = [float(row.split(" | ")[10]) for row in rows.values()]
    assert max(conformal) < 0.08  # exchangeable data


def test_a_table_of_the_user_s_in_its_units(tmp_path: Path) -> None:
    """y = 1000 N(0, 1): NLL and sizes are in these units."""
    values = 1000 * torch.randn(400, generator=torch.Generator().manual_seed(0))
    rows = "\n".join(f"{i % 7},{value:.3f}" for i, value in enumerate(values.tolist()))
    (tmp_path / "mine.csv").write_text(f"x,y\n{rows}\n")
    options = Regression(
        ("gaussian",), str(tmp_path / "mine.csv"), training=TrainingSettings(200), figure=tmp_path / "a.png"
    )
    (row,), count = regression(options)
    (coverage,) = row.networks
    assert count == 80
    assert coverage.nll[0] == pytest.approx(0.5 * math.log(2 * math.pi * math.e) + math.log(1000), abs=0.2)
    assert coverage.reported["as trained"][1] == pytest.approx(2 * 1645, rel=0.2)


def test_what_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    options = Regression(figure=tmp_path / "a.png")
    with pytest.raises(ValueError, match="options: runs: expected more than 0, got 0"):
        calibration.main(dataclasses.replace(options, runs=0))
    with pytest.raises(ValueError, match="options: test_fraction: expected a number between 0 and 1, got 2"):
        calibration.main(dataclasses.replace(options, test_fraction=2.0))
    with pytest.raises(ValueError, match="hidden: expected 1 to 8192, got 9000; components: expected 1 to 256"):
        calibration.main(dataclasses.replace(options, components=257, hidden=9000))
    with pytest.raises(ValueError, match="pairs: expected 1 to 100000, got 1000000"):
        calibration.main(dataclasses.replace(options, pairs=10**6))
    with pytest.raises(ValueError, match=r"methods: expected some of .* got 'mcmc'"):
        calibration.main(dataclasses.replace(options, data="sine", methods=("nce", "mcmc")))
    with pytest.raises(FileNotFoundError, match="data: cosine: no such file"):
        calibration.main(dataclasses.replace(options, data="cosine"))
    with pytest.raises(ValueError, match="data: expected at least 2 rows for fit and test, got 1 "):
        calibration.main(dataclasses.replace(options, data="sine", pairs=1))


class KnownBoxes(BoxEnergyModel):
    """Energies of N(c, sigma^2) around c; ``shift`` is the true box from c, in the space of :func:`box_to_relative`."""

    def __init__(self, shift: Tensor, sigma: float, steepness: float) -> None:
        super().__init__(EnergyBranch(1, 2, BranchSettings(pool_size=1, hidden=1)), (8,), 32.0)
        self.shift, self.sigma, self.steepness = shift, sigma, steepness

    def energy_around(self, batch: DetectionBatch, reference: BoxSet) -> Energy:
        true = box_to_relative(batch.truth.boxes[reference.picture], reference.boxes)
        center = (true - self.shift[reference.picture])[:, None]
        return lambda y: -self.steepness * ((y - center) / self.sigma).square().sum(dim=-1) / 2


@pytest.mark.parametrize("steepness", [1.0, 4.0])
def test_box_densities_that_are_right_and_too_narrow(steepness: float) -> None:
    """One object a picture; it lies N(c, sigma^2) around a place c that the energies know."""
    sigma, count, generator = 0.05, 300, torch.Generator().manual_seed(0)
    parts: list[Predictions] = []
    for _ in range(2):
        boxes = torch.tensor([40.0, 40, 50, 30]).expand(count, 4)
        labels, scores, picture = torch.ones(count).long(), torch.ones(count), torch.arange(count)
        jitter = 0.03 * torch.randn(count, 4, generator=generator)
        found = box_from_relative(jitter, boxes)
        batch = DetectionBatch(
            (torch.zeros(count, 1, 1, 1),),
            BoxSet(boxes, labels, scores, picture),
            BoxSet(found, labels, scores, picture),
            torch.ones(count, 2),
            list(range(count)),
        )
        model = KnownBoxes(sigma * torch.randn(count, 4, generator=generator), sigma, steepness)
        parts.append(predictions(model, [batch], (1e-3, 1e-3), 2000))
    assert parts[0].target.shape == (count, 4)
    measured = measure(parts[0], parts[1], REGIONS)
    floor = noise_floor(count)
    for name, coverage in measured.items():
        assert coverage.temperature == pytest.approx(steepness, rel=0.1), name
        assert (coverage.error("as trained") < 4 * floor) == (steepness == 1), name
        assert coverage.error("temperature") < 4 * floor, name
        assert coverage.error("conformal") < 4 * floor, name
