"""What one does with a trained energy f(x, y), y in up to 4 dimensions: normalize, sample, score.

Everything works on N inputs at once, and draws from a given generator.
"""

from ltr.models.density.adaptive import adapted_proposal
from ltr.models.density.mala import Chains, mala
from ltr.models.density.mixture import Mixture
from ltr.models.density.normalize import bridge_points, grid_points, importance_points
from ltr.models.density.points import Estimate, Points, coverage
from ltr.models.density.target import MAX_DIMENSIONS, Domain, UnnormalizedDensity

__all__ = [
    "MAX_DIMENSIONS",
    "Chains",
    "Domain",
    "Estimate",
    "Mixture",
    "Points",
    "UnnormalizedDensity",
    "adapted_proposal",
    "bridge_points",
    "coverage",
    "grid_points",
    "importance_points",
    "mala",
]
