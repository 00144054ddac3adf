"""All trackers there are: each name of a family, ``dimp`` for instance, with what stands behind it."""

from typing import Any

from pytracking.parameter.dimp import PARAMETERS as DIMP
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.parameter.opencv import PARAMETERS as OPENCV
from pytracking.tracker.base.family import Family
from pytracking.tracker.dimp.model import DiMPModel
from pytracking.tracker.opencv.model import OpenCVModel

FAMILIES: dict[str, Family] = {
    "dimp": Family(DIMP, DiMPModel, of_network=DiMPParams),
    "opencv": Family(OPENCV, OpenCVModel),
}


def load_parameters(tracker: str, parameter: str) -> Any:
    """The parameters called ``parameter`` of a family, or those for a network file of your own (``.safetensors``).

    Raises:
        ValueError: no such family or parameters; lists what exists.
    """
    if tracker not in FAMILIES:
        raise ValueError(f"unknown tracker {tracker!r}; known are {', '.join(FAMILIES)}")
    family = FAMILIES[tracker]
    if family.of_network and parameter.endswith(".safetensors"):
        return family.of_network(parameter)
    if parameter not in family.parameters:
        files = ", or a path to a .safetensors network" if family.of_network else ""
        raise ValueError(
            f"unknown parameters {parameter!r} of tracker {tracker}; known are {', '.join(family.parameters)}{files}"
        )
    return family.parameters[parameter]
