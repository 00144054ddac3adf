"""The actor that trains a tracker: target classification (DiMP) and box regression (energy-based model)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ltr.actors.base_actor import BaseActor, Stats
from ltr.data.batch import TrackingBatch
from ltr.data.bounding_box_utils import box_from_relative, box_iou
from ltr.data.drawing import draw_batch
from ltr.models.loss.ebm import EBMLoss
from ltr.models.loss.target_classification import KLRegressionGrid, LBHinge
from ltr.models.tracking.dimpnet import DiMPnet, DiMPOutput
from ltr.refine import refine

PICTURED_SAMPLES = 3


@dataclass(frozen=True)
class TrackingLossWeights:
    """Weights of the parts of the loss; the defaults are those of pytracking's super_dimp."""

    box: float = 0.01
    test_clf: float = 100.0  # scores of the final filter
    init_clf: float = 100.0  # scores of the initializer's filter
    iter_clf: float = 400.0  # mean over the filters in between


class DiMPActor(BaseActor):
    """DiMP's classification loss on the scores of every filter iteration, plus an EBM loss on the boxes.

    The target space is relative to the true box: the target is zero, and the noise scales with the target.

    Args:
        net: the network.
        box_loss: a training method of ``ltr.models.loss.ebm``.
        classification_loss: of scores and labels ``[..., K, K]``.
        weights: of the parts.
    """

    net: DiMPnet

    def __init__(
        self,
        net: DiMPnet,
        box_loss: EBMLoss,
        classification_loss: LBHinge | KLRegressionGrid,
        weights: TrackingLossWeights,
    ) -> None:
        super().__init__(net)
        self.box_loss = box_loss
        self.classification_loss = classification_loss
        self.weights = weights

    def __call__(self, batch: TrackingBatch, generator: torch.Generator) -> tuple[Tensor, Stats]:
        output = self.net(batch.train_images, batch.test_images, batch.train_boxes)
        classification, stats = self._classification(output, batch)
        true_box = batch.test_boxes.reshape(-1, 4)

        def energy(box_rel: Tensor) -> Tensor:
            return output.energy(box_from_relative(box_rel, true_box[:, None]))

        box = self.box_loss(energy, torch.zeros_like(true_box), generator)
        loss = classification + self.weights.box * box.loss
        stats |= {"loss": loss.item(), "loss_box": box.loss.item()}
        return loss, stats | {f"box_{name}": value for name, value in box.stats.items()}

    def _classification(self, output: DiMPOutput, batch: TrackingBatch) -> tuple[Tensor, Stats]:
        losses = [self.classification_loss(scores, batch.test_labels) for scores in output.scores]
        first, last, between = losses[0], losses[-1], losses[1:-1]
        w = self.weights
        total = w.test_clf * last + w.init_clf * first
        if between:
            total = total + w.iter_clf * torch.stack(between).mean()
        return total, {"loss_clf": last.item(), "loss_clf_init": first.item()}

    def pictures(self, batch: TrackingBatch) -> dict[str, np.ndarray]:
        """The crops of a few samples with their boxes, and the scores of the last filter over the test crops."""
        training = self.net.training
        self.net.eval()
        with torch.no_grad():
            on_device = batch.to(next(self.net.parameters()).device)
            scores = self.net(on_device.train_images, on_device.test_images, on_device.train_boxes).scores[-1].cpu()
        self.net.train(training)
        if isinstance(self.classification_loss, KLRegressionGrid):  # log-densities, relative to their peak
            scores = (scores - scores.amax(dim=(-2, -1), keepdim=True)).exp()
        return {"samples": draw_batch(batch.to("cpu"), scores, PICTURED_SAMPLES)}

    def validate(self, batch: TrackingBatch, generator: torch.Generator) -> Stats:
        """Classification loss, hit rate of the peak, and overlap of jittered and of refined boxes."""
        with torch.no_grad():
            output = self.net(batch.train_images, batch.test_images, batch.train_boxes)
            _, stats = self._classification(output, batch)
        true_box = batch.test_boxes.reshape(-1, 4)
        jitter = 0.15 * torch.randn(len(true_box), 8, 4, generator=generator, device=generator.device).to(true_box)
        start = box_from_relative(jitter, true_box[:, None])

        def energy(box_rel: Tensor) -> Tensor:
            return output.energy(box_from_relative(box_rel, start))

        refined, _ = refine(energy, torch.zeros_like(start), step_length=1e-2, num_iterations=10)
        scores, labels = output.scores[-1].flatten(2), batch.test_labels.flatten(2)
        return stats | {
            "hit": labels.gather(2, scores.argmax(2, keepdim=True)).gt(0.25).float().mean().item(),
            "iou_start": box_iou(start, true_box[:, None]).mean().item(),
            "iou_refined": box_iou(box_from_relative(refined, start), true_box[:, None]).mean().item(),
        }
