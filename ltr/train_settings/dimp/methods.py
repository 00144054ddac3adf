"""The box losses of a tracker by name, as compared in the paper."""

from __future__ import annotations

from dataclasses import dataclass

from ltr.models.loss.ebm import DSM, KLDIS, MLIS, MLMCMC, NCE, EBMLoss, NCEPlus
from ltr.models.loss.iou_prediction import IoUPrediction

# Gustafsson et al., D.2: relative box space, K = 2, M = 128.
TRACKING_SIGMAS = (0.05, 0.5)
NUM_SAMPLES = 128


@dataclass(frozen=True)
class BoxMethod:
    """A loss of the boxes, and its weight relative to the classification loss."""

    loss: EBMLoss
    weight: float = 0.01


# KLD-IS, NCE and NCE+ are D.2's, the overlap is DiMP's. The paper trains no tracker with the other three: ML-IS has the
# proposal of KLD-IS, ML-MCMC and DSM have the values of Appendix C.2, for boxes in the same space.
BOX_METHODS: dict[str, BoxMethod] = {
    "iou": BoxMethod(IoUPrediction(), 1.0),
    "kldis": BoxMethod(KLDIS(TRACKING_SIGMAS, 0.05, NUM_SAMPLES)),
    "nce": BoxMethod(NCE(TRACKING_SIGMAS, NUM_SAMPLES)),
    "ncep": BoxMethod(NCEPlus(TRACKING_SIGMAS, NUM_SAMPLES, 0.1)),
    "mlis": BoxMethod(MLIS(TRACKING_SIGMAS, NUM_SAMPLES)),
    "mlmcmc": BoxMethod(MLMCMC(1, 1e-5, NUM_SAMPLES)),
    "dsm": BoxMethod(DSM(0.075, NUM_SAMPLES)),
}
