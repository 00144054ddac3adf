"""All trackers there are: each name of a family, ``dimp`` for instance, with what stands behind it."""

from os import PathLike, fspath
from pathlib import Path
from typing import Any

from ltr.utils.errors import InputError
from ltr.utils.files import with_card
from pytracking.parameter.dimp import PARAMETERS as DIMP
from pytracking.parameter.dimp.base import NETWORKS, DiMPParams
from pytracking.parameter.opencv import PARAMETERS as OPENCV
from pytracking.parameter.opencv.base import OpenCVParams
from pytracking.tracker.base.family import Family, Model, Options


def _dimp(params: DiMPParams, options: Options) -> Model:
    from pytracking.tracker.dimp.model import DiMPModel  # late: imports torch, and names can be checked without it

    return DiMPModel(params, options)


def _opencv(params: OpenCVParams, options: Options) -> Model:
    from pytracking.tracker.opencv.model import OpenCVModel

    return OpenCVModel(params, options)


DEFAULT = ("dimp", "dimp_ncep_mobile")
FAMILIES: dict[str, Family] = {
    "dimp": Family(DIMP, _dimp, of_network=DiMPParams),
    "opencv": Family(OPENCV, _opencv),
}


def complete_names(tracker: str, parameter: str | PathLike[str] | None) -> tuple[str, str]:
    """Family and parameters where the second may be left out: then the first may be the name of parameters, too.

    Raises:
        ValueError: neither a family with a default, nor parameters of one, nor a .safetensors network.
    """
    if parameter is not None:
        return tracker, fspath(parameter)
    if tracker == DEFAULT[0]:
        return DEFAULT
    if tracker in FAMILIES:
        raise InputError(f"tracker {tracker} needs parameters: {', '.join(FAMILIES[tracker].parameters)}")
    if tracker.endswith(".safetensors"):
        return DEFAULT[0], tracker
    owners = {name: family for family, members in FAMILIES.items() for name in members.parameters}
    if tracker not in owners:
        raise InputError(f"unknown tracker {tracker!r}; known are {', '.join([*FAMILIES, *owners])}")
    return owners[tracker], tracker


def load_parameters(tracker: str, parameter: str) -> Any:
    """The parameters called ``parameter`` of a family, or those for a network file of your own (``.safetensors``).

    Raises:
        ValueError: no such family or parameters; lists what exists.
    """
    if tracker not in FAMILIES:
        raise InputError(f"unknown tracker {tracker!r}; known are {', '.join(FAMILIES)}")
    family = FAMILIES[tracker]
    if family.of_network and parameter.endswith(".safetensors"):
        return family.of_network(parameter)
    if parameter not in family.parameters:
        files = ", or a path to a .safetensors network" if family.of_network else ""
        raise InputError(
            f"unknown parameters {parameter!r} of tracker {tracker}; known are {', '.join(family.parameters)}{files}"
        )
    return family.parameters[parameter]


def network_files(tracker: str, parameter: str) -> list[Path]:
    """The network that these parameters read, and its card; none for families whose networks are not ours.

    Raises as :func:`load_parameters`; that the files are there is not looked at.
    """
    network = getattr(load_parameters(tracker, parameter), "network", None)
    if network is None:
        return []
    return with_card(Path(network) if network.endswith(".safetensors") else NETWORKS / f"{network}.safetensors")
