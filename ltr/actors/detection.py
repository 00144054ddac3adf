"""Actors that train a detector, and the energy branch on a frozen detector (paper, Section 4.2)."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torchvision.models.detection import FasterRCNN

from ltr.actors.base_actor import BaseActor, Stats
from ltr.data.bounding_box_utils import box_from_relative, box_iou, box_to_corners, box_to_relative
from ltr.models.detection.prediction import BoxEnergyModel, matches, suppress
from ltr.models.detection.settings import PredictionSettings
from ltr.models.loss.ebm import EBMLoss, LearnedProposalLoss
from ltr.sampling.detection_batch import BoxSet, DetectionBatch
from ltr.sampling.detection_items import DetectionSampleBatch

JITTER = 0.15  # standard deviation of the initial boxes in validation, relative box space (middle value, Appendix C.2)


class DetectorActor(BaseActor):
    """Faster R-CNN's own losses: classification and regression of proposals and of boxes."""

    net: FasterRCNN

    def __call__(self, batch: DetectionSampleBatch, generator: torch.Generator) -> tuple[Tensor, Stats]:
        images = [picture.image for picture in batch.pictures]
        targets = [{"boxes": box_to_corners(p.boxes), "labels": p.labels} for p in batch.pictures]
        losses = self.net(images, targets)
        loss = torch.stack(list(losses.values())).sum()
        return loss, {"loss": loss.item(), **{name: value.item() for name, value in losses.items()}}

    def validate(self, batch: DetectionSampleBatch, generator: torch.Generator) -> Stats:
        """The same losses. Faster R-CNN returns them in training mode only; its batch norms are frozen."""
        self.net.train()
        with torch.no_grad():
            _, stats = self(batch, generator)
        self.net.eval()
        return stats


def found_pairs(batch: DetectionBatch) -> tuple[BoxSet, Tensor]:
    """The detections that have a true box, and that box relative to each: ``[K, 4]``."""
    found = suppress(batch.candidates, batch.candidates.scores, PredictionSettings())
    true, place = matches(found, batch.truth)
    reference = found[place]
    return reference, box_to_relative(batch.truth.boxes[true], reference.boxes)


class EnergyBranchActor(BaseActor):
    """A training method on the energy_model of boxes around the true ones.

    The target space is relative to the true box: the target is zero, and the noise scales with the object. A learned
    proposal must not know the true box: its space is relative to the box that the detector found.

    Args:
        energy_model: contains the branch to train.
        loss: a training method of ``ltr.models.loss.ebm``.
        steps: lambda of position and of size, for validation.
    """

    def __init__(self, energy_model: BoxEnergyModel, loss: EBMLoss, steps: tuple[float, float]) -> None:
        super().__init__(energy_model.branch)
        self.energy_model, self.loss, self.steps = energy_model, loss, steps

    def __call__(self, batch: DetectionBatch, generator: torch.Generator) -> tuple[Tensor, Stats]:
        loss, reference, target = self.loss, batch.truth, torch.zeros_like(batch.truth.boxes)
        if isinstance(loss, LearnedProposalLoss):
            reference, target = found_pairs(batch)
            loss = loss.using(self.energy_model.proposal_around(batch, reference))
        output = loss(self.energy_model.energy_around(batch, reference), target, generator)
        return output.loss, {"loss": output.loss.item(), **output.stats}

    def validate(self, batch: DetectionBatch, generator: torch.Generator) -> Stats:
        """The mean overlap of jittered and of refined boxes with the true ones."""
        truth = batch.truth
        jitter = JITTER * torch.randn(truth.boxes.shape, generator=generator, device=generator.device)
        start = replace(truth, boxes=box_from_relative(jitter.to(truth.boxes), truth.boxes))
        refined = self.energy_model.refine(batch, start, self.steps, PredictionSettings())
        return {
            "iou_start": box_iou(start.boxes, truth.boxes).mean().item(),
            "iou_refined": box_iou(refined.boxes, truth.boxes).mean().item(),
        }
