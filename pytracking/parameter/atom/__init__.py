"""Named parameters of the ATOM tracker."""

from pytracking.parameter.atom.base import AtomParams
from pytracking.parameter.atom.default import DEFAULT

PARAMETERS: dict[str, AtomParams] = {
    # No ATOM of the paper: trunk and box branch (a log-density) of the network that comes with the toolkit.
    "atom_mobile": AtomParams(network="dimp_ncep_mobile"),
    "atom_default": DEFAULT,
}
