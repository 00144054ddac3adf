"""The seven training methods of energy-based regression of Gustafsson et al. (BMVC 2020), by name."""

from ltr.models.loss.ebm.base import EBMLoss, Energy, LossOutput
from ltr.models.loss.ebm.importance import KLDIS, MLIS
from ltr.models.loss.ebm.mlmcmc import MLMCMC
from ltr.models.loss.ebm.nce import NCE, NCEPlus
from ltr.models.loss.ebm.proposals import GaussianMixture
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
}


def build_ebm_loss(name: str, **hyper_parameters: object) -> EBMLoss:
    """The training method ``name``; its hyper-parameters default to those of the paper's Appendix B.4.

    Raises:
        ValueError: no method has this name, or a value is out of range.
        TypeError: the method has no such hyper-parameter.
    """
    if name not in EBM_LOSSES:
        raise InputError(f"loss: expected one of {', '.join(EBM_LOSSES)}, got {name!r}")
    return EBM_LOSSES[name](**hyper_parameters)


__all__ = [
    "DSM",
    "EBM_LOSSES",
    "KLDIS",
    "MLIS",
    "MLMCMC",
    "NCE",
    "SM",
    "EBMLoss",
    "Energy",
    "GaussianMixture",
    "LossOutput",
    "NCEPlus",
    "build_ebm_loss",
]
