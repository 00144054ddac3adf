"""DiMP's loss on score maps."""

import torch
from torch import Tensor
from torch.nn import functional as F


class LBHinge:
    """Squared error near the target, hinge elsewhere (DiMP, eq. 7 with a fixed mask).

    Where the label exceeds ``threshold`` the residual is score - label, elsewhere max(0, score):
    a background score only costs once it is positive.
    """

    def __init__(self, threshold: float = 0.05) -> None:
        self.threshold = threshold

    def __call__(self, scores: Tensor, label: Tensor) -> Tensor:
        """Scores and labels ``[..., K, K]`` -> mean squared residual, a scalar."""
        positive = label > self.threshold
        return F.mse_loss(torch.where(positive, scores, scores.relu()), torch.where(positive, label, 0.0))
