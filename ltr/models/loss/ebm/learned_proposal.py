"""Training with a learned proposal q(y|x; phi) (Gustafsson et al., AISTATS 2022): EBMDN, and NCE with its noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Generator, Tensor

from ltr.models.loss.ebm.base import EBMLoss, Energy, LossOutput, require_count
from ltr.models.loss.ebm.importance import log_partition, negative_log_likelihood
from ltr.models.loss.ebm.nce import log_probability_of_first
from ltr.models.loss.ebm.proposals import Proposal
from ltr.utils.errors import InputError


@dataclass(frozen=True)
class LearnedProposalLoss(EBMLoss):
    """A method that trains an energy and its proposal together: ``loss.using(q)(energy, target, generator)``.

    The gradient in the parameters of q goes through its log-density; draws count as constants.

    Args:
        num_samples: M, draws of q per target.
        proposal: q(y|x_i) of the same N inputs as the energy, such as what a mixture density network predicts.
    """

    num_samples: int = 1024
    proposal: Proposal | None = None

    def __post_init__(self) -> None:
        require_count(num_samples=self.num_samples)

    def using(self, proposal: Proposal) -> Self:
        """This method with the proposal of a batch."""
        return replace(self, proposal=proposal)

    def draw(self, generator: Generator | None) -> tuple[Proposal, Tensor]:
        """The proposal and M draws ``[N, M, D]``; ValueError where there is none."""
        if self.proposal is None:
            raise ValueError("proposal: this method needs one; call loss.using(proposal)(energy, target, generator)")
        return self.proposal, self.proposal.sample(self.num_samples, generator)


def needs_no_proposal(name: str, loss: EBMLoss) -> list[str]:
    """What is wrong with the setting ``name`` of a task whose networks have no proposal, one line."""
    if isinstance(loss, LearnedProposalLoss):
        return [f"{name}: {type(loss).__name__} needs a learned proposal, which no network of this task has"]
    return []


@dataclass(frozen=True)
class EBMDN(LearnedProposalLoss):
    """The joint objective of energy and proposal (AISTATS 2022, Section 3)::

        J(theta, phi) = 1/n sum_i log(1/M sum_m exp(f(x_i, y_im)) / q(y_im|x_i; phi)) - f(x_i, y_i),   y_im ~ q

    In theta it is ML-IS (equation (5) of the BMVC paper) with q for the noise around the label; in phi its gradient
    is that of D_KL(p(y|x; theta) || q(y|x; phi)), estimated with the weights of the draws.
    """

    def objective(self, energy: Energy, target: Tensor, generator: Generator | None) -> LossOutput:
        proposal, y = self.draw(generator)
        return negative_log_likelihood(energy, target, y, proposal.log_prob(y))


@dataclass(frozen=True)
class ProposalNCE(LearnedProposalLoss):
    """NCE for the energy with q for its noise, D_KL(p || q) for q, as in the authors' code of AISTATS 2022::

        J(theta) = -1/n sum_i log(exp(g_i0) / sum_{m=0..M} exp(g_im)),   g_im = f(x_i, y_im) - log q(y_im|x_i; phi)
        J(phi)   = 1/n sum_i (1 - w) log(1/M sum_{m=1..M} exp(f(x_i, y_im)) / q(y_im|x_i; phi)) - w log q(y_i|x_i; phi)

    with y_i0 = y_i. Unlike noise around the label, q does not know it, so that the theory of ranking NCE holds for
    every M.

    Args:
        label_weight: w in 0..1, the share of the labels in the training of q; 0.5 is how the authors train a mixture
            density network with an energy for its teacher.
    """

    label_weight: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.label_weight <= 1:
            raise InputError(f"label_weight: expected a number from 0 to 1, got {self.label_weight}")

    def objective(self, energy: Energy, target: Tensor, generator: Generator | None) -> LossOutput:
        proposal, y = self.draw(generator)
        candidates = torch.cat([target[:, None], y], dim=1)
        log_q = proposal.log_prob(candidates)
        energies = energy(candidates)
        log_probability = log_probability_of_first(energies, log_q.detach())
        divergence, effective = log_partition(energies[:, 1:].detach(), log_q[:, 1:])
        of_proposal = (1 - self.label_weight) * divergence - self.label_weight * log_q[:, 0]
        stats = {
            "energy_target": energies[:, 0].mean().item(),
            "probability_target": log_probability.exp().mean().item(),
            "effective_samples": effective,
        }
        return LossOutput((of_proposal - log_probability).mean(), stats)
