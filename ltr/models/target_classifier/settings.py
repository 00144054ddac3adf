"""Settings of the filter's optimizer. Needs no torch."""

from dataclasses import dataclass
from typing import Annotated

from ltr.utils.config import PositiveFloat, Range, Width


@dataclass(frozen=True)
class FilterOptimizerSettings:
    """Initial values of the learned parts of the filter's loss, and the number of steps."""

    num_iter: Annotated[int, Range(least=0, most=1000)] = 5  # steepest-descent steps in training
    init_step_length: PositiveFloat = 0.9  # factor on the optimal step
    init_filter_reg: PositiveFloat = 0.1  # weight of the squared norm of the filter is its square
    min_filter_reg: PositiveFloat = 1e-3
    num_dist_bins: Width = 100
    bin_displacement: PositiveFloat = 0.1  # width of a distance bin, in cells of the score map
    mask_init_factor: float = 3.0
