"""All parameters of the ATOM tracker: those of DiMP, for the frame is the same, and those of its classifier.

Comments give the old parameter name, as ``pytracking: NAME``, where it differs and means the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from ltr.utils.config import PositiveFloat, PositiveInt, Range, Width
from pytracking.parameter.dimp.base import AugmentationParams, DiMPParams, MemoryParams, Search


@dataclass(frozen=True)
class AtomClassifierParams:
    """Two layers, learned by Gauss-Newton and conjugate gradient."""

    compressed_dim: Width = 64  # channels between them
    kernel_size: Annotated[int, Range(least=1, most=64)] = 4  # of the second layer, cells
    projection_reg: PositiveFloat = 1e-4  # weight of the first layer's squared norm
    filter_reg: PositiveFloat = 1e-1  # the same of the second
    output_sigma_factor: PositiveFloat = 0.25  # standard deviation of the label, as a fraction of the target's size
    response_floor: PositiveFloat = 0.05  # scores below 0 end there (pytracking: response_activation, ("mlu", 0.05))
    init_gn_iter: PositiveInt = 6  # Gauss-Newton steps in the first frame, which share memory.init_iter (init_GN_iter)


@dataclass(frozen=True)
class AtomParams(DiMPParams):
    """The ATOM tracker. The defaults are for the shipped network; pytracking's are in ``default.py``.

    The memory's ``init_iter``, ``update_iter`` and ``hard_negative_iter`` are steps of conjugate gradient (pytracking:
    init_CG_iter, CG_iter, hard_negative_CG_iter).
    """

    classifier: AtomClassifierParams = field(default_factory=AtomClassifierParams)
    search: Search | None = "near"
    memory: MemoryParams = MemoryParams(size=250, train_skipping=10, init_iter=60, update_iter=5, hard_negative_iter=5)
    augmentation: AugmentationParams = AugmentationParams(
        rotations=(5.0, -5.0, 10.0, -10.0, 20.0, -20.0, 30.0, -30.0, 45.0, -45.0, -60.0, 60.0),
        blurs=((2.0, 0.2), (0.2, 2.0), (3.0, 1.0), (1.0, 3.0), (2.0, 2.0)),
        scales=(),
    )
