"""From a checkpoint of pytracking to a network of this toolkit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ltr.admin.pytracking_file import StandIn, read_file, tensors
from ltr.admin.pytracking_networks import (
    CONSTRUCTORS,
    OF_TRAINING,
    PUBLISHED,
    architecture,
    box_prediction,
    own_names,
    published_name,
    with_crop,
)
from ltr.models.bbreg.prediction import BoxPrediction
from ltr.models.build import build_network
from ltr.models.tracking.settings import DiMPnetSettings
from ltr.models.weights import NetworkCard, load_weights, save_network, sha256
from ltr.utils.errors import InputError, printable_errors

_WEIGHTS = ("net", "state_dict", "model")  # where files hold them, pytracking's name first
_AVERAGES = ("net_ema", "ema_net", "ema", "model_ema", "state_dict_ema")
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@dataclass(frozen=True)
class Checkpoint:
    """What a file of pytracking holds."""

    weights: dict[str, Tensor]
    averaged: bool  # whether they are the running average
    other: str  # name of the weights that were not taken; "" if there are no others
    constructor: Mapping[str, Any]  # attributes of the NetConstructor; empty for weights alone
    settings: Mapping[str, Any]  # attributes of the training's settings that are read
    actor: str  # class of the training's actor
    epoch: int | None


def read_checkpoint(path: Path, ema: bool = False) -> Checkpoint:
    """Read ``path``; raises as :func:`~ltr.admin.pytracking_file.read_file`, and InputError if it holds no weights."""
    content = read_file(path)
    if not isinstance(content, dict):
        kind = "a whole model" if isinstance(content, StandIn) else type(content).__name__
        raise InputError(f"{path}: expected a checkpoint of pytracking, or named weights, got {kind}")
    plain, averages = _first(content, _WEIGHTS), _first(content, _AVERAGES)
    alone = tensors(content)
    if alone is not None:
        plain = ("weights alone", alone)
    chosen, other = (averages, plain) if ema or plain is None else (plain, averages)
    if chosen is None:
        wanted = f"running average ({', '.join(_AVERAGES)})" if ema and plain else f"weights ({', '.join(_WEIGHTS)})"
        held = (key if isinstance(key, str) else type(key).__name__ for key in list(content)[:10])
        raise InputError(f"{path}: holds no {wanted}, but {', '.join(held) or 'nothing'}")
    info = {} if alone is not None else content
    epoch, made, training = info.get("epoch"), _attributes(info.get("constructor")), _attributes(info.get("settings"))
    args, kwds = made.get("args", ()), made.get("kwds", {})
    if not isinstance(args, list | tuple) or not isinstance(kwds, dict):
        raise InputError(f"{path}: the arguments of its constructor are damaged")
    _check_plain(made, ("fun_name", "fun_module"), f"{path}: constructor")
    _check_plain({**dict(enumerate(args, 1)), **kwds}, (*range(1, len(args) + 1), *kwds), f"{path}: argument")
    _check_plain(training, OF_TRAINING, f"{path}: settings")
    _check_plain(info, ("actor_type",), f"{path}: checkpoint")
    return Checkpoint(
        weights=chosen[1],
        averaged=chosen is averages,
        other=other[0] if other else "",
        constructor=made,
        settings={name: training[name] for name in OF_TRAINING if name in training},
        actor=str(info.get("actor_type", "")),
        epoch=epoch if isinstance(epoch, int) else None,
    )


def _first(content: Mapping[Any, Any], names: tuple[str, ...]) -> tuple[str, dict[str, Tensor]] | None:
    found = ((name, tensors(content.get(name))) for name in names)
    return next(((name, weights) for name, weights in found if weights is not None), None)


def _attributes(value: object) -> Mapping[str, Any]:
    if isinstance(value, StandIn):
        value = vars(value)
    return value if isinstance(value, dict) else {}


def _check_plain(values: Mapping[Any, Any], names: Iterable[Any], where: str) -> None:
    """InputError names those of ``names`` whose values are more than numbers, texts and flat lists of them."""
    scalar = (type(None), bool, int, float, str)
    found = []
    for name in names:
        value = values.get(name)
        items = value if isinstance(value, list | tuple) else [value]
        if not isinstance(name, str | int) or not all(isinstance(item, scalar) for item in items):
            found.append(str(name) if isinstance(name, str | int) else type(name).__name__)
    if found:
        shown = ", ".join(found[:5])
        raise InputError(f"{where} {shown}: expected numbers, texts, or lists of them")


def _check_weights(weights: Mapping[str, Tensor], where: Path) -> None:
    """InputError names the weights that are no plain numbers in memory."""
    found = [
        f"{name} ({value.dtype}, {value.layout}, {value.device.type})".replace("torch.", "")
        for name, value in weights.items()
        if value.is_nested
        or value.layout != torch.strided
        or value.device.type != "cpu"
        or value.dtype not in (*_FLOATS, *((torch.int64,) if name.endswith("num_batches_tracked") else ()))
    ]
    if found:
        raise InputError(
            f"{where}: expected weights that are dense tensors of float16, bfloat16, float32 or float64 on the CPU, "
            f"got {', '.join(found[:5])}" + (f" and {len(found) - 5} more" if len(found) > 5 else "")
        )


def network_settings(path: Path, checkpoint: Checkpoint, like: str) -> tuple[DiMPnetSettings, str]:
    """The settings of the network in ``path``, and the published network that it is ("" if it is none of them)."""
    made, training = checkpoint.constructor, checkpoint.settings
    if like and like not in PUBLISHED:
        raise InputError(f"--like {like}: expected one of {', '.join(PUBLISHED)}")
    script = str(training.get("script_name") or str(training.get("project_path", "")).rpartition("/")[2])
    name = like or published_name(script, path)
    if made:
        function = str(made.get("fun_name"))
        _check_like(like, script, function, path)
        args, kwds = tuple(made.get("args", ())), made.get("kwds", {})
        network = architecture(function, str(made.get("fun_module", "")), args, kwds, str(path))
        return with_crop(network, training, name, str(path)), name
    if "bb_regressor.iou_predictor.weight" not in checkpoint.weights:
        shown = ", ".join(list(checkpoint.weights)[:3])
        raise InputError(f"{path}: not the weights of DiMP, SuperDiMP, PrDiMP or ATOM (bb_regressor): {shown}")
    if not name:
        raise InputError(
            f"{path}: weights alone; give --like NAME, the published network that it is: {', '.join(PUBLISHED)}"
        )
    network, _ = PUBLISHED[name]
    if network.classifier.objective == "online":
        return network, name
    # The label in cells, which other crops do not change.
    return replace(network, classifier=replace(network.classifier, label_sigma=network.label_sigma)), name


def _check_like(like: str, script: str, function: str, path: Path) -> None:
    """InputError if the file itself says that its network is not ``like``."""
    other_training = script in PUBLISHED and script != like
    objective = CONSTRUCTORS[function].objective if function in CONSTRUCTORS else ""
    if like and (other_training or (objective and objective != PUBLISHED[like][0].classifier.objective)):
        said = script if other_training else f"a network of {function}"
        raise InputError(f"--like {like}: {path} says that it is {said}; leave --like out, or name what it is like")


@printable_errors()
def write_network(file: Path, out: Path, like: str = "", ema: bool = False) -> str:
    """Write the network in ``file`` and its card to ``out``; what was found, as text.

    Args:
        like: the published network that it is, for files that do not say it.
        ema: take the running average of the weights.

    Raises:
        InputError: the file is refused or damaged, or its network cannot be built here; one line says why.
    """
    checkpoint = read_checkpoint(file, ema)
    settings, name = network_settings(file, checkpoint, like)
    _check_weights(checkpoint.weights, file)
    network = build_network(settings)
    state = own_names(checkpoint.weights, network.state_dict())
    load_weights(network, state, file)
    broken = [part for part, value in state.items() if not value.isfinite().all()]
    if broken:
        raise InputError(f"{file}: weights that are not finite: {', '.join(broken[:5])}")
    prediction = box_prediction(checkpoint.actor, name)
    source = {
        "toolkit": "pytracking",
        "file": file.name,
        "sha256": sha256(file),
        "published": name or None,
        "constructor": checkpoint.constructor.get("fun_name"),
        "training": checkpoint.settings.get("project_path"),
        "epoch": checkpoint.epoch,
        "averaged": checkpoint.averaged or None,
    }
    said = {key: value for key, value in source.items() if isinstance(value, str | int)}
    card = NetworkCard(box_branch_predicts=prediction, more={"source": said})
    save_network(network, settings, out, card, torch.float32)
    return _summary(out, checkpoint, settings, name, prediction)


def _summary(out: Path, checkpoint: Checkpoint, settings: DiMPnetSettings, name: str, prediction: BoxPrediction) -> str:
    lines = [
        f"{out}: {name or 'a network'} of pytracking, {settings.backbone}",
        f"crops of {settings.crop_side} px and {settings.search_area:g} target sizes, border {settings.crop_mode}; "
        f"label of {settings.label_sigma:g} cells; boxes by their {prediction.replace('_', '-')}",
    ]
    if checkpoint.other:
        kind = "weights without averaging" if checkpoint.averaged else "a running average, which --ema takes"
        lines.append(f"the file also holds {checkpoint.other}: {kind}")
    return "\n".join(lines)
