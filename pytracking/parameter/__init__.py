"""Named parameters of the trackers: ``load_parameters("dimp", "dimp_ncep_mobile")``."""

from pytracking.parameter.dimp import PARAMETERS as DIMP
from pytracking.parameter.dimp.base import DiMPParams

TRACKERS: dict[str, dict[str, DiMPParams]] = {"dimp": DIMP}


def load_parameters(tracker: str, parameter: str) -> DiMPParams:
    """The parameters called ``parameter`` of a tracker, or a network file of your own (``.safetensors``).

    Raises:
        ValueError: no such tracker or parameters; lists what exists.
    """
    if tracker not in TRACKERS:
        raise ValueError(f"unknown tracker {tracker!r}; known are {', '.join(TRACKERS)}")
    known = TRACKERS[tracker]
    if parameter.endswith(".safetensors"):
        return DiMPParams(network=parameter)
    if parameter not in known:
        raise ValueError(
            f"unknown parameters {parameter!r} of tracker {tracker}; known are {', '.join(known)}, "
            "or a path to a .safetensors network"
        )
    return known[parameter]
