"""The parameters of pytracking's trackers by name, in its own names and values, and where their networks are had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ltr.utils.errors import InputError
from pytracking.parameter.dimp.base import NETWORKS, DiMPParams, network_path
from pytracking.parameter.dimp.from_pytracking import from_pytracking

MODEL_ZOO = "https://github.com/visionml/pytracking/blob/master/MODEL_ZOO.md"
WEIGHTS = {  # files of the model zoo, by the names of the networks that they become; none for what has no file there
    "dimp18": "dimp18.pth",
    "dimp50": "dimp50.pth",
    "prdimp18": "prdimp18.pth.tar",
    "prdimp50": "prdimp50.pth.tar",
    "super_dimp": "super_dimp.pth.tar",
    "atom": "atom_default.pth",
    "dimp_ncep": "",
}

_SHIFTS = [(0.6, 0.6), (-0.6, 0.6), (0.6, -0.6), (-0.6, -0.6)]
_ROTATIONS_VOT = [5, -5, 10, -10, 20, -20, 30, -30, 45, -45, -60, 60]
_BLURS_VOT = [(2, 0.2), (0.2, 2), (3, 1), (1, 3), (2, 2)]

# What pytracking's DiMP and ATOM have in common:
FRAME: dict[str, Any] = {
    "random_shift_factor": 1 / 3,
    "target_not_found_threshold": 0.25,
    "distractor_threshold": 0.8,
    "hard_negative_threshold": 0.5,
    "target_neighborhood_scale": 2.2,
    "dispalcement_scale": 0.8,
    "hard_negative_learning_rate": 0.02,
    "update_scale_when_uncertain": True,
    "iounet_k": 3,
    "num_init_random_boxes": 9,
    "box_jitter_pos": 0.1,
    "box_jitter_sz": 0.5,
    "maximal_aspect_ratio": 6,
    "box_refinement_iter": 5,
    "box_refinement_step_length": 1,
    "box_refinement_step_decay": 1,
}
_DIMP: dict[str, Any] = {
    "image_sample_size": 18 * 16,
    "search_area_scale": 5,
    "sample_memory_size": 50,
    "learning_rate": 0.01,
    "init_samples_minimum_weight": 0.25,
    "train_skipping": 20,
    "net_opt_iter": 10,
    "net_opt_update_iter": 2,
    "net_opt_hn_iter": 1,
    "window_output": False,
    "augmentation": {
        "fliplr": True,
        "rotate": [10, -10, 45, -45],
        "blur": [(3, 1), (1, 3), (2, 2)],
        "relativeshift": _SHIFTS,
        "dropout": (2, 0.2),
    },
    **FRAME,
}
_RELATIVE = {"box_refinement_space": "relative", "box_refinement_iter": 10, "box_refinement_step_length": 2.5e-3}
_LARGE = {
    "image_sample_size": 22 * 16,
    "search_area_scale": 6,
    "border_mode": "inside_major",
    "patch_max_scale_change": 1.5,
}
_SOFTMAX = {"score_preprocess": "softmax", "target_not_found_threshold": 0.04}
_VOT18: dict[str, Any] = {
    "image_sample_size": 14 * 16,
    "search_area_scale": 4,
    "sample_memory_size": 250,
    "learning_rate": 0.0075,
    "init_samples_minimum_weight": 0.0,
    "train_skipping": 10,
    "net_opt_iter": 25,
    "net_opt_update_iter": 3,
    "net_opt_hn_iter": 3,
    "window_output": True,
    "perform_hn_without_windowing": True,
    "augmentation": {
        "fliplr": True,
        "rotate": _ROTATIONS_VOT,
        "blur": _BLURS_VOT,
        "relativeshift": _SHIFTS,
        "dropout": (7, 0.2),
    },
    "target_not_found_threshold": 0.0,
    "distractor_threshold": 100,
    "hard_negative_threshold": 0.45,
    "dispalcement_scale": 0.7,
}
_VOT19: dict[str, Any] = {
    "image_sample_size": 16 * 16,
    "search_area_scale": 4.5,
    "sample_memory_size": 100,
    "net_opt_iter": 15,
    "net_opt_update_iter": 2,
    "net_opt_hn_iter": 2,
    "augmentation": {
        "fliplr": True,
        "rotate": [-5, 10, -30, 60],
        "blur": [(2, 0.2), (1, 3)],
        "relativeshift": [(0.6, 0.6), (-0.6, -0.6)],
        "dropout": (3, 0.2),
    },
    "box_refinement_iter": 3,
}
_PRDIMP50_VOT18 = {
    "learning_rate": 0.01,
    "train_skipping": 1,
    "net_opt_update_iter": 1,
    "net_opt_hn_iter": 1,
    "distractor_threshold": 99_999,
    "hard_negative_threshold": 999_999,
    "score_preprocess": "softmax",  # there: none; the window weighs scores, here confidences
}

VALUES: dict[str, tuple[str, dict[str, Any]]] = {  # network, and pytracking's values
    "dimp18": ("dimp18", _DIMP),
    "dimp50": ("dimp50", _DIMP),
    "prdimp18": ("prdimp18", {**_DIMP, **_SOFTMAX, **_RELATIVE}),
    "prdimp50": ("prdimp50", {**_DIMP, **_SOFTMAX, **_RELATIVE, **_LARGE}),
    "super_dimp": ("super_dimp", {**_DIMP, **_RELATIVE, **_LARGE}),
    "dimp_ncep": ("dimp_ncep", {**_DIMP, **_RELATIVE, **_LARGE}),
    "dimp18_vot18": ("dimp18", {**_DIMP, **_VOT18}),
    "dimp50_vot18": ("dimp50", {**_DIMP, **_VOT18}),
    "dimp50_vot19": ("dimp50", {**_DIMP, **_VOT18, **_VOT19}),
    "prdimp50_vot18": ("prdimp50", {**_DIMP, **_VOT18, **_RELATIVE, **_PRDIMP50_VOT18}),
}
PUBLISHED: dict[str, DiMPParams] = {
    name: from_pytracking(values, network, name) for name, (network, values) in VALUES.items()
}


def missing_weights(network: str) -> InputError | None:
    """The error that says where the user finds the weights of a published ``network``; None for other names."""
    if network not in WEIGHTS:
        return None
    file, place = WEIGHTS[network], f"networks/{network}.safetensors"  # a folder of the user's own
    if file:
        how = f"get {file} from {MODEL_ZOO} and run: python -m ltr.admin.import_pytracking {file} --out {place}"
    else:
        how = f"nobody has published it; train it: python ltr/run_training.py dimp {network} --data DIR"
        place = "FILE.safetensors"
    name = f"and name it: --set network={place} (in Python network={place!r})"
    return InputError(f"the network {network} does not come with this toolkit: {how}, {name}")


def find_network(name: str, networks: Path | None = None) -> Path:
    """The file of the network ``name`` in the folder ``networks`` (None: ``pytracking/networks``), or ``name`` itself
    if it is a .safetensors path."""
    networks = networks or NETWORKS
    path = network_path(name, networks)
    if not name.endswith(".safetensors") and not path.is_file():
        if (missing := missing_weights(name)) is not None:
            raise missing
        known = sorted(file.stem for file in networks.glob("*.safetensors"))
        raise InputError(
            f"unknown network {name!r}; known are {', '.join(known) or 'none'}, or a path to a .safetensors file"
        )
    return path
