"""Checkpoints as pytracking writes them: the same keys, classes and names, with weights of a network of ours."""

import contextlib
import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from ltr.models.bbreg.atom_iou_net import AtomIoUNetSettings
from ltr.models.tracking.dimpnet import DiMPnet
from ltr.models.tracking.settings import DiMPnetSettings
from ltr.train_settings.dimp import SETTINGS

CLASSES = ("model_constructor.NetConstructor", "settings.Settings", "local.EnvironmentSettings", "stats.AverageMeter")
SMALL_HEADS = {"out_feature_dim": 256, "iou_input_dim": (8, 8), "iou_inter_dim": (8, 8)}


@contextlib.contextmanager
def pytracking_classes(package: str = "ltr.admin") -> Iterator[dict[str, type]]:
    """pytracking's classes under the names that its pickles refer to; in the oldest, dlframework.common.utils."""
    made, before = {}, dict(sys.modules)
    try:
        for path in CLASSES:
            name, _, class_name = path.partition(".")
            module = sys.modules.setdefault(f"{package}.{name}", ModuleType(f"{package}.{name}"))
            made[class_name] = type(class_name, (), {"__module__": module.__name__})
            setattr(module, class_name, made[class_name])
        parts = package.split(".")
        for n in range(1, len(parts) + 1):
            sys.modules.setdefault(".".join(parts[:n]), ModuleType(".".join(parts[:n])))
        yield made
    finally:
        for name in set(sys.modules) - set(before):
            del sys.modules[name]


def filled(cls: type, **attributes: Any) -> Any:
    """An object with these attributes."""
    made = cls()
    vars(made).update(attributes)
    return made


def constructor_arguments(name: str) -> tuple[str, dict[str, Any]]:
    """Function and keywords with which pytracking's training ``name`` builds its network."""
    if name == "atom":
        return "atom_resnet18", {"backbone_pretrained": True}
    depth, sigma = ("18" if name.endswith("18") else "50"), 0.25 / 6 * 22 if name == "super_dimp" else 0.25 / 5 * 18
    common = {"filter_size": 4, "backbone_pretrained": True, "optim_iter": 5, "clf_feat_norm": True, "final_conv": True}
    if depth == "50":
        common |= {"clf_feat_blocks": 0, "out_feature_dim": 512}
    if name.startswith("prdimp"):
        own = {"optim_init_step": 1.0, "optim_init_reg": 0.05, "optim_min_reg": 0.05, "gauss_sigma": sigma}
        own |= {"alpha_eps": 0.05, "normalize_label": True, "init_initializer": "zero"}
        return f"klcedimpnet{depth}", {**common, **own}
    own = {"optim_init_step": 0.9, "optim_init_reg": 0.1, "init_gauss_sigma": sigma, "num_dist_bins": 100}
    own |= {"bin_displacement": 0.1, "mask_init_factor": 3.0, "target_mask_act": "sigmoid", "score_act": "relu"}
    if name == "super_dimp":
        own["frozen_backbone_layers"] = ["conv1", "bn1", "layer1", "layer2"]
    return f"dimpnet{depth}", {**common, **own}


def training_settings(name: str) -> dict[str, Any]:
    """Attributes of the settings of pytracking's training ``name``; the border mode is not among them."""
    feature_sz, area = (22, 6.0) if name == "super_dimp" else (18, 5.0)
    return {
        "module_name": "dimp",
        "script_name": name,
        "project_path": f"dimp/{name}",
        "search_area_factor": area,
        "output_sigma_factor": 1 / 4,
        "target_filter_sz": 4,
        "feature_sz": feature_sz,
        "output_sz": feature_sz * 16,
        "center_jitter_factor": {"train": 3, "test": 4.5},
        "device": torch.device("cpu"),
    }


def slim(name: str) -> DiMPnetSettings:
    """The settings of ``name`` with a slim box branch, as SMALL_HEADS say it."""
    network = SETTINGS[name].network
    branch = AtomIoUNetSettings(pred_input_dim=8, pred_inter_dim=8)
    return replace(network, box_branch=branch, classifier=replace(network.classifier, feature_dim=256))


def whole_state(network: DiMPnet) -> dict[str, Tensor]:
    """Its weights, and those of the ResNet that only pytracking has."""
    rest = {"feature_extractor.layer4.0.conv1.weight": torch.zeros(2), "feature_extractor.fc.bias": torch.zeros(3)}
    return OrderedDict({**network.state_dict(), **rest})


def write_checkpoint(
    path: Path,
    name: str,
    state: Mapping[str, Tensor],
    zipped: bool = True,
    package: str = "ltr.admin",
    settings: Mapping[str, Any] | None = None,
    more: Mapping[str, Any] | None = None,
    **keywords: Any,
) -> Path:
    """The checkpoint of training ``name`` with the weights ``state``.

    settings, keywords: of the training and of the constructor, over their own. more: further items of the file.
    """
    function, own = constructor_arguments(name)
    with pytracking_classes(package) as classes:
        made = filled(
            classes["NetConstructor"],
            fun_name=function,
            fun_module=f"{package.removesuffix('.admin').removesuffix('.common.utils')}.models.tracking.dimpnet",
            args=(),
            kwds={**own, **keywords},
        )
        environment = filled(classes["EnvironmentSettings"], workspace_dir="/home/someone", lasot_dir="")
        meter = filled(classes["AverageMeter"], val=0.1, avg=0.2, sum=0.3, count=4)
        training = {**training_settings(name), **(settings or {})}
        content = {
            "epoch": 50,
            "actor_type": {"atom": "AtomActor", "dimp18": "DiMPActor", "dimp50": "DiMPActor"}.get(name, "KLDiMPActor"),
            "net_type": "DiMPnet",
            "net": OrderedDict(state),
            "net_info": None,
            "constructor": made,
            "optimizer": {"state": {0: {"step": 3, "exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 2e-4}]},
            "stats": OrderedDict(train=OrderedDict({"Loss/total": meter})),
            "settings": filled(classes["Settings"], env=environment, use_gpu=True, **training),
        }
        torch.save({**content, **(more or {})}, path, _use_new_zipfile_serialization=zipped)
    return path
