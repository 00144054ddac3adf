"""The training methods of Table 2, with the hyper-parameters of Appendix C.2 and the step lengths of Table S1; and two
with a learned proposal."""

from __future__ import annotations

from dataclasses import dataclass

from ltr.models.loss.ebm import DSM, EBMDN, KLDIS, MLIS, MLMCMC, NCE, EBMLoss, NCEPlus, ProposalNCE

PROPOSAL = (0.0375, 0.075, 0.15)  # sigma_k of q, K = 3; in relative box space
NOISE = (0.075, 0.15, 0.3)  # sigma_k of p_N
NUM_SAMPLES = 128  # M
COMPONENTS = 4  # K of a learned proposal


@dataclass(frozen=True)
class Method:
    """A training method, and its lambda of position and of size for refinement."""

    loss: EBMLoss
    step_position: float
    step_size: float


METHODS: dict[str, Method] = {
    "mlis": Method(MLIS(PROPOSAL, NUM_SAMPLES), 0.0004, 0.0016),
    "mlmcmc-1": Method(MLMCMC(1, 1e-5, NUM_SAMPLES), 0.000025, 0.0001),
    "mlmcmc-4": Method(MLMCMC(4, 1e-5, NUM_SAMPLES), 0.000025, 0.0001),
    "mlmcmc-8": Method(MLMCMC(8, 1e-5, NUM_SAMPLES), 0.000025, 0.0001),
    "kldis": Method(KLDIS(PROPOSAL, 0.0225, NUM_SAMPLES), 0.0004, 0.0016),
    "nce": Method(NCE(NOISE, NUM_SAMPLES), 0.0004, 0.0016),
    "dsm": Method(DSM(0.075, NUM_SAMPLES), 0.000025, 0.0001),
    "ncep": Method(NCEPlus(NOISE, NUM_SAMPLES, 0.1), 0.0008, 0.0032),
    # Not in the paper (AISTATS 2022); the step lengths are those of NCE. In four dimensions a proposal that follows a
    # flat energy alone loses the boxes, so labels teach it, too.
    "ebmdn": Method(EBMDN(NUM_SAMPLES), 0.0004, 0.0016),
    "pnce": Method(ProposalNCE(NUM_SAMPLES, label_weight=0.5), 0.0004, 0.0016),
}
