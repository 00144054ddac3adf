"""The tracker without anything that makes it fast: what the fast one must agree with."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.distributions import StudentT

from ltr.models.bbreg.atom_iou_net import FeaturePair, map_pair, modulate
from pytracking.tracker.dimp.torch_functions import TorchFunctions


class PlainFunctions(TorchFunctions):
    """Functions whose boxes are made by the branch's own energy of modulated maps."""

    def _objective(self, maps: FeaturePair, modulation: FeaturePair, first_size: Tensor) -> Callable[[Tensor], Tensor]:
        modulated = modulate(map_pair(lambda feat: feat.permute(2, 0, 1)[None], maps), modulation)

        def energy(boxes: Tensor) -> Tensor:
            values = self.network.bb_regressor.energy(modulated, boxes[None])[0]
            if not self.method.has_prior:
                return values
            log_ratio = (boxes[:, 2:] / first_size).log()
            prior = StudentT(2.0, 0.0, self.refinement.size_spread).log_prob(log_ratio.mean(dim=1))
            prior += StudentT(2.0, 0.0, self.refinement.aspect_spread).log_prob(log_ratio[:, 0] - log_ratio[:, 1])
            return values + prior

        return energy
