"""Frames a second with several targets in one picture, which share the network's batch.

    python tests/benchmarks/targets.py [--device cuda] [--targets 1 2 4 8]

The drawn video of ``run_benchmark``, without image loading; all counts take the same frames in turns.
"""

import argparse
import time

import cv2
import torch

from pytracking import MultiTracker, Tracker
from pytracking.run_benchmark import drawn_video


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parameter", default="dimp_ncep_mobile")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--targets", type=int, nargs="*", default=[1, 2, 4, 8])
    parser.add_argument("--frames", type=int, default=100)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    tracker = Tracker("dimp", arguments.parameter, arguments.device, precision=arguments.precision)
    groups = {count: MultiTracker(tracker) for count in arguments.targets}
    seconds = dict.fromkeys(groups, 0.0)
    with drawn_video() as (source, box):
        for number, frame in zip(range(arguments.frames + 1), source, strict=False):
            for count, group in groups.items():
                if number == 0:
                    for shift in range(count):
                        group.add(frame, (box[0] + shift, box[1], box[2], box[3]))
                begin = time.perf_counter()
                group.track(frame)
                if number:  # the first frame captures graphs
                    seconds[count] += time.perf_counter() - begin
    for count, total in seconds.items():
        ratio = seconds[min(groups)] / total
        print(f"{count} targets: {arguments.frames / total:6.1f} frames a second, {ratio:.2f} of {min(groups)}")


if __name__ == "__main__":
    main()
