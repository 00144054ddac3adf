"""Parameters of pytracking's DiMP tracker, by their names there, as parameters of this one.

What means the same is taken over, in this tracker's units. An option that this tracker has not is refused by name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ltr.utils.config import Range, changed, check
from ltr.utils.errors import InputError
from pytracking.parameter.dimp.base import DiMPParams

STRIDE = 16  # crop pixels per cell of a score map
PRDIMP_SIGMA = 0.9  # of the label of pytracking's PrDiMP networks, in cells
PEAK = 1 / (2 * math.pi * PRDIMP_SIGMA**2)  # of its density: the probability that counts as a confidence of 1

# Values that are taken over as they are.
_SAME = {
    "image_sample_size": "crop_side",
    "search_area_scale": "search_area",
    "border_mode": "crop_mode",
    "patch_max_scale_change": "max_shrink",
    "sample_memory_size": "memory.size",
    "learning_rate": "memory.learning_rate",
    "hard_negative_learning_rate": "memory.hard_negative_learning_rate",
    "init_samples_minimum_weight": "memory.init_samples_minimum_weight",
    "train_skipping": "memory.train_skipping",
    "net_opt_iter": "memory.init_iter",
    "net_opt_update_iter": "memory.update_iter",
    "net_opt_hn_iter": "memory.hard_negative_iter",
    "distractor_threshold": "localization.distractor_ratio",
    "hard_negative_threshold": "localization.hard_negative_ratio",
    "target_neighborhood_scale": "localization.neighborhood_scale",
    "window_output": "localization.window",
    "random_shift_factor": "augmentation.random_shift",
    "use_iou_net": "refinement.enabled",
    "update_scale_when_uncertain": "refinement.when_uncertain",
}
_AUGMENTATION = {"relativeshift": "crop_shifts", "rotate": "rotations", "blur": "blurs", "scale": "scales"}
# The only values that this tracker has, which are pytracking's defaults but for those of its DiMP files.
_ONLY = {
    "advanced_localization": (True,),
    "update_classifier": (True,),
    "use_classifier": (True,),
    "use_augmentation": (True,),
    "iounet_augmentation": (False,),
    "use_iounet_pos_for_learning": (True,),
    "perform_hn_without_windowing": (True,),
    "use_clipped_window": (False,),
    "use_image_aspect_ratio": (False,),
    "scale_factors": (None, [1], (1,)),
    "score_preprocess": ("softmax", "none"),
    "box_refinement_space": ("relative", "default"),
    "filter_init_zero": (False,),
    "vot_anno_conversion_type": (None, "preserve_area"),  # of masks to boxes, which VOT's toolkit does here
}
# Of no effect on boxes: display, device (--device), what pytracking's DiMP does not read, and the size of the patch
# from which the first frame's samples are made (this tracker's is at least as large).
_WITHOUT_EFFECT = (
    *("debug", "visualization", "use_gpu", "device", "net"),
    *("feature_size_odd", "iounet_use_log_scale", "augmentation_expansion_factor"),
)
_ASCENT = {"box_refinement_iter": "num_iterations", "box_refinement_step_length": "step_length", "iounet_k": "top_k"}
_READ = (  # by the functions below
    *("target_not_found_threshold", "dispalcement_scale", "augmentation", "num_init_random_boxes"),
    *("box_jitter_pos", "box_jitter_sz", "box_refinement_step_decay", "maximal_aspect_ratio"),
)
_NUMBERS = {  # that are computed with
    "image_sample_size": Range(least=1),
    **dict.fromkeys(("target_not_found_threshold", "dispalcement_scale", "distractor_threshold"), Range()),
    **dict.fromkeys(("num_init_random_boxes", "box_jitter_pos", "box_jitter_sz"), Range()),
}


def from_pytracking(values: Mapping[str, Any], network: str, where: str = "parameters of pytracking") -> DiMPParams:
    """The parameters for ``network`` that ``values`` say; what they leave open is as by default here.

    Raises:
        InputError: one message, with the prefix ``where``, lists every option that this tracker has not.
    """
    known = {*_SAME, *_ONLY, *_WITHOUT_EFFECT, *_ASCENT, *_READ}
    found = [
        f"{name}: this tracker has no such option, got {value!r}" for name, value in values.items() if name not in known
    ]
    found += [
        f"{name}: this tracker has {' or '.join(map(repr, accepted))} only, got {values[name]!r}"
        for name, accepted in _ONLY.items()
        if name in values and not any(values[name] == each and type(values[name]) is type(each) for each in accepted)
    ]
    found += [
        f"{name}: expected a finite number{f' of {accepted}' if accepted.least else ''}, got {values[name]!r}"
        for name, accepted in _NUMBERS.items()
        if name in values and not accepted.holds(values[name])
    ]
    augmentation = values.get("augmentation", {})
    if not isinstance(augmentation, Mapping):
        found.append(f"augmentation: expected a table, got {augmentation!r}")
    else:
        found += [
            f"augmentation.{name}: this tracker has no such augmentation, got {value!r}"
            for name, value in augmentation.items()
            if name not in (*_AUGMENTATION, "fliplr", "dropout")
        ]
        dropout = augmentation.get("dropout", (0, 0.2))
        if not isinstance(dropout, list | tuple) or len(dropout) != 2:
            found.append(f"augmentation.dropout: expected two numbers, copies and part, got {dropout!r}")
    if values.get("window_output") is True and values.get("perform_hn_without_windowing") is not True:
        found.append("window_output: this tracker has it with perform_hn_without_windowing True only")
    if values.get("box_refinement_space") == "relative" and values.get("box_refinement_step_decay", 1) != 1:
        found.append("box_refinement_step_decay: this tracker has 1 only, in the relative space")
    if found:
        raise InputError(f"{where}: {'; '.join(found)}")
    tables: dict[str, Any] = {}
    for name, value in values.items():
        if name in _SAME:
            _put(tables, _SAME[name], value)
    _put_all(tables, "localization", _localization(values))
    _put_all(tables, "augmentation", _augmentation(augmentation) if "augmentation" in values else {})
    _put_all(tables, "refinement", _ascent(values))
    params = changed(DiMPParams(network), tables, where)
    check(params, where)
    return params


def _put(tables: dict[str, Any], path: str, value: Any) -> None:
    group, _, name = path.rpartition(".")
    (tables.setdefault(group, {}) if group else tables)[name] = value


def _put_all(tables: dict[str, Any], group: str, fields: Mapping[str, Any]) -> None:
    if fields:
        tables.setdefault(group, {}).update(fields)


def _localization(values: Mapping[str, Any]) -> dict[str, Any]:
    """Thresholds. pytracking has one for all peaks; this tracker's others are raised to it, or 0 where it is 0."""
    made: dict[str, Any] = {}
    if "target_not_found_threshold" in values:
        threshold = values["target_not_found_threshold"]
        threshold = threshold / PEAK if values.get("score_preprocess") == "softmax" else threshold
        made |= {"not_found_threshold": threshold, "uncertain_threshold": threshold}
        made |= (
            {"found_again_threshold": max(threshold, 0.25), "far_threshold": max(threshold, 0.4)}
            if threshold > 0
            else {"found_again_threshold": threshold, "far_threshold": threshold}
        )
    if values.get("distractor_threshold", 0) > 1:  # no two peaks ever compete
        made["swap_ratio"] = values["distractor_threshold"]
    if "dispalcement_scale" in values:  # in half score maps of K cells; here in quarters of K - 1
        cells = values.get("image_sample_size", 18 * STRIDE) / STRIDE + 1
        made["displacement_scale"] = 2 * values["dispalcement_scale"] * cells / (cells - 1)
    return made


def _augmentation(given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of pytracking are all that there are: none of this tracker's own is left."""
    made: dict[str, Any] = {ours: [] for ours in (*_AUGMENTATION.values(), "shifts")}
    made |= {_AUGMENTATION[name]: value for name, value in given.items() if name in _AUGMENTATION}
    copies, part = given.get("dropout", (0, 0.2))
    return {**made, "flip": given.get("fliplr", False), "dropout_copies": copies, "dropout": part}


def _ascent(values: Mapping[str, Any]) -> dict[str, Any]:
    """Of the ascent that works in the space of the values: of an energy in relative space, otherwise of an overlap."""
    relative = values.get("box_refinement_space") == "relative"
    made = {ours: values[theirs] for theirs, ours in _ASCENT.items() if theirs in values}
    if "num_init_random_boxes" in values:
        made["num_boxes"] = values["num_init_random_boxes"] + 1
    width = 1 / math.sqrt(12) if relative else 1  # a uniform density there; here a normal one for energies
    for theirs, ours in (("box_jitter_pos", "position_jitter"), ("box_jitter_sz", "size_jitter")):
        if theirs in values:
            made[ours] = values[theirs] * width
    if not relative:
        names = {"box_refinement_step_decay": "step_decay", "maximal_aspect_ratio": "max_aspect"}
        made |= {ours: values[theirs] for theirs, ours in names.items() if theirs in values}
    return {("ascent" if relative else "overlap_ascent"): made} if made else {}
