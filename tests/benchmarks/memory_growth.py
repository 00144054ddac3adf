"""Does memory stay flat? Tracks a looped video for many frames and prints the process's memory on the way.

    OMP_WAIT_POLICY=PASSIVE python tests/benchmarks/memory_growth.py --frames 10000 [--accelerator torch]

Linux only (/proc). The demo's video is decoded anew in every round, as a long video would be.
"""

import argparse
from itertools import chain, cycle, islice
from pathlib import Path

from pytracking import Tracker
from pytracking.evaluation.datasets.demo import demo_sequence
from pytracking.tracker.base.config import TrackerConfig
from pytracking.video.prefetch import prefetch

WARM_UP = 200


def resident_mib() -> float:
    """Memory of this process that is in RAM, in MiB."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--accelerator", default="auto")
    arguments = parser.parse_args()
    sequence = demo_sequence()
    tracker = Tracker.from_config(TrackerConfig(device="cpu", accelerator=arguments.accelerator, threads=1))
    frames = chain.from_iterable(prefetch(source) for source in cycle([sequence.open()]))
    tracker.initialize(next(frames), sequence.first_box)
    start = 0.0
    for number, image in enumerate(islice(frames, arguments.frames), 1):
        tracker.track(image)
        if number == WARM_UP:
            start = resident_mib()
        if number % 1000 == 0:
            print(
                f"{number} frames: {resident_mib():.1f} MiB, {resident_mib() - start:+.1f} since frame {WARM_UP}",
                flush=True,
            )


if __name__ == "__main__":
    main()
