"""The tracker without anything that makes it fast: what the fast one must agree with."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from ltr.models.bbreg.atom_iou_net import FeaturePair, map_pair, modulate
from ltr.models.loss.ebm.base import energy_gradient
from pytracking.tracker.dimp.dimp import DiMP


class PlainDiMP(DiMP):
    """DiMP whose boxes are made by the branch's own energy of modulated maps by autograd."""

    def _aim(self, modulation: FeaturePair, log_aspect: float) -> None:
        self.modulation, self.log_aspect = modulation, log_aspect
        self.energy = partial(self._slope, modulation)
        self.foresee = self._foresee

    def _slope(
        self, modulation: FeaturePair, maps: FeaturePair, centre: Tensor, size: Tensor
    ) -> tuple[Tensor, Callable[[], tuple[Tensor, Tensor]]]:
        with torch.inference_mode(False):
            # Tensors made in inference mode cannot take part in autograd; their clones can.
            channels_first = map_pair(lambda feat: feat.clone().permute(2, 0, 1)[None], maps)
            modulated = modulate(channels_first, map_pair(torch.clone, modulation))

            def energy(boxes: Tensor) -> Tensor:
                excess = (boxes[..., 2] / boxes[..., 3]).log() - self.log_aspect
                prior = -((excess / self.params.refinement.aspect_spread) ** 2) / 2
                return self.network.bb_regressor.energy(modulated, boxes) + prior

            boxes = torch.cat([centre - size / 2, size], dim=1).clone()
            values, gradient = energy_gradient(energy, boxes[None].requires_grad_())
        return values[0].detach(), lambda: (gradient[0, :, :2], gradient[0, :, 2:] - gradient[0, :, :2] / 2)
