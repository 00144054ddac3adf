"""Benchmark: time the stages of a frame, of one tracker or of several side by side.

    python pytracking/run_benchmark.py [--run PARAMETER[,accelerator=..][,precision=..]] [--run ...] [--json times.json]
    python pytracking/run_benchmark.py --run dimp_ncep_mobile --run opencv:mil

A run is a name of parameters or a .safetensors network, with changed options; the others are compared with the first.
Without --source, a 640 x 480 video is drawn. Use an idle machine, or compare only within one call.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tyro

from ltr.utils.errors import InputError
from ltr.utils.files import STDOUT, check_outputs, text_output
from pytracking.api.builder import TrackerBuilder, build_tracker
from pytracking.evaluation.datasets.sequence import Box
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.families import FAMILIES, complete, network_files
from pytracking.utils.cli import CommandArguments, run_command
from pytracking.video.frame_source import FrameSource, open_frames
from pytracking.video.writer import VideoWriter

if TYPE_CHECKING:
    from pytracking.profiling.latency import Report

DRAWN_SIZE = (640, 480)
DRAWN_FRAMES = 200
OPTIONS = ("accelerator", "precision")


@dataclass(frozen=True)
class Arguments(CommandArguments):
    """Time the stages of a frame."""

    run: tyro.conf.UseAppendAction[tuple[str, ...]]
    """[TRACKER:]PARAMETER[,accelerator=torch][,precision=bf16]; once for each; by default --parameter alone"""
    source: str | None = None
    """video file or image folder; by default a video is drawn"""
    box: str | None = None
    """x,y,w,h of the target in its first frame, pixels"""
    frames: int = 300
    """number of timed frames"""
    warm_up: int = 20
    """number of frames before them"""
    config: TrackerConfig = TrackerConfig()
    """the tracker of the runs, unless they change it"""
    json: Path | None = None
    """JSON file for the times; - for standard output, instead of the table"""


def run(arguments: Arguments, build_tracker: TrackerBuilder = build_tracker) -> int:
    """Run the command; the exit code."""
    if arguments.frames < 1 or arguments.warm_up < 0:
        raise InputError("--frames: expected at least 1; --warm_up: at least 0")
    arguments.config.check("--")
    if (arguments.source is None) != (arguments.box is None):
        raise InputError("--source and --box: give both, since the box selects the target")
    configs = {text: config_of(text, arguments.config) for text in arguments.run}
    if not configs:
        config = complete(arguments.config)
        configs = {config.name: config}
    networks = [path for config in configs.values() for path in network_files(config)]
    check_outputs({"--json": arguments.json}, [arguments.source, *networks])
    video = _video(arguments)
    from pytracking.profiling.instruction_set import instruction_set  # late, as libraries take time to import
    from pytracking.profiling.latency import measure, peak_memory

    trackers = {text: build_tracker(config) for text, config in configs.items()}
    with video as (source, box):
        reports = measure(trackers, source, box, arguments.frames, arguments.warm_up)
    peak = peak_memory()
    if arguments.json != STDOUT:
        print(text_of(reports))
        print(f"processor: {instruction_set()}")
        if peak is not None:
            print(f"peak memory of the process: {peak:.0f} MiB")
    if arguments.json:
        runs = {name: report.to_json() for name, report in reports.items()}
        content = {"instruction_set": instruction_set(), "peak_memory_mib": peak, "runs": runs}
        with text_output(arguments.json) as file:
            file.write(json.dumps(content, indent=1) + "\n")
        if arguments.json != STDOUT:
            print(arguments.json.resolve())
    return 0


def config_of(text: str, config: TrackerConfig) -> TrackerConfig:
    """``config`` with the changes of ``--run text``."""
    name, *changes = text.split(",")
    family, colon, parameter = name.partition(":")
    if not colon or family not in FAMILIES:
        family, parameter = config.tracker, name
    options: dict[str, Any] = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if name not in OPTIONS or not equals:
            raise InputError(f"--run {text}: expected {' or '.join(f'{o}=...' for o in OPTIONS)}, got {change!r}")
        options[name] = value
    return replace(config, tracker=family, parameter=parameter, **options)


def _parse_box(text: str) -> Box:
    try:
        x, y, w, h = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--box {text}: expected x,y,w,h, four numbers in pixels") from None
    return x, y, w, h


def _video(arguments: Arguments) -> AbstractContextManager[tuple[FrameSource, Box]]:
    if arguments.source is not None and arguments.box is not None:
        return nullcontext((open_frames(arguments.source), _parse_box(arguments.box)))
    return drawn_video()


@contextmanager
def drawn_video() -> Iterator[tuple[FrameSource, Box]]:
    """A video of moving shapes, and the box of one of them in its first frame."""
    from ltr.dataset.synthesis.synthetic import SyntheticShapes

    shapes = SyntheticShapes(num_sequences=1, num_frames=DRAWN_FRAMES, size=DRAWN_SIZE)
    drawn = shapes.get_frames(0, range(DRAWN_FRAMES), np.random.default_rng(0))
    x, y, w, h = (float(value) for value in drawn.boxes[0])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.mp4"
        with VideoWriter(path, 25.0) as writer:
            for image in drawn.images:
                writer.write(np.asarray(image))
        yield open_frames(path), (x, y, w, h)


def text_of(reports: "dict[str, Report]") -> str:
    """A table for each tracker, with its ratio to the first."""
    base = next(iter(reports.values()))
    lines = []
    for name, report in reports.items():
        stamp = report.stamp
        versions = ", ".join(f"{library} {version}" for library, version in (stamp.versions or {}).items())
        how = (stamp.device, stamp.accelerator, stamp.precision)
        lines.append(f"{name}: {', '.join(filter(None, how))}")
        lines.append(f"  {stamp.threads} CPU thread(s); {versions}")
        lines.append(
            f"  {'ms':<12}" + "".join(f"{column:>8}" for column in ("mean", "p50", "p95", "p99", "max", "CPU p50"))
        )
        for row, t in {**report.stages, "frame": report.frame}.items():
            lines.append(f"  {row:<12}" + "".join(f"{v:8.2f}" for v in (t.mean, t.p50, t.p95, t.p99, t.max, t.cpu)))
        lines.append(
            f"  {report.fps:.1f} frames a second ({report.fps_cpu:.1f} by processor time),"
            f" {report.fps_loading:.1f} with image loading; initialization {report.initialize:.3f} s"
        )
        if report is not base:
            wall, cpu = (f"{r.value:.3f} ({r.low:.3f} to {r.high:.3f})" for r in (report.faster, report.faster_cpu))
            lines.append(f"  {wall} times as fast as the first; by processor time {cpu}; 95 % intervals")
        lines.append("")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None, build_tracker: TrackerBuilder = build_tracker) -> int:
    """Parse ``argv`` and run; the exit code."""
    return run_command(Arguments, partial(run, build_tracker=build_tracker), argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
