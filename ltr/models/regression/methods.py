"""The methods by name."""

from __future__ import annotations

import re

from ltr.models.loss.ebm import EBM_LOSSES, PROPOSAL_LOSSES, REGRESSORS, SM
from ltr.models.regression.models import (
    EnergyRegressor,
    MixtureRegressor,
    ProposalRegressor,
    QuantileRegressor,
    Regressor,
)
from ltr.utils.config import MAX_COMPONENTS
from ltr.utils.errors import InputError

WITH_COMPONENTS = (*PROPOSAL_LOSSES, "mdn")
METHODS = (*EBM_LOSSES, *PROPOSAL_LOSSES, *REGRESSORS)


def build_regressor(
    name: str, inputs: int, targets: int, hidden: int = 32, num_samples: int = 128, components: int = 4
) -> Regressor:
    """A model with fresh weights from torch's default generator.

    Args:
        name: one of ``METHODS``; a method with a mixture also as ``mdn-16``, with its number of components, up to 256.
        inputs, targets: dimensions of x and y.
        hidden: width of the layers.
        num_samples: M of the methods that draw.
        components: K of a mixture, where the name has none.

    Raises:
        InputError: no method has this name, or it cannot do several targets.
    """
    match = re.fullmatch(rf"({'|'.join(WITH_COMPONENTS)})-([1-9][0-9]{{0,2}})", name)
    if match and int(match[2]) <= MAX_COMPONENTS:
        name, components = match[1], int(match[2])
    if name not in METHODS:
        raise InputError(
            f"methods: expected some of {', '.join(METHODS)} "
            f"(with K components, 1 to {MAX_COMPONENTS}: mdn-K, ebmdn-K, pnce-K), got {name!r}"
        )
    if name == "quantile":
        if targets > 1:
            raise InputError(f"methods: quantile regression has one target, not {targets}; leave quantile out")
        return QuantileRegressor(inputs, hidden)
    if name in ("gaussian", "mdn"):
        return MixtureRegressor(inputs, targets, hidden, 1 if name == "gaussian" else components)
    if name in PROPOSAL_LOSSES:
        return ProposalRegressor(PROPOSAL_LOSSES[name](num_samples), inputs, targets, hidden, components)
    method = EBM_LOSSES[name]
    loss = method() if method is SM else method(num_samples=num_samples)  # type: ignore[call-arg]
    return EnergyRegressor(loss, inputs, targets, hidden)
