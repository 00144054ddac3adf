"""Our trackers in experiments of the got10k package (the extra ``got10k`` of pyproject.toml).

tracker = Got10kTracker(pytracking.Tracker("dimp", "dimp_ncep_mobile"), "dimp_ncep_mobile")
experiment = open_experiment("got10k_val", Path("/data/GOT-10k"), Path("results"), Path("reports"))
experiment.run(tracker)
experiment.report([tracker.name])
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL.Image import Image

from ltr.utils.errors import InputError
from ltr.utils.files import replacing
from pytracking.evaluation.datasets.sequence import Box
from pytracking.evaluation.results import read_stamp
from pytracking.tracker.base.run_info import RunInfo
from pytracking.tracker.base.tracker import BaseTracker
from pytracking.utils.extras import install_hint

try:
    from got10k import experiments
    from got10k.trackers import Tracker as PackageTracker
except ImportError as error:
    message = f"needs the package got10k ({error}): {install_hint('got10k')}"
    raise ImportError(message) from error


class Got10kTracker(PackageTracker):  # type: ignore[misc]  # the package has no types
    """Adapter for got10k's experiments: PIL images in, boxes x, y, w, h in pixels out.

    Every sequence starts from the seed, so the tracker is deterministic and one repetition is enough.
    """

    def __init__(self, tracker: BaseTracker, name: str) -> None:
        super().__init__(name, is_deterministic=True)
        self._tracker = tracker

    def init(self, image: Image, box: Box) -> None:
        """Learn the target in ``box`` of the first image."""
        x, y, w, h = (float(value) for value in box)
        self._tracker.initialize(_rgb(image), (x, y, w, h))

    def update(self, image: Image) -> np.ndarray:
        """The box float64 [4] in the next image."""
        return np.array(self._tracker.track(_rgb(image)).box)


def _rgb(image: Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))


EXPERIMENTS: dict[str, Callable[..., Any]] = {
    "got10k_val": partial(experiments.ExperimentGOT10k, subset="val"),
    "got10k_test": partial(experiments.ExperimentGOT10k, subset="test"),
    "otb": partial(experiments.ExperimentOTB, version=2015),
    "otb2013": partial(experiments.ExperimentOTB, version=2013),
    "otb50": partial(experiments.ExperimentOTB, version="tb50"),
    "uav": experiments.ExperimentUAV123,
    "uav20l": partial(experiments.ExperimentUAV123, version="UAV20L"),
    "nfs": partial(experiments.ExperimentNfS, fps=30),
    "dtb70": experiments.ExperimentDTB70,
    "tcolor128": experiments.ExperimentTColor128,
    "vot": experiments.ExperimentVOT,
}


def claim_results(experiment: Any, name: str, stamp: Mapping[str, Any]) -> None:
    """Prevent the package from reusing another tracker's results, since it compares only names.

    The ``stamp`` of the tracker ``name`` is written beside its folder of results. Raises InputError if that folder has
    results with another stamp.
    """
    folder = Path(experiment.result_dir) / name
    file, wanted = folder.with_name(f"{name}.json"), RunInfo.from_json(stamp)
    if folder.is_dir() and any(folder.iterdir()) and not (file.is_file() and read_stamp(file).run == wanted):
        raise InputError(
            f"{folder}: holds results of other settings, another network or another version, which the package would "
            "reuse; choose another folder by --results, or remove it"
        )
    with replacing(file) as temporary:
        temporary.write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")


def open_experiment(name: str, root: Path, results: Path, reports: Path) -> Any:
    """The package's experiment ``name`` on the data set in ``root``.

    results, reports: output folders. Raises InputError for an unknown name, FileNotFoundError for a missing folder, and
    ImportError if the package's experiment cannot work.
    """
    if name not in EXPERIMENTS:
        raise InputError(f"got10k has no experiment {name!r}; known are {', '.join(EXPERIMENTS)}")
    if name == "vot" and not hasattr(np, "NaN"):
        raise ImportError(
            f"got10k's VOT experiment needs np.NaN, which numpy {np.__version__} no longer has: "
            "run VOT through its own toolkit (docs/vot.md)"
        )
    if not root.is_dir():  # some experiments would start a download
        raise FileNotFoundError(f"{root}: no such folder")
    return EXPERIMENTS[name](str(root), result_dir=str(results), report_dir=str(reports))
