"""Models of p(y|x), each with its training loss and its density up to a constant."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Generator, Tensor, nn

from ltr.models.density.mixture import Mixture
from ltr.models.loss.ebm import EBMLoss, Energy, LearnedProposalLoss
from ltr.models.regression.heads import MixtureHead, QuantileHead, pinball, quantile_log_density
from ltr.models.regression1d import RegressionNet1D


class Regressor(nn.Module, ABC):
    """A model of p(y|x) for ``x [N, inputs]`` and ``y [N, targets]``, both standardized."""

    @abstractmethod
    def loss(self, x: Tensor, y: Tensor, generator: Generator) -> Tensor:
        """The training loss of a batch, a scalar."""

    @abstractmethod
    def log_density(self, x: Tensor) -> Energy:
        """log p(y|x) + c(x) as a function of ``y [N, M, targets]``: ``[N, M]``."""

    def proposal(self, x: Tensor) -> Mixture | None:
        """A second prediction, by a mixture of Gaussians, if the model has one."""
        del x
        return None


class EnergyRegressor(Regressor):
    """An energy, trained by a method that draws around the label."""

    def __init__(self, method: EBMLoss, inputs: int, targets: int, hidden: int) -> None:
        super().__init__()
        self.method = method
        self.net = RegressionNet1D(hidden, inputs, targets)

    def loss(self, x: Tensor, y: Tensor, generator: Generator) -> Tensor:
        return self.method(self.log_density(x), y, generator).loss

    def log_density(self, x: Tensor) -> Energy:
        features = self.net.features(x)
        return lambda y: self.net.energy(features, y)


class ProposalRegressor(EnergyRegressor):
    """An energy and its learned proposal, a mixture on the same features, which it does not train (AISTATS 2022)."""

    method: LearnedProposalLoss

    def __init__(self, method: LearnedProposalLoss, inputs: int, targets: int, hidden: int, components: int) -> None:
        super().__init__(method, inputs, targets, hidden)
        self.head = MixtureHead(hidden, components, targets)

    def proposal(self, x: Tensor) -> Mixture:
        return self.head(self.net.features(x).mT.detach())

    def loss(self, x: Tensor, y: Tensor, generator: Generator) -> Tensor:
        return self.method.using(self.proposal(x))(self.log_density(x), y, generator).loss


def _features(inputs: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())


class MixtureRegressor(Regressor):
    """A mixture density network, trained by maximum likelihood; with one component Gaussian regression."""

    def __init__(self, inputs: int, targets: int, hidden: int, components: int) -> None:
        super().__init__()
        self.net = nn.Sequential(_features(inputs, hidden), MixtureHead(hidden, components, targets))

    def loss(self, x: Tensor, y: Tensor, generator: Generator) -> Tensor:
        del generator
        return -self.log_density(x)(y[:, None]).mean()

    def log_density(self, x: Tensor) -> Energy:
        return self.net(x).log_prob  # type: ignore[no-any-return]


class QuantileRegressor(Regressor):
    """Quantile regression of one number at 19 levels, trained by the pinball loss."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.features, self.head = _features(inputs, hidden), QuantileHead(hidden)

    def loss(self, x: Tensor, y: Tensor, generator: Generator) -> Tensor:
        del generator
        return pinball(self.head(self.features(x)), self.head.levels, y).mean()

    def log_density(self, x: Tensor) -> Energy:
        quantiles = self.head(self.features(x))
        return lambda y: quantile_log_density(quantiles, self.head.levels, y[..., 0])
