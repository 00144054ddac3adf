"""The parameters of pytracking's ATOM (``parameter/atom/default.py``), in its own names and values."""

from typing import Any

from pytracking.parameter.atom.base import AtomClassifierParams, AtomParams
from pytracking.parameter.dimp.from_pytracking import from_pytracking
from pytracking.parameter.dimp.published import FRAME

# Those of its frame, which is DiMP's: steps of conjugate gradient (init_CG_iter, CG_iter, hard_negative_CG_iter) under
# the names of DiMP's steps.
VALUES: dict[str, Any] = {
    "image_sample_size": 18 * 16,  # the root of max_image_sample_size
    "search_area_scale": 5,
    "sample_memory_size": 250,
    "learning_rate": 0.01,
    "init_samples_minimum_weight": 0.25,
    "train_skipping": 10,
    "net_opt_iter": 60,
    "net_opt_update_iter": 5,
    "net_opt_hn_iter": 5,
    "augmentation": {
        "fliplr": True,
        "rotate": [5, -5, 10, -10, 20, -20, 30, -30, 45, -45, -60, 60],
        "blur": [(2, 0.2), (0.2, 2), (3, 1), (1, 3), (2, 2)],
        "relativeshift": [(0.6, 0.6), (-0.6, 0.6), (0.6, -0.6), (-0.6, -0.6)],
        "dropout": (7, 0.2),
    },
    **FRAME,
}
CLASSIFIER = AtomClassifierParams(
    compressed_dim=64,
    kernel_size=4,
    filter_reg=1e-1,
    projection_reg=1e-4,
    output_sigma_factor=1 / 4,
    response_floor=0.05,
    init_gn_iter=6,
)
DEFAULT = AtomParams(**vars(from_pytracking(VALUES, "atom", "atom_default")), classifier=CLASSIFIER)
