"""What runs a DiMP tracker: numerical functions with the network, by ONNX graphs where they fit, else by PyTorch."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, get_args

from ltr.models.tracking.settings import DiMPnetSettings
from ltr.utils.cli import TRAINING_HINT
from ltr.utils.config import changed, check, load, to_json
from ltr.utils.errors import InputError
from pytracking.features.gpu import sees_gpu
from pytracking.features.graph_folder import MANIFEST, WEIGHTS, Manifest
from pytracking.features.graph_session import GraphSessions
from pytracking.features.openvino_graph import OpenVinoGraph
from pytracking.features.precision import check_precision, int8_graph
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.parameter.dimp.published import find_network
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.dimp.confidence import Calibration
from pytracking.tracker.dimp.functions import DiMPFunctions
from pytracking.tracker.dimp.graph_functions import GraphFunctions
from pytracking.utils.extras import install_hint, is_installed

Accelerator = Literal["auto", "onnxruntime", "openvino", "torch"]
_IN_GRAPHS = ("refinement", "box_learning.learning_rate", "box_learning.prior")  # parameters that are constants there


@dataclass(frozen=True)
class Backend:
    """A loaded network and the functions on it.

    settings: of the network. params: of the tracker, complete. The rest is said in stamps of results.
    """

    functions: DiMPFunctions
    settings: DiMPnetSettings
    params: DiMPParams
    calibration: Calibration | None
    network_sha256: str
    device: str
    threads: int
    accelerator: str
    versions: Mapping[str, str]


def load_backend(params: DiMPParams, config: TrackerConfig) -> Backend:
    """By ONNX graphs on a CPU if those of the network fit; by PyTorch otherwise, or if ``accelerator`` is torch.

    Raises:
        InputError: unknown accelerator; onnxruntime, and the graphs do not fit.
        ImportError: PyTorch or OpenVINO is needed and not installed; the message says how to install it.
    """
    if config.accelerator not in get_args(Accelerator):
        raise InputError(f"unknown accelerator {config.accelerator!r}; known are {', '.join(get_args(Accelerator))}")
    why = _why_no_graphs(params, config)
    if why is None:
        return _load_graphs(params, config)
    if config.accelerator == "onnxruntime":
        raise InputError(f"accelerator 'onnxruntime': {why}")
    if not is_installed("torch"):
        raise ImportError(f"PyTorch is not installed, and is needed here: {why}: {TRAINING_HINT}")
    from pytracking.tracker.dimp.torch_backend import load_torch  # late: imports torch

    return load_torch(params, config)


def graph_folder(params: DiMPParams) -> Path:
    """Where the graphs of a network lie: in the folder of its name, beside it."""
    return find_network(params.network).with_suffix("")


def of_network(params: DiMPParams) -> dict[str, Any]:
    """The settings of the network that parameters change."""
    given = {name: getattr(params, name) for name in ("search_area", "crop_side", "crop_mode", "max_shrink")}
    return {name: value for name, value in given.items() if value is not None}


def _why_no_graphs(params: DiMPParams, config: TrackerConfig) -> str | None:
    """Why a tracker is not run by graphs; None if it is."""
    if config.accelerator == "torch":
        return "accelerator torch"
    if config.device not in ("auto", "cpu"):
        return f"device {config.device}"
    if config.accelerator == "onnxruntime" and config.precision != "f32":
        return f"it computes in precision f32, not {config.precision}"
    if config.precision in ("bf16", "f16") and _extractor_name(config) != "openvino":
        return f"precision {config.precision} of a CPU without OpenVINO"
    folder, network = graph_folder(params), find_network(params.network)
    if not (folder / MANIFEST).is_file():
        return f"{network.name} has no ONNX graphs beside it (pytracking export makes them)"
    manifest = Manifest.read(folder)
    if not manifest.is_of(network):
        return f"the ONNX graphs in {folder} are of another network than {network.name}"
    wanted, made = (_constants(values) for values in (to_json(params.for_prediction("log_density")), manifest.params))
    side = manifest.settings["crop_side"]
    different = [name for name in made if wanted[name] != made[name]]
    different += ["crop_side"] if params.crop_side not in (None, side) else []
    if different:
        return f"the ONNX graphs of {params.network} are for other values of {', '.join(different)}"
    if not is_installed("onnxruntime"):
        return "onnxruntime is not installed"
    if config.device == "auto" and config.accelerator == "auto" and sees_gpu():
        return "there is a GPU"
    return None


def _constants(values: Any) -> dict[str, Any]:
    """Those of the parameters (JSON values) that are constants in the graphs, by their names."""
    found = {}
    for name in _IN_GRAPHS:
        value = values
        for part in name.split("."):
            value = value[part]
        found[name] = value
    refinement = dict(found["refinement"])
    for free in ("when_uncertain", "enabled", "ascent", "overlap_ascent", "rotation"):
        refinement.pop(free, None)  # graphs made by an older version have fewer
    return {**found, "refinement": refinement}


def _extractor_name(config: TrackerConfig) -> str:
    if config.accelerator != "auto":
        return config.accelerator
    # ONNX Runtime is as fast, starts sooner and takes less memory, but computes in float32 only.
    wanted = config.precision == "int8" or (config.precision != "f32" and is_installed("openvino"))
    return "openvino" if wanted else "onnxruntime"


def _default_threads() -> int:
    """As PyTorch, whose number holds where it is imported."""
    if "torch" in sys.modules:
        return int(sys.modules["torch"].get_num_threads())
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


def _load_graphs(params: DiMPParams, config: TrackerConfig) -> Backend:
    folder = graph_folder(params)
    manifest = Manifest.read(folder)
    manifest.check_files(folder, manifest.graph_files)
    threads = config.threads or _default_threads()
    settings = load(DiMPnetSettings, manifest.settings, f"{folder / MANIFEST}: settings")
    settings = changed(settings, of_network(params), "parameters")
    graphs = GraphSessions(folder, manifest, threads)
    name = _extractor_name(config)
    int8 = int8_graph(find_network(params.network), manifest.network_sha256)
    check_precision(config.precision, name, int8)
    if name == "openvino" and not is_installed("openvino"):
        raise ImportError(f"OpenVINO is not installed, and is needed here: {install_hint('fast')}")
    extractor = None
    if name == "openvino":
        side = settings.crop_side
        files = (folder / manifest.graphs["features"].file, folder / WEIGHTS)
        if config.precision == "int8" and int8 is not None:
            files = (int8, int8.with_suffix(".bin"))
        extractor = OpenVinoGraph.of_files(*files, (1, side, side, 3), threads, config.precision)
    calibration = None
    if manifest.calibration is not None:
        where = f"{folder / MANIFEST}: calibration"
        calibration = load(Calibration, manifest.calibration, where)
        check(calibration, where)
    return Backend(
        GraphFunctions(graphs, settings.crop_side, extractor),
        settings,
        params.for_prediction("log_density"),
        calibration,
        manifest.network_sha256,
        device="cpu",
        threads=threads,
        accelerator=name,
        versions={each: version(each) for each in sorted({"onnxruntime", name})},
    )
