"""Models of p(y|x) for vectors x and y: energies trained by every method, and the baselines they are compared with."""

from ltr.models.regression.methods import METHODS, build_regressor
from ltr.models.regression.models import (
    EnergyRegressor,
    MixtureRegressor,
    ProposalRegressor,
    QuantileRegressor,
    Regressor,
)

__all__ = [
    "METHODS",
    "EnergyRegressor",
    "MixtureRegressor",
    "ProposalRegressor",
    "QuantileRegressor",
    "Regressor",
    "build_regressor",
]
