"""Models of p(y|x) for vectors x and y: energies trained by every method, and the baselines they are compared with."""

from ltr.models.regression.methods import METHODS, ComponentCount, SampleCount, build_regressor
from ltr.models.regression.models import (
    EnergyRegressor,
    MixtureRegressor,
    ProposalRegressor,
    QuantileRegressor,
    Regressor,
)

__all__ = [
    "METHODS",
    "ComponentCount",
    "EnergyRegressor",
    "MixtureRegressor",
    "ProposalRegressor",
    "QuantileRegressor",
    "Regressor",
    "SampleCount",
    "build_regressor",
]
