"""Losses on score maps: DiMP's and PrDiMP's."""

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


class KLRegressionGrid:
    """KL divergence of the scores' softmax from the label, without the label's entropy (PrDiMP, eq. 7 on a grid).

    The label is normalized to sum to one: -sum_c p_c s_c + log sum_c exp(s_c).
    """

    def __call__(self, scores: Tensor, label: Tensor) -> Tensor:
        """Scores and labels ``[..., K, K]`` (labels >= 0, not all zero) -> the mean over maps, a scalar."""
        scores, density = scores.flatten(-2), label.flatten(-2)
        density = density / density.sum(dim=-1, keepdim=True)
        return (scores.logsumexp(dim=-1) - (density * scores).sum(dim=-1)).mean()
