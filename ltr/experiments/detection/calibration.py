"""Coverage of the box densities of an energy branch around the boxes that it finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import torch

from ltr.admin.build_detection import FrozenDetectorLoaders, read_pictures
from ltr.data.bounding_box_utils import box_to_relative
from ltr.experiments.comparison.coverage import CentralInterval, HighestDensity, Predictions, Region, Row, measure
from ltr.experiments.detection.branch import load_branch
from ltr.experiments.detection.options import Calibrate, Steps
from ltr.models.density import Domain, Mixture, Points, UnnormalizedDensity, importance_points
from ltr.models.density.points import Estimate
from ltr.models.detection.prediction import BoxEnergyModel, matches, suppress
from ltr.models.detection.settings import PredictionSettings
from ltr.sampling.detection_batch import DetectionBatch
from ltr.utils.device import choose_device
from ltr.utils.errors import InputError
from ltr.utils.figures import check_figure
from ltr.utils.files import check_outputs

DOMAIN = Domain((-0.75,) * 4, (0.75,) * 4)  # relative box space: has every box of IoU 0.5 or more
SIGMAS = (0.0375, 0.075, 0.15, 0.3)  # of the proposal around a refined box; those of Table 2's proposal and noise
REGIONS: dict[str, Region] = {
    "box: highest density": HighestDensity(),
    **{name: CentralInterval(i) for i, name in enumerate(("center x", "center y", "log width", "log height"))},
}


def batch_predictions(
    energy_model: BoxEnergyModel,
    batch: DetectionBatch,
    steps: Steps,
    num_samples: int,
    generator: torch.Generator,
    settings: PredictionSettings,
) -> Predictions | None:
    """The densities p(y|x) around the boxes found in a batch that have a true one; None if there is none.

    The space is relative to the box that the detector found, before refinement, and does not know the true one.
    """
    found = suppress(batch.candidates, energy_model.rank(batch), settings)
    true, place = matches(found, batch.truth)
    if not len(true):
        return None
    found = found[place]
    refined = energy_model.refine(batch, found, steps, settings)
    target = box_to_relative(batch.truth.boxes[true], found.boxes)
    center = box_to_relative(refined.boxes, found.boxes)
    sigmas = center.new_tensor(SIGMAS)[:, None].expand(len(center), -1, 4)
    log_weights = center.new_full((len(center), len(SIGMAS)), 1 / len(SIGMAS)).log()
    proposal = Mixture(log_weights, center[:, None].expand(-1, len(SIGMAS), -1), sigmas)
    density = UnnormalizedDensity(energy_model.energy_around(batch, found), len(found), DOMAIN, device=center.device)
    points = importance_points(density, proposal, num_samples, generator)
    return Predictions(points, target, density.log_density(target[:, None])[:, 0])


def joined(parts: Sequence[Predictions]) -> Predictions:
    """The predictions of several batches as one."""
    points = [part.points for part in parts]
    return Predictions(
        Points(
            torch.cat([p.y for p in points]),
            torch.cat([p.weights for p in points]),
            torch.cat([p.log_density for p in points]),
            Estimate(torch.cat([p.log_z.value for p in points]), torch.cat([p.log_z.standard_error for p in points])),
        ),
        torch.cat([part.target for part in parts]),
        torch.cat([part.log_density for part in parts]),
    )


def predictions(
    energy_model: BoxEnergyModel, batches: Iterable[DetectionBatch], steps: Steps, num_samples: int, seed: int = 0
) -> Predictions:
    """:func:`batch_predictions` of all batches.

    Raises:
        InputError: no object is found.
    """
    device = next(energy_model.branch.parameters()).device
    generator = torch.Generator(device).manual_seed(seed)
    settings = PredictionSettings()
    parts = [batch_predictions(energy_model, b.to(device), steps, num_samples, generator, settings) for b in batches]
    whole = [part for part in parts if part is not None]
    if not whole:
        raise InputError("data: the branch finds none of the objects with an IoU of at least 0.5")
    return joined([_on_cpu(part) for part in whole])


def detection(options: Calibrate) -> tuple[list[Row], int]:
    """Measure a branch: a row for each kind of region, and the number of test boxes."""
    settings = options.settings
    check_figure("figure", options.figure)
    check_outputs({"figure": options.figure}, options.inputs)
    device = choose_device(options.device)
    energy_model = load_branch(settings, options.network_file, device)
    frozen = FrozenDetectorLoaders(settings, device)
    parts = []
    for sources in (settings.data.val, settings.data.test):
        pictures = read_pictures(settings, options.data, sources)[: options.pictures]
        loader = frozen.loader(pictures, len(pictures), None)
        loader.set_epoch(0)
        steps = (settings.step_position, settings.step_size)
        parts.append(predictions(energy_model, loader, steps, options.num_samples))
    validation, test = parts
    effective = test.points.effective_samples.median().item()
    print(f"{len(validation.target)} boxes of the validation, {len(test.target)} of the test; ", end="")
    print(f"effective samples of {options.num_samples} draws: {effective:.0f} (median)")
    measured = measure(validation, test, REGIONS)
    return [Row(name, [coverage]) for name, coverage in measured.items()], len(test.target)


def _on_cpu(part: Predictions) -> Predictions:
    points = part.points
    estimate = Estimate(points.log_z.value.cpu(), points.log_z.standard_error.cpu())
    moved = replace(
        points, y=points.y.cpu(), weights=points.weights.cpu(), log_density=points.log_density.cpu(), log_z=estimate
    )
    return Predictions(moved, part.target.cpu(), part.log_density.cpu())
