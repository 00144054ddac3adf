"""Named parameters of the ATOM tracker."""

from pytracking.parameter.atom.base import AtomParams

PARAMETERS: dict[str, AtomParams] = {
    # No ATOM of the paper: trunk and box branch (a log-density) of the network that comes with the toolkit.
    "atom_mobile": AtomParams(network="dimp_ncep_mobile"),
    "atom_default": AtomParams(network="atom"),  # pytracking's parameter/atom/default.py
}
