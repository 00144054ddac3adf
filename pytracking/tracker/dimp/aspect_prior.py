"""What the first box says about all others: a target keeps its shape more often than not.

An energy that was learned from few data likes some boxes of another shape as well as the right one: face with neck, a
rider with half the bicycle. Each frame alone is a small mistake, but the next one starts from it. So the model's
p(y|x) = exp f(x, y) / Z(x) is multiplied by N(log w / h; that of the first box, sigma^2).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ltr.models.bbreg.atom_iou_net import FeaturePair

Gradient = Callable[[], tuple[Tensor, Tensor]]
MapsEnergy = Callable[[FeaturePair, Tensor, Tensor], tuple[Tensor, Gradient]]
"""As :class:`~ltr.models.bbreg.box_energy.BoxEnergy`: maps, centres, sizes ``[M, 2]`` -> values ``[M]``, gradient."""


def with_aspect_prior(energy: MapsEnergy, log_aspect: float, spread: float) -> MapsEnergy:
    """``energy`` plus the logarithm of the prior, up to a constant.

    Args:
        energy: f and its gradient.
        log_aspect: log (w / h) of the first box.
        spread: sigma > 0.
    """

    def posterior(maps: FeaturePair, centre: Tensor, size: Tensor) -> tuple[Tensor, Gradient]:
        values, gradient = energy(maps, centre, size)
        excess = (size[:, 0] / size[:, 1]).log() - log_aspect

        def posterior_gradient() -> tuple[Tensor, Tensor]:
            in_centre, in_size = gradient()
            pull = excess / spread**2
            return in_centre, in_size + torch.stack([-pull, pull], dim=1) / size

        return values - excess.square() / (2 * spread**2), posterior_gradient

    return posterior
