"""Export of a tracker: its network and parameters as ONNX graphs, with all that a port needs and can be checked by."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from ltr.data.bounding_box_utils import box_from_relative
from ltr.models.loss.ebm import NCEPlus
from ltr.models.tracking.dimpnet import DiMPnet
from ltr.models.tracking.settings import DiMPnetSettings
from ltr.models.weights import load_network
from ltr.utils.config import to_json
from ltr.utils.errors import InputError
from pytracking.export.check_clip import check_clip
from pytracking.export.graphs import Graph, tracker_graphs
from pytracking.export.onnx_files import OPSET, WeightType, import_onnx, write_graphs
from pytracking.export.verify import CHECK
from pytracking.features import augmentation
from pytracking.features.graph_folder import GraphSpec, Manifest, digest_of
from pytracking.features.net_wrappers import find_network
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.dimp import (
    camera_motion,
    distractors,
    far_search,
    identity,
    localization,
    modulation_finetuning,
    posterior_mean,
)
from pytracking.tracker.dimp.dimp import DiMP
from pytracking.tracker.dimp.model import DiMPModel, DiMPTracker
from pytracking.tracker.dimp.torch_functions import TorchFunctions
from pytracking.tracker.families import complete, load_parameters

FRAME_LOGIC = (
    *(augmentation, camera_motion, distractors, far_search, identity, localization),
    *(modulation_finetuning, posterior_mean),
)
STEPS = (
    "Boxes are (x, y, w, h): left, top, width, height in pixels; pixel i covers i..i + 1. Frames are RGB uint8.",
    "Search region: a square around the box's center, side search_area * sqrt(w h) image pixels, resized to crop_side"
    " (ltr/data/crop.py). scale = side / crop_side; x_crop = (x - center) / scale + crop_side / 2.",
    "factor = max(1, round(scale)); the image is cut with a margin of 2 factor pixels around the region, within the"
    " image; if factor > 1, its border is repeated to whole blocks and factor x factor blocks are averaged"
    " (OpenCV resize, INTER_AREA).",
    "Then one bilinear warp (OpenCV warpAffine, INTER_LINEAR | WARP_INVERSE_MAP, BORDER_REPLICATE): crop pixel i reads"
    " at start + scale / factor i, start = (center + scale (0.5 - crop_side / 2) - first pixel) / factor - 0.5.",
    "The network takes the crop as it is, uint8: normalization is in the graph.",
    "First frame: the plain crop and its augmentations (pytracking/features/augmentation.py), one call of features for"
    " each; modulation, from the plain crop; num_iter times finetune_step, minibatch j of num_parts has the crops j,"
    " j + num_parts, ...; candidate boxes are candidates_relative.npy relative to each crop's box: center + (dx, dy)"
    " (w, h), size (w, h) exp(dw, dh); modulation * (1 + box_learning.weight * changes).",
    "Then energy at the first box (refine's third output), filter_init and init_iter times filter_step with equal"
    " weights.",
    "Each frame: features, classify (the learned filter, the first frame's filter), localization, refine, memory, and"
    " filter_step every train_skipping frames (pytracking/tracker/dimp/dimp.py).",
)


def export(name: str, folder: Path, weights: WeightType = "float16", check: bool = True) -> Manifest:
    """Write the tracker ``name`` (parameters, or a .safetensors network) into ``folder``, which must be new or empty.

    Args:
        name: as on the command line of the tracker.
        folder: made if it is missing; complete, or not there.
        weights: how they are stored. ``float16`` rounds those of a network with others.
        check: also write check vectors of every graph, and the boxes of a clip.

    Raises:
        InputError: a network or parameters that the graphs do not cover, or a folder that holds something.
        ImportError: a package of the extra ``export`` is missing.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: is there already; expected a new or an empty folder")
    import_onnx()
    network, settings, params, model = _load(name, weights)
    tracker = _torch_tracker(network, settings, params, model)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as temporary:
        place = Path(temporary) / folder.name
        place.mkdir()
        graphs = tracker_graphs(network, params, settings.crop_side, _examples(tracker, place))
        specs = write_graphs(graphs, place, weights)
        if check:
            _write_vectors(graphs, specs, place / CHECK)
            _write_track(tracker, place / CHECK)
        manifest = Manifest(
            network=Path(params.network).stem,
            network_sha256=model.card.sha256,
            weights=weights,
            opset=OPSET,
            settings=to_json(settings),
            params={**to_json(params), "network": Path(params.network).stem},
            calibration=None if model.dimp.calibration is None else to_json(model.dimp.calibration),
            graphs=specs,
            constants=dict(_constants(FRAME_LOGIC)),
            steps=STEPS,
            files={str(f.relative_to(place)): digest_of(f) for f in sorted(place.rglob("*")) if f.is_file()},
            versions={each: version(each) for each in ("torch", "onnx", "onnxscript")},
        )
        manifest.write(place)
        place.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)  # empty
        place.rename(folder)
    return manifest


def _load(name: str, weights: WeightType) -> tuple[DiMPnet, DiMPnetSettings, DiMPParams, DiMPModel]:
    """The network as it is trained, batch norms not folded; its settings, the parameters, and the loaded tracker."""
    config = complete(TrackerConfig(name, device="cpu", accelerator="torch"))
    params = load_parameters(config)
    if not isinstance(params, DiMPParams) or config.tracker != "dimp":
        raise InputError(f"{name}: pytracking export writes trackers of dimp; this one needs PyTorch")
    model = DiMPModel(params, config)
    params, settings = model.params, model.dimp.settings
    found = {"classifier.objective": settings.classifier.objective, "refinement.method": params.refinement.method}
    expected = {"classifier.objective": "hinge", "refinement.method": "mean"}
    if found != expected or not params.refinement.enabled:
        said = ", ".join(f"{key} {value}" for key, value in found.items())
        wanted = ", ".join(f"{key} {value}" for key, value in expected.items())
        raise InputError(f"{name}: the graphs are for networks with {wanted}; this one ({said}) needs PyTorch")
    changes = {"crop_side": settings.crop_side, "search_area": settings.search_area}
    network, _, _ = load_network(find_network(params.network), changes)
    if weights == "float16":
        network.half().float()
    return network.requires_grad_(False), settings, params, model


def _torch_tracker(network: DiMPnet, settings: DiMPnetSettings, params: DiMPParams, model: DiMPModel) -> DiMPTracker:
    device = torch.device("cpu")
    functions = TorchFunctions(network, settings.crop_side, params.refinement, device)
    return DiMPTracker(DiMP(functions, settings, params, model.dimp.calibration), device)


def _examples(tracker: DiMPTracker, folder: Path) -> dict[str, Tensor]:
    """Inputs of the graphs, from the first frames of the check clip. Writes the candidates of the box learning."""
    frames, box = check_clip()
    tracker.initialize(frames[0], box)
    memory, params, side = tracker.started.memory, tracker.dimp.params, tracker.dimp.settings.crop_side
    boxes = torch.from_numpy(memory.boxes[: memory.num_init, 0])
    learning = params.box_learning
    loss = NCEPlus(learning.sigmas, learning.num_samples, learning.beta)
    relative, log_noise = loss.candidates(torch.zeros(len(boxes), 4), torch.Generator().manual_seed(0))
    np.save(folder / "candidates_relative.npy", relative.numpy())
    np.save(folder / "candidates_log_noise.npy", log_noise.numpy())
    part = modulation_finetuning.minibatches(len(boxes), learning)[0]
    center, scale = tracker.dimp._search_region(tracker.started.box, tracker.started.frame_size)
    crop, _ = tracker.dimp.functions.crop(frames[1], center, scale)
    assert crop.shape[0] == side
    return {
        "crop": crop[None],
        "boxes": boxes,
        "samples": memory.samples[: memory.num_init],
        "candidates": box_from_relative(relative, boxes[:, None])[part],
        "log_noise": log_noise[part],
    }


def _write_vectors(graphs: list[Graph], specs: Mapping[str, GraphSpec], folder: Path) -> None:
    for graph in graphs:
        place = folder / graph.name
        place.mkdir(parents=True)
        for name, value in graph.inputs.items():
            np.save(place / f"{name}.npy", value.numpy())
        for name, value in zip(specs[graph.name].outputs, graph.run().values(), strict=True):
            np.save(place / f"{name}.npy", value.numpy())


def _write_track(tracker: DiMPTracker, folder: Path) -> None:
    """The clip's frames, and PyTorch's boxes on them."""
    (folder / "clip").mkdir(parents=True)
    frames, box = check_clip()
    for number, frame in enumerate(frames):
        cv2.imwrite(str(folder / "clip" / f"{number:04}.png"), frame[..., ::-1])
    tracker.initialize(frames[0], box)
    with (folder / "clip.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("frame", "x", "y", "w", "h", "score", "state"))
        table.writerow((0, *box, 1.0, "tracking"))
        for number, frame in enumerate(frames[1:], start=1):
            output = tracker.track(frame)
            table.writerow((number, *output.box, output.score, output.state))


def _constants(modules: tuple[ModuleType, ...]) -> dict[str, Any]:
    """The constants of modules that are numbers."""
    return {
        f"{module.__name__.rpartition('.')[2]}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, int | float)
    }
