"""Loading of OpenCV's trackers and their networks."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import cv2

from ltr.utils.errors import InputError
from ltr.utils.files import sha256
from pytracking.parameter.opencv.base import OpenCVParams
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.base.run_info import RunInfo
from pytracking.tracker.base.tracker import TrackerModel
from pytracking.tracker.opencv.opencv import OpenCVTracker

FOLDER = "EBM_TRACKING_NANOTRACK"  # environment variable


class OpenCVModel(TrackerModel):
    """The model of one of OpenCV's trackers.

    Raises:
        InputError: an option that OpenCV's trackers do not support, or a network that OpenCV cannot read.
        ImportError: the installed OpenCV lacks the tracker; the message says what to install.
        FileNotFoundError: EBM_TRACKING_NANOTRACK is not set, or its folder lacks the networks.
    """

    def __init__(self, params: OpenCVParams, config: TrackerConfig) -> None:
        config.reject_unsupported()
        self.params, self.config = params, config
        self.make = _find(params)
        self.networks = find_networks(params.networks)
        self.create()  # to fail early

    def create(self) -> Any:
        """A new ``cv2.Tracker`` with its own copy of the networks, since they hold the target."""
        try:
            return self.make(*(_read(path) for path in self.networks))
        except TypeError:  # before 4.12, create takes no networks
            message = f"{self.params.create} needs OpenCV 4.12 or newer, got {cv2.__version__}"
            raise ImportError(f"{message}: pip install --upgrade {_installed()}") from None

    def new_tracker(self) -> OpenCVTracker:
        """A tracker of one target."""
        return OpenCVTracker(self.create, self.params, self.config.seed)

    def run_info(self) -> RunInfo:
        """The settings that results depend on."""
        networks = ", ".join(f"{path.name} {sha256(path)}" for path in self.networks)
        versions = {"opencv": cv2.__version__}
        return RunInfo.of(self.config, versions, threads=cv2.getNumThreads(), network_sha256=networks or None)


def _find(params: OpenCVParams) -> Callable[..., Any]:
    found = getattr(cv2, params.create, None)
    if found is not None:
        return found  # type: ignore[no-any-return]
    installed = _installed()
    needed = params.package + ("-headless" if "headless" in installed else "")
    raise ImportError(
        f"OpenCV {cv2.__version__} of {installed} has no {params.create}; {needed} has it. Both install the module "
        f"cv2, so replace one by the other: pip uninstall -y {installed} && pip install {needed}"
    )


def _installed() -> str:
    """The packages that provide the module cv2."""
    return " ".join(packages_distributions().get("cv2", ["opencv-python"]))


def find_networks(names: tuple[str, ...]) -> tuple[Path, ...]:
    """The files ``names`` in the folder EBM_TRACKING_NANOTRACK; FileNotFoundError if one is missing."""
    if not names:
        return ()
    advice = f"set {FOLDER} to the folder that holds {' and '.join(names)} of NanoTrack V2"
    if FOLDER not in os.environ:
        raise FileNotFoundError(f"OpenCV comes without the networks of this tracker: {advice}")
    paths = tuple(Path(os.environ[FOLDER]).expanduser() / name for name in names)
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file; {advice}")
    return paths


def _read(path: Path) -> Any:
    try:
        return cv2.dnn.readNet(str(path))
    except cv2.error as error:
        raise InputError(f"{path}: OpenCV cannot read this network: {str(error).strip()}") from None
