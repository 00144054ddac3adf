"""Networks of pytracking in this toolkit's settings: constructors and their arguments, and what trainings say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from ltr.models.backbone.base import LAYERS
from ltr.models.bbreg.prediction import BoxPrediction
from ltr.models.tracking.settings import ClassifierSettings, DiMPnetSettings
from ltr.train_settings.dimp import SETTINGS
from ltr.utils.config import changed, check
from ltr.utils.errors import InputError

_ATOM_NETWORK = DiMPnetSettings(
    backbone="resnet18",
    frozen_layers=LAYERS,
    search_area=5.0,
    crop_side=288,
    classifier=ClassifierSettings(objective="online"),
)
# By the name of pytracking's training, and what the box branch predicts. Those of DiMP are trainings here, too.
PUBLISHED: dict[str, tuple[DiMPnetSettings, BoxPrediction]] = {
    **{
        name: (SETTINGS[name].network, SETTINGS[name].box_loss.trains)
        for name in ("dimp18", "dimp50", "super_dimp", "prdimp18", "prdimp50", "dimp_nce", "dimp_ncep")
    },
    "atom": (_ATOM_NETWORK, "overlap"),
    "atom_prob_ml": (_ATOM_NETWORK, "log_density"),
    "atom_gmm_sampl": (_ATOM_NETWORK, "log_density"),
}
_FILES = {"atom_default": "atom"}  # published under another name

_COMMON = {
    "filter_size": 1,
    "optim_iter": 5,
    "optim_init_step": 1.0,
    "optim_init_reg": 0.01,
    "classification_layer": "layer3",
    "feat_stride": 16,
    "backbone_pretrained": True,
    "clf_feat_blocks": 1,
    "clf_feat_norm": True,
    "init_filter_norm": False,
    "final_conv": True,
    "out_feature_dim": 256,
}
_BOXES = {"iou_input_dim": (256, 256), "iou_inter_dim": (256, 256)}
_DIMP = {
    **_COMMON,
    "init_gauss_sigma": 1.0,
    "num_dist_bins": 5,
    "bin_displacement": 1.0,
    "mask_init_factor": 4.0,
    **_BOXES,
    "score_act": "relu",
    "act_param": None,
    "target_mask_act": "sigmoid",
    "detach_length": float("inf"),
    "frozen_backbone_layers": (),
}
_PRDIMP = {
    **_COMMON,
    "gauss_sigma": 1.0,
    **_BOXES,
    "detach_length": float("inf"),
    "alpha_eps": 0.0,
    "train_feature_extractor": True,
    "init_uni_weight": None,
    "optim_min_reg": 1e-3,
    "init_initializer": "default",
    "normalize_label": False,
    "label_shrink": 0,
    "softmax_reg": None,
    "label_threshold": 0,
    "final_relu": False,
    "init_pool_square": False,
    "frozen_backbone_layers": (),
}
_OF_50 = {"clf_feat_blocks": 0, "out_feature_dim": 512}
_ATOM = {**_BOXES, "backbone_pretrained": True}


@dataclass(frozen=True)
class Constructor:
    """A function of pytracking that builds a network: its arguments in order, with their defaults."""

    backbone: str
    objective: str  # of the classifier
    arguments: Mapping[str, Any]


CONSTRUCTORS = {
    "dimpnet18": Constructor("resnet18", "hinge", _DIMP),
    "dimpnet50": Constructor("resnet50", "hinge", {**_DIMP, **_OF_50}),
    "klcedimpnet18": Constructor("resnet18", "kl", _PRDIMP),
    "klcedimpnet50": Constructor("resnet50", "kl", {**_PRDIMP, **_OF_50}),
    "atom_resnet18": Constructor("resnet18", "online", _ATOM),
    "atom_resnet50": Constructor("resnet50", "online", _ATOM),
}
# Of the other arguments, those that change what a network computes, at the only values that this toolkit has.
_ONLY = {
    "classification_layer": ("layer3", ["layer3"]),
    "feat_stride": (16,),
    "clf_feat_norm": (True,),
    "init_filter_norm": (False,),
    "final_conv": (True,),
    "score_act": ("relu",),
    "target_mask_act": ("sigmoid",),
    "alpha_eps": (0.05,),
    "init_uni_weight": (None,),
    "normalize_label": (True,),
    "label_shrink": (0,),
    "softmax_reg": (None,),
    "label_threshold": (0,),
    "final_relu": (False,),
    "init_pool_square": (False,),
}
_CROP = {  # where a training's settings say it; pytracking's own name the border mode elsewhere
    "search_area": "search_area_factor",
    "crop_side": "output_sz",
    "crop_mode": "crop_type",
    "max_shrink": "max_scale_change",
}
# What is read of a training's settings.
OF_TRAINING = ("script_name", "project_path", "output_sigma_factor", *_CROP.values())
# Trackers whose networks are of another kind, by a part of their constructors' names and modules.
OTHERS = {
    "dimpnet50_simple": "SuperDiMP-simple",
    "dimpnet18_simple": "DiMP-simple",
    "L2dimpnet": "DiMP with an L2 loss",
    "kys": "KYS",
    "tomp": "ToMP",
    "tamos": "TaMOs",
    "rts": "RTS",
    "lwtl": "LWTL",
    "lwl": "LWL",
    "steepest_descent_resnet": "LWL",
    "sta": "STA",
    "target_candidate": "KeepTrack",
    "keep": "KeepTrack",
}


def architecture(name: str, module: str, args: tuple[Any, ...], kwds: Mapping[str, Any], where: str) -> DiMPnetSettings:
    """The settings of a network that pytracking's function ``name`` builds; crop and border are not among them.

    Raises:
        InputError: the function is another one, or an argument is unknown or of a value that cannot be built here.
    """
    if name not in CONSTRUCTORS:
        tracker = next((text for part, text in OTHERS.items() if part in f"{module}.{name}"), "")
        raise InputError(
            f"{where}: a network of pytracking's {name}{f', {tracker},' if tracker else ''} cannot be imported; "
            f"those of {', '.join(CONSTRUCTORS)} (DiMP, SuperDiMP, PrDiMP, ATOM) can"
        )
    constructor = CONSTRUCTORS[name]
    given = {**dict(zip(constructor.arguments, args, strict=False)), **kwds}
    values = {**constructor.arguments, **given}
    found = [f"{argument}: unknown" for argument in values if argument not in constructor.arguments]
    found += [
        f"{argument}: expected {accepted[0]!r}, got {values[argument]!r}"
        for argument, accepted in _ONLY.items()
        if argument in values and values[argument] not in accepted
    ]
    found += [
        f"{argument}: expected one number twice, got {values[argument]!r}"
        for argument in _BOXES
        if not isinstance(values[argument], list | tuple) or len(set(values[argument])) != 1
    ]
    if found:
        raise InputError(f"{where}: {name} with arguments that this toolkit has not: {'; '.join(found)}")
    return _settings(constructor, values, f"{where}: {name}")


def _settings(constructor: Constructor, values: Mapping[str, Any], where: str) -> DiMPnetSettings:
    frozen = values.get("frozen_backbone_layers", "all")
    if frozen == "all" or not values.get("train_feature_extractor", True):
        frozen = LAYERS
    classifier = {
        "num_blocks": "clf_feat_blocks",
        "feature_dim": "out_feature_dim",
        "filter_size": "filter_size",
        "label_sigma": "gauss_sigma" if constructor.objective == "kl" else "init_gauss_sigma",
    }
    optimizer = {
        "num_iter": "optim_iter",
        "init_step_length": "optim_init_step",
        "init_filter_reg": "optim_init_reg",
        "min_filter_reg": "optim_min_reg",
        **{name: name for name in ("num_dist_bins", "bin_displacement", "mask_init_factor")},
    }
    settings = changed(
        DiMPnetSettings(),
        {
            "backbone": constructor.backbone,
            "frozen_layers": [layer for layer in LAYERS if isinstance(frozen, list | tuple) and layer in frozen],
            "classifier": {
                **{ours: values[theirs] for ours, theirs in classifier.items() if theirs in values},
                "objective": constructor.objective,
                "optimizer": {ours: values[theirs] for ours, theirs in optimizer.items() if theirs in values},
            },
            "box_branch": {
                "pred_input_dim": values["iou_input_dim"][0],
                "pred_inter_dim": values["iou_inter_dim"][0],
            },
        },
        where,
    )
    check(settings, where)
    return settings


def published_name(script: str, file: Path) -> str:
    """Which of ``PUBLISHED`` a network is, by the name of its training or of its file; "" if it is none of them."""
    stem = file.name.split(".")[0].lower()
    return next((name for name in (script, _FILES.get(stem, stem)) if name in PUBLISHED), "")


def with_crop(network: DiMPnetSettings, settings: Mapping[str, Any], name: str, where: str) -> DiMPnetSettings:
    """``network`` with the crop of its training: as its ``settings`` say, otherwise as the published one ``name``.

    Raises:
        InputError: neither says it, or the settings hold no numbers.
    """
    known = PUBLISHED[name][0] if name else None
    taken: dict[str, Any] = {}
    for field, theirs in _CROP.items():
        value = settings.get(theirs)
        if value is not None:
            taken[field] = value
        elif known is not None:
            taken[field] = getattr(known, field)
        elif field in ("search_area", "crop_side"):
            raise InputError(
                f"{where}: the file does not say on which crops the network was trained ({theirs}); "
                f"give --like NAME, the published network that it is like: {', '.join(PUBLISHED)}"
            )
    factor = settings.get("output_sigma_factor")
    if factor is not None:
        taken["classifier"] = {"output_sigma_factor": factor}
    settled = changed(network, taken, f"{where}: settings")
    check(settled, f"{where}: settings")
    return settled


def box_prediction(actor: str, name: str) -> BoxPrediction:
    """What the box branch predicts: by the class of the training's actor, otherwise as in the published training."""
    by_actor: dict[str, BoxPrediction] = {
        "DiMPActor": "overlap",
        "AtomActor": "overlap",
        "KLDiMPActor": "log_density",
        "AtomBBKLActor": "log_density",
    }
    return by_actor.get(actor) or (PUBLISHED[name][1] if name else "log_density")


def own_names(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that a network of this toolkit has: without the rest of the ResNet, in single precision."""
    kept = {
        name: value.float() if value.is_floating_point() else value
        for name, value in state.items()
        if not name.startswith(("feature_extractor.layer4.", "feature_extractor.fc."))
    }
    # Counters that files from before torch 0.4.1 do not hold.
    missing = {name: value for name, value in expected.items() if name.endswith("num_batches_tracked")}
    return {**missing, **kept}
