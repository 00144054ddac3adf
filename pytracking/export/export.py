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
from ltr.models.card import NetworkCard
from ltr.models.loss.ebm import NCEPlus
from ltr.models.tracking.dimpnet import DiMPnet
from ltr.models.tracking.settings import DiMPnetSettings
from ltr.models.weights import load_network
from ltr.utils.config import to_json
from ltr.utils.errors import InputError
from ltr.utils.files import sha256
from pytracking.export.check_clip import check_clip
from pytracking.export.graphs import Graph, tracker_graphs
from pytracking.export.onnx_files import OPSET, WeightType, import_onnx, write_graphs
from pytracking.export.verify import CHECK
from pytracking.features import augmentation
from pytracking.features.graph_folder import GraphSpec, Manifest
from pytracking.parameter.dimp.base import DiMPParams, minibatches
from pytracking.parameter.dimp.published import find_network
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.dimp import (
    camera_motion,
    distractors,
    far_search,
    identity,
    localization,
    modulation_finetuning,
    posterior_mean,
    rotation,
)
from pytracking.tracker.dimp.backend import of_network
from pytracking.tracker.dimp.dimp import DiMP
from pytracking.tracker.dimp.model import DiMPTracker
from pytracking.tracker.dimp.torch_backend import read_calibration
from pytracking.tracker.dimp.torch_functions import TorchFunctions
from pytracking.tracker.families import complete, load_parameters

FRAME_LOGIC = (
    *(augmentation, camera_motion, distractors, far_search, identity, localization),
    *(modulation_finetuning, posterior_mean, rotation),
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
    network, settings, params, tracker = load_plain(name, weights)
    examples, candidates = examples_of(tracker)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as temporary:
        place = Path(temporary) / folder.name
        place.mkdir()
        for kind, values in zip(("relative", "log_noise"), candidates, strict=True):
            np.save(place / f"candidates_{kind}.npy", values.numpy())
        graphs = tracker_graphs(network, params, settings.crop_side, examples)
        specs = write_graphs(graphs, place, weights)
        if check:
            _write_vectors(graphs, specs, place / CHECK)
            _write_track(tracker, place / CHECK)
        manifest = Manifest(
            network=Path(params.network).stem,
            network_sha256=NetworkCard.read(find_network(params.network)).sha256,
            weights=weights,
            opset=OPSET,
            settings=to_json(settings),
            params={**to_json(params), "network": Path(params.network).stem},
            calibration=None if tracker.dimp.calibration is None else to_json(tracker.dimp.calibration),
            graphs=specs,
            constants=dict(_constants(FRAME_LOGIC)),
            steps=STEPS,
            files={str(f.relative_to(place)): sha256(f) for f in sorted(place.rglob("*")) if f.is_file()},
            versions={each: version(each) for each in ("torch", "onnx", "onnxscript")},
        )
        manifest.write(place)
        place.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)  # empty
        place.rename(folder)
    return manifest


def load_plain(name: str, weights: WeightType) -> tuple[DiMPnet, DiMPnetSettings, DiMPParams, DiMPTracker]:
    """The network as it is trained, batch norms not folded, rounded if ``weights`` are to be float16; its settings, the
    complete parameters, and a tracker on it by plain PyTorch.

    Raises:
        InputError: a network or parameters that the graphs do not cover.
    """
    config = complete(TrackerConfig(name, device="cpu", accelerator="torch"))
    params = load_parameters(config)
    if not isinstance(params, DiMPParams) or config.tracker != "dimp":
        raise InputError(f"{name}: pytracking export writes trackers of dimp; this one needs PyTorch")
    network, settings, card = load_network(find_network(params.network), of_network(params))
    params = params.for_prediction(card.box_prediction)
    found = {"classifier.objective": settings.classifier.objective, "refinement.method": params.refinement.method}
    expected = {"classifier.objective": "hinge", "refinement.method": "mean"}
    if found != expected or not params.refinement.enabled:
        said, wanted = (", ".join(f"{key} {value}" for key, value in each.items()) for each in (found, expected))
        raise InputError(f"{name}: the graphs are for networks with {wanted}; this one ({said}) needs PyTorch")
    if weights == "float16":
        network.half().float()
    network.requires_grad_(False)
    functions = TorchFunctions(network, settings.crop_side, params.refinement, torch.device("cpu"))
    calibration = read_calibration(card, settings, params)
    return network, settings, params, DiMPTracker(DiMP(functions, settings, params, calibration))


def examples_of(tracker: DiMPTracker) -> tuple[dict[str, Tensor], tuple[Tensor, Tensor]]:
    """Inputs of the graphs, from the first frames of the check clip, and the candidates of the box learning for seed 0:
    relative boxes ``[n, M + 1, 4]`` and log-densities ``[n, M + 1]``."""
    frames, box = check_clip()
    tracker.initialize(frames[0], box)
    state, learning = tracker.started, tracker.dimp.params.box_learning
    memory = state.memory
    boxes = torch.from_numpy(memory.boxes[: memory.num_init, 0])
    loss = NCEPlus(learning.sigmas, learning.num_samples, learning.beta)
    relative, log_noise = loss.candidates(torch.zeros(len(boxes), 4), torch.Generator().manual_seed(0))
    part = minibatches(len(boxes), learning)[0]
    (x, y, w, h), settings = box, tracker.dimp.settings
    region = settings.search_region((x + w / 2, y + h / 2), (w, h), state.frame_size)
    crop, _ = tracker.dimp.functions.crop(frames[1], *region)
    examples = {
        "crop": crop[None],
        "boxes": boxes,
        "samples": memory.samples[: memory.num_init],
        "candidates": box_from_relative(relative, boxes[:, None])[part],
        "log_noise": log_noise[part],
    }
    return examples, (relative, log_noise)


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
