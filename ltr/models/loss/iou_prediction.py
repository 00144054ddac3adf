"""The box loss of ATOM and DiMP: the box branch predicts the overlap of a box with the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Generator, Tensor

from ltr.data.bounding_box_utils import box_from_relative, box_iou
from ltr.models.bbreg.prediction import BoxPrediction
from ltr.models.loss.ebm.base import EBMLoss, Energy, LossOutput, require_count
from ltr.models.loss.ebm.proposals import GaussianMixture, Sigmas


@dataclass(frozen=True)
class IoUPrediction(EBMLoss):
    """Mean square of f(x, y_im) - (2 IoU(y_im, y_i) - 1), y_im from a mixture of Gaussians around y_i (Bhat et al.,
    ICCV 2019, section 3.5; Danelljan et al., CVPR 2019, section 3.2).

    For targets in the relative space of boxes, ``[N, 4]``: the overlap does not depend on the reference box. ATOM
    redraws boxes of an overlap below 0.1; here all draws count.

    Args:
        sigmas: standard deviations of the components, of equal weight.
        num_samples: M, draws per target.
    """

    trains: ClassVar[BoxPrediction] = "overlap"

    sigmas: Sigmas = (0.01, 0.05, 0.1, 0.2, 0.3)
    num_samples: int = 8

    def __post_init__(self) -> None:
        GaussianMixture(self.sigmas)
        require_count(num_samples=self.num_samples)

    def objective(self, energy: Energy, target: Tensor, generator: Generator | None) -> LossOutput:
        if target.shape[1] != 4:
            raise ValueError(f"target: expected boxes [N, 4], got {list(target.shape)}")
        y = GaussianMixture(self.sigmas).sample(target, self.num_samples, generator)
        unit = torch.tensor([0.0, 0.0, 1.0, 1.0], dtype=y.dtype, device=y.device)
        iou = box_iou(box_from_relative(y, unit), box_from_relative(target, unit)[:, None])
        error = energy(y) - (2 * iou - 1)
        return LossOutput(error.square().mean(), {"iou_error": error.abs().mean().item() / 2})
