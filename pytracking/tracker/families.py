"""The families of trackers by name, and how a name on a command line finds one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from ltr.utils.errors import InputError
from ltr.utils.files import PYTORCH_SUFFIXES, import_advice, with_card
from pytracking.parameter.atom import PARAMETERS as ATOM
from pytracking.parameter.atom.base import AtomParams
from pytracking.parameter.dimp import PARAMETERS as DIMP
from pytracking.parameter.dimp.base import DiMPParams, network_path
from pytracking.parameter.dimp.parameter_file import read_parameter_file
from pytracking.parameter.dimp.published import missing_weights
from pytracking.parameter.opencv import PARAMETERS as OPENCV
from pytracking.parameter.opencv.base import OpenCVParams
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.base.tracker import Family, TrackerModel


def _dimp(params: DiMPParams, config: TrackerConfig) -> TrackerModel:
    from pytracking.tracker.dimp.model import DiMPModel  # late: imports torch, and names can be checked without it

    return DiMPModel(params, config)


def _atom(params: AtomParams, config: TrackerConfig) -> TrackerModel:
    from pytracking.tracker.atom.model import AtomModel

    return AtomModel(params, config)


def _opencv(params: OpenCVParams, config: TrackerConfig) -> TrackerModel:
    from pytracking.tracker.opencv.model import OpenCVModel

    return OpenCVModel(params, config)


DEFAULT = ("dimp", "dimp_ncep_mobile")
FAMILIES: dict[str, Family] = {
    "dimp": Family(DIMP, _dimp, of_network=DiMPParams, of_file=read_parameter_file),
    "atom": Family(ATOM, _atom, of_network=AtomParams),
    "opencv": Family(OPENCV, _opencv),
}


def complete(config: TrackerConfig) -> TrackerConfig:
    """``config`` with both names filled in. If ``parameter`` is None, ``tracker`` may name parameters or a network.

    Raises:
        InputError: the name is no family with a default, no parameters and no .safetensors file.
    """
    name = config.tracker
    if config.parameter is not None:
        return config
    if name == DEFAULT[0]:
        return replace(config, parameter=DEFAULT[1])
    if name in FAMILIES:
        raise InputError(f"tracker {name} needs parameters: {', '.join(FAMILIES[name].parameters)}")
    if name.endswith((".safetensors", ".py", *PYTORCH_SUFFIXES)):
        return replace(config, tracker=DEFAULT[0], parameter=name)
    owners = {parameter: family for family, members in FAMILIES.items() for parameter in members.parameters}
    if name not in owners:
        raise InputError(f"unknown tracker {name!r}; known are {', '.join([*FAMILIES, *owners])}")
    return replace(config, tracker=owners[name], parameter=name)


def load_parameters(config: TrackerConfig) -> Any:
    """The parameters that a complete ``config`` names, or those for a ``.safetensors`` network.

    Raises:
        InputError: unknown family or parameters; the message lists the known ones.
    """
    tracker, parameter = config.tracker, str(config.parameter)
    if tracker not in FAMILIES:
        raise InputError(f"unknown tracker {tracker!r}; known are {', '.join(FAMILIES)}")
    family = FAMILIES[tracker]
    if family.of_network and parameter.endswith(".safetensors"):
        return family.of_network(parameter)
    if family.of_file and parameter.endswith(".py"):
        return family.of_file(Path(parameter))
    if parameter.endswith(".py"):
        hint = ", changed by --set, in Python by keywords" if family.of_network else ""
        raise InputError(
            f"{parameter}: parameter files of pytracking are read for the tracker dimp only; "
            f"parameters of tracker {tracker} are {', '.join(family.parameters)}{hint}"
        )
    if family.of_network and parameter.endswith(PYTORCH_SUFFIXES):
        raise InputError(f"{parameter}: expected parameters or a .safetensors network; {import_advice(parameter)}")
    if parameter not in family.parameters:
        files = ", or a path to a .safetensors network" if family.of_network else ""
        raise InputError(
            f"unknown parameters {parameter!r} of tracker {tracker}; known are {', '.join(family.parameters)}{files}"
        )
    return family.parameters[parameter]


def _network_of(config: TrackerConfig) -> str | None:
    """The name or path of the network that a tracker takes; None for a family without networks.

    Raises as :func:`load_parameters`, and InputError for invalid parameters to change.
    """
    config = complete(config)
    params = load_parameters(config)
    return config.override(params).network if FAMILIES[config.tracker].of_network else None


def missing_network(config: TrackerConfig) -> InputError | None:
    """The error that says where to get the published network of ``config``, if it is not there; otherwise None.

    Raises as :func:`load_parameters`, and InputError for invalid parameters to change.
    """
    network = _network_of(config)
    return None if network is None or network_path(network).is_file() else missing_weights(network)


def network_files(config: TrackerConfig) -> list[Path]:
    """The paths of a tracker's network and its card (they may be missing); empty for a family without such networks.

    Raises as :func:`load_parameters`, and InputError for invalid parameters to change.
    """
    network = _network_of(config)
    return [] if network is None else with_card(network_path(network))
