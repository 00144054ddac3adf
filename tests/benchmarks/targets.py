"""Frames a second with several targets in one picture, which share the network's batch.

    python tests/benchmarks/targets.py [--device cuda] [--targets 1 2 4 8]

The drawn video of ``run_benchmark``, without image loading; all counts take the same frames in turns. By wall time,
and by processor time, as on an idle machine.
"""

import argparse
import time

import cv2

from pytracking import MultiTracker, Tracker
from pytracking.run_benchmark import drawn_video
from pytracking.tracker.base.config import TrackerConfig


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parameter", default="dimp_ncep_mobile")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--targets", type=int, nargs="*", default=[1, 2, 4, 8])
    parser.add_argument("--frames", type=int, default=100)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    config = TrackerConfig(
        parameter=arguments.parameter, device=arguments.device, precision=arguments.precision, threads=1
    )
    tracker = Tracker.from_config(config)
    groups = {count: MultiTracker(tracker) for count in arguments.targets}
    seconds = {count: [0.0, 0.0] for count in groups}
    with drawn_video() as (source, box):
        for number, frame in zip(range(arguments.frames + 1), source, strict=False):
            for count, group in groups.items():
                if number == 0:
                    for shift in range(count):
                        group.add(frame, (box[0] + shift, box[1], box[2], box[3]))
                begin = time.perf_counter(), time.process_time()
                group.track(frame)
                if number:  # the first frame captures graphs
                    seconds[count][0] += time.perf_counter() - begin[0]
                    seconds[count][1] += time.process_time() - begin[1]
    for count, totals in seconds.items():
        wall, cpu = (
            f"{arguments.frames / total:6.1f} frames a second, {least / total:.2f} of {min(groups)}"
            for total, least in zip(totals, seconds[min(groups)], strict=True)
        )
        print(f"{count} targets: {wall}; by processor time {cpu}")


if __name__ == "__main__":
    main()
