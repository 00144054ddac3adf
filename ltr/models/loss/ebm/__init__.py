"""The seven training methods of energy-based regression of Gustafsson et al. (BMVC 2020) and conditional NCE, by name;
and two with a learned proposal (AISTATS 2022)."""

from ltr.models.loss.ebm.base import EBMLoss, Energy, LossOutput
from ltr.models.loss.ebm.importance import KLDIS, MLIS
from ltr.models.loss.ebm.learned_proposal import EBMDN, LearnedProposalLoss, ProposalNCE, needs_no_proposal
from ltr.models.loss.ebm.mlmcmc import MLMCMC
from ltr.models.loss.ebm.nce import NCE, ConditionalNCE, NCEPlus
from ltr.models.loss.ebm.proposals import GaussianMixture, Proposal
from ltr.models.loss.ebm.score_matching import DSM, SM
from ltr.utils.errors import InputError

EBM_LOSSES: dict[str, type[EBMLoss]] = {
    "mlis": MLIS,
    "kldis": KLDIS,
    "mlmcmc": MLMCMC,
    "nce": NCE,
    "sm": SM,
    "dsm": DSM,
    "ncep": NCEPlus,
    "cnce": ConditionalNCE,
}

# They also need a proposal: LearnedProposalLoss.using.
PROPOSAL_LOSSES: dict[str, type[LearnedProposalLoss]] = {"ebmdn": EBMDN, "pnce": ProposalNCE}

# Models without an energy.
REGRESSORS = ("gaussian", "mdn", "quantile")


def build_ebm_loss(name: str, **hyper_parameters: object) -> EBMLoss:
    """The training method ``name``; its hyper-parameters default to those of the paper's Appendix B.4.

    Raises:
        ValueError: no method has this name, or a value is out of range.
        TypeError: the method has no such hyper-parameter.
    """
    if name not in EBM_LOSSES:
        hint = ""
        if name in PROPOSAL_LOSSES:
            hint = f", which also needs a proposal: {PROPOSAL_LOSSES[name].__name__}(num_samples).using(proposal)"
        elif name in REGRESSORS:
            hint = f", a model with a loss of its own: ltr.models.regression.build_regressor({name!r}, inputs, targets)"
        raise InputError(f"loss: expected one of {', '.join(EBM_LOSSES)}, got {name!r}{hint}")
    return EBM_LOSSES[name](**hyper_parameters)


__all__ = [
    "DSM",
    "EBMDN",
    "EBM_LOSSES",
    "KLDIS",
    "MLIS",
    "MLMCMC",
    "NCE",
    "PROPOSAL_LOSSES",
    "REGRESSORS",
    "SM",
    "ConditionalNCE",
    "EBMLoss",
    "Energy",
    "GaussianMixture",
    "LearnedProposalLoss",
    "LossOutput",
    "NCEPlus",
    "Proposal",
    "ProposalNCE",
    "build_ebm_loss",
    "needs_no_proposal",
]
