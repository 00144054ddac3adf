"""Processor time until a command answers, and until a tracker has its first box.

    python tests/benchmarks/startup.py [--repeats 3]

Each line is a process of its own; the smallest user and system time of the repeats counts, so that it holds on a busy
machine, too. Prints rows of a Markdown table.
"""

import os
import subprocess
import sys
from dataclasses import dataclass

import tyro

IMPORTS = ("", "numpy", "cv2", "tyro", "torch", "openvino")
COMMANDS = ("", *["track", "webcam", "demo", "run", "analyse", "playback", "benchmark", "check", "vot", "train"])
TOOLS = ("ltr.util_scripts.average", "ltr.util_scripts.check", "ltr.util_scripts.summary")
EXPERIMENTS = ("densities", "figure2", "table1", "table2", "evaluate_detection")
MISTAKES = ("track none.mp4 --box 1,2,3,4", "track none.mp4 --nix", "run dimp --dataset_name nix", "train dump toy")
FIRST_BOX = """
import time
import numpy as np
from pytracking import Tracker
begin = [time.process_time()]
def lap(name):
    begin.append(time.process_time())
    print(f"{name} {begin[-1] - begin[-2]:.2f}", end=" ")
accelerator = %r
if accelerator == "torch":
    import torch; lap("torch")
tracker = Tracker(device="cpu", accelerator=accelerator); lap("Tracker")
frame = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
tracker.initialize(frame, (100, 80, 60, 90)); lap("initialize")
tracker.track(frame); lap("track")
"""


@dataclass(frozen=True)
class Options:
    """What to measure."""

    repeats: int = 3  # processes of each line


def seconds(arguments: list[str]) -> tuple[float, str]:
    """User and system time of ``python ARGUMENTS``, its children and threads included; its standard output."""
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdout is not None
        text = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, text


def main(options: Options) -> None:
    """Measure and print."""
    rows = {f"`import {name}`" if name else "Python": ["-c", f"import {name}" if name else ""] for name in IMPORTS}
    rows |= {f"`pytracking {name} --help`": ["-m", "pytracking", *name.split(), "--help"] for name in COMMANDS}
    rows |= {f"`python -m {name} --help`": ["-m", name, "--help"] for name in TOOLS}
    rows |= {f"`python -m ltr.experiments.{x} --help`": ["-m", f"ltr.experiments.{x}", "--help"] for x in EXPERIMENTS}
    rows |= {f"`pytracking {text}`": ["-m", "pytracking", *text.split()] for text in MISTAKES}
    for accelerator in ("torch", "openvino", "onnxruntime"):
        rows[f"first box, {accelerator}"] = ["-c", FIRST_BOX % accelerator]
    for name, arguments in rows.items():
        best, text = min((seconds(arguments) for _ in range(options.repeats)), key=lambda pair: pair[0])
        print(f"| {name} | {best:.2f} | {text if name.startswith('first') else ''} |", flush=True)


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
