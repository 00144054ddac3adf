"""From the candidates of a frozen detector to detections: guided NMS, then refinement (paper, Appendix C.1)."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ltr.data.bounding_box_utils import box_from_relative, box_iou
from ltr.models.density.mixture import Mixture
from ltr.models.detection.energy_branch import EnergyBranch, PyramidPool
from ltr.models.detection.guided_nms import guided_nms, highest_of_each
from ltr.models.detection.settings import PredictionSettings
from ltr.models.loss.ebm import Energy
from ltr.refine import refine
from ltr.sampling.detection_batch import BoxSet, DetectionBatch


def suppress(candidates: BoxSet, rank: Tensor, settings: PredictionSettings) -> BoxSet:
    """Guided NMS among the candidates of each class and image by ``rank [D]``, then each image's highest scores.

    With the candidates' own scores as ``rank`` this gives the detections of the detector alone.
    """
    num_classes = int(candidates.labels.max()) + 1 if len(candidates) else 1
    groups = candidates.picture * num_classes + candidates.labels
    keep, scores = guided_nms(candidates.boxes, candidates.scores, rank, groups, settings.iou_threshold)
    found = replace(candidates[keep], scores=scores)
    return found[highest_of_each(found.scores, found.picture, settings.max_detections)]


def matches(found: BoxSet, truth: BoxSet) -> tuple[Tensor, Tensor]:
    """For each true box that is found (same picture and class, IoU of at least 0.5): its index, and that of the box
    found with the highest IoU; ``[K]`` each."""
    overlap = box_iou(truth.boxes[:, None], found.boxes[None])
    same = (truth.picture[:, None] == found.picture) & (truth.labels[:, None] == found.labels)
    if not len(found):
        return (torch.empty(0, dtype=torch.long),) * 2
    best, index = overlap.masked_fill(~same, 0).max(dim=1)
    kept = (best >= 0.5).nonzero()[:, 0]
    return kept, index[kept]


class BoxEnergyModel:
    """The energy of boxes by a trained branch: ranks candidates and refines boxes.

    Args:
        branch: the energy branch.
        strides, canonical_size: of the detector's pyramid.
    """

    def __init__(self, branch: EnergyBranch, strides: tuple[int, ...], canonical_size: float) -> None:
        self.branch, self.strides, self.canonical_size = branch, strides, canonical_size

    def energy_around(self, batch: DetectionBatch, reference: BoxSet) -> Energy:
        """f as a function of ``box_rel [T, M, 4] -> [T, M]``, relative to T ``reference`` boxes of the batch."""
        pool = PyramidPool(batch.maps, self.strides, reference, self.canonical_size)
        energy = self.branch.energy(pool, reference.labels)
        start = reference.boxes[:, None]
        return lambda box_rel: energy(box_from_relative(box_rel, start))

    def proposal_around(self, batch: DetectionBatch, reference: BoxSet) -> Mixture:
        """The learned proposal of the same, if the branch has one."""
        pool = PyramidPool(batch.maps, self.strides, reference, self.canonical_size)
        return self.branch.proposal(pool, reference.boxes)

    def rank(self, batch: DetectionBatch) -> Tensor:
        """f of the batch's candidates ``[D]``."""
        boxes = batch.candidates.boxes
        with torch.no_grad():
            return self.energy_around(batch, batch.candidates)(torch.zeros_like(boxes[:, None]))[:, 0]

    def refine(
        self, batch: DetectionBatch, found: BoxSet, steps: tuple[float, float], settings: PredictionSettings
    ) -> BoxSet:
        """Refine all boxes by Algorithm S1; ``steps`` are lambda of position and of size."""
        if not len(found):
            return found
        position, size = steps
        step = found.boxes.new_tensor([position, position, size, size])
        start = torch.zeros_like(found.boxes[:, None])
        refined, _ = refine(self.energy_around(batch, found), start, step, settings.iterations, settings.decay)
        return replace(found, boxes=box_from_relative(refined[:, 0], found.boxes))
