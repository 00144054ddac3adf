"""Stages of a frame of the shipped network, from the plainest way of computing it to the fastest.

    python tests/benchmarks/stages.py [--frames 100]

"plain" is what the tests compare with: the network as trained, its boxes climbing by autograd. All take the same frames
in turns, with one thread.
"""

import argparse

import cv2
import torch

from ltr.models.weights import load_network
from pytracking.api.tracker import Tracker
from pytracking.parameter.dimp.base import DiMPParams, RefinementParams
from pytracking.parameter.dimp.published import find_network
from pytracking.profiling.latency import measure
from pytracking.run_benchmark import drawn_video, text_of
from tests.fakes.networks import dimp_tracker
from tests.reference.plain_tracker import PlainFunctions

NAME = "dimp_ncep_mobile"


def plain() -> Tracker:
    tracker = Tracker("dimp", NAME, device="cpu", accelerator="torch")
    network, settings, _ = load_network(find_network(NAME))
    params = DiMPParams(NAME, refinement=RefinementParams(method="ascent"))
    tracker._tracker = dimp_tracker(network, settings, params, functions=PlainFunctions)
    return tracker


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=100)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    trackers = {
        "plain": plain(),
        "PyTorch, ascent": Tracker("dimp", NAME, "cpu", accelerator="torch", refinement={"method": "ascent"}),
        "PyTorch": Tracker("dimp", NAME, "cpu", accelerator="torch"),
        "OpenVINO": Tracker("dimp", NAME, "cpu", accelerator="openvino"),
    }
    with drawn_video() as (source, box):
        print(text_of(measure(trackers, source, box, arguments.frames, warm_up=5)))


if __name__ == "__main__":
    main()
