"""Stages of a frame with the paper's backbones. The weights are random, so every peak counts as the target.

python tests/benchmarks/resnets.py [--threads 2] [--frames 60]
"""

import argparse
import tempfile
from pathlib import Path

import cv2
import torch

from ltr.models.build import build_network
from ltr.models.weights import NetworkCard, save_network
from ltr.train_settings import load_settings
from ltr.train_settings.dimp import DiMPTrainSettings
from pytracking.api.tracker import Tracker
from pytracking.profiling.latency import measure
from pytracking.run_benchmark import drawn_video, text_of

ALWAYS_FOUND = {"not_found_threshold": -1e9, "uncertain_threshold": -1e9, "distractor_ratio": 1e9}
NAMES = ("dimp18", "dimp50", "dimp_ncep")


def tracker(name: str, folder: Path) -> Tracker:
    """The tracker of named training settings, untrained."""
    settings = load_settings("dimp", name)
    assert isinstance(settings, DiMPTrainSettings)
    path = folder / f"{name}.safetensors"
    save_network(build_network(settings.network), settings.network, path, NetworkCard())
    return Tracker("dimp", str(path), localization=ALWAYS_FOUND)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--frames", type=int, default=60)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(arguments.threads)
    with tempfile.TemporaryDirectory() as folder, drawn_video() as (source, box):
        trackers = {name: tracker(name, Path(folder)) for name in NAMES}
        print(text_of(measure(trackers, source, box, arguments.frames, warm_up=5)))


if __name__ == "__main__":
    main()
