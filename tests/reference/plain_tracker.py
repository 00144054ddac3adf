"""The tracker without anything that makes it fast: what the fast one must agree with."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.distributions import StudentT

from ltr.models.bbreg.atom_iou_net import FeaturePair, map_pair, modulate
from ltr.models.loss.ebm.base import energy_gradient
from pytracking.tracker.dimp.box_ascent import BoxSlope, Gradient
from pytracking.tracker.dimp.dimp import DiMP


class PlainDiMP(DiMP):
    """DiMP whose boxes are made by the branch's own energy of modulated maps by autograd."""

    def _aim(self, modulation: FeaturePair) -> None:
        self.modulation = modulation
        self.foresee = self._foresee

    def _posterior(self, maps: FeaturePair, first_size: Tensor) -> BoxSlope:
        return partial(self._slope, maps, first_size)

    def _slope(self, maps: FeaturePair, first_size: Tensor, centre: Tensor, size: Tensor) -> tuple[Tensor, Gradient]:
        with torch.inference_mode(False):
            # Tensors made in inference mode cannot take part in autograd; their clones can.
            channels_first = map_pair(lambda feat: feat.clone().permute(2, 0, 1)[None], maps)
            modulated = modulate(channels_first, map_pair(torch.clone, self.modulation))
            first, refinement = first_size.clone(), self.params.refinement

            def energy(boxes: Tensor) -> Tensor:
                log_ratio = (boxes[..., 2:] / first).log()
                prior = StudentT(2.0, 0.0, refinement.size_spread).log_prob(log_ratio.mean(dim=-1))
                prior += StudentT(2.0, 0.0, refinement.aspect_spread).log_prob(log_ratio[..., 0] - log_ratio[..., 1])
                return self.network.bb_regressor.energy(modulated, boxes) + prior

            boxes = torch.cat([centre - size / 2, size], dim=1).clone()
            values, gradient = energy_gradient(energy, boxes[None].requires_grad_())
        return values[0].detach(), lambda: (gradient[0, :, :2], gradient[0, :, 2:] - gradient[0, :, :2] / 2)
