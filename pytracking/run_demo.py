"""Demo: track a target through a short clip; prints speed and AUC, writes an annotated video and the boxes.

python pytracking/run_demo.py [--output demo] [--frames N]
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ltr.utils.files import check_outputs
from pytracking.analysis.metrics import area_under_curve, iou, success_curve
from pytracking.analysis.protocols import find_protocol
from pytracking.api.builder import TrackerBuilder, build_tracker
from pytracking.api.multi_tracker import MultiTracker
from pytracking.evaluation.datasets.demo import demo_sequence
from pytracking.evaluation.datasets.sequence import Box, Sequence
from pytracking.pipeline.recording import end_as_interrupt, run_pipeline
from pytracking.pipeline.sinks import annotated_video, csv_table
from pytracking.pipeline.track_video import FrameResult, InitialBox, frame_times, track_video
from pytracking.tracker.base.config import TrackerConfig
from pytracking.utils.cli import CommandArguments, run_command
from pytracking.video.frame_source import slice_frames
from pytracking.visualization.boxes import Overlay


@dataclass(frozen=True)
class Arguments(CommandArguments):
    """Track a target through the demo clip."""

    output: Path = Path("demo")
    """folder for demo.mp4 and demo.csv"""
    frames: int | None = None
    """number of frames to track"""
    config: TrackerConfig = TrackerConfig()
    """the tracker"""


def run(
    arguments: Arguments,
    build_tracker: TrackerBuilder = build_tracker,
    demo_sequence: Callable[[], Sequence] = demo_sequence,
) -> int:
    """Run the demo; the exit code."""
    video, table = arguments.output / "demo.mp4", arguments.output / "demo.csv"
    for output in (video, table):
        check_outputs({"--output": output})
    sequence = demo_sequence()
    source = slice_frames(sequence.open(), 0, arguments.frames)
    tracker = build_tracker(arguments.config)
    boxes: list[Box] = []

    def collect(results: Iterator[FrameResult]) -> Iterator[FrameResult]:
        for result in results:
            boxes.append(result.targets[0].box)
            yield result

    start, times = InitialBox(sequence.first_box, 0), frame_times(source, count())
    results = track_video(source, [start], MultiTracker(tracker), count(), times)
    progress = tqdm(collect(results), total=source.length, unit="frame", disable=None)
    summary = run_pipeline(progress, [csv_table(table), annotated_video(video, source, Overlay(trail=30))])
    auc, annotated = score(np.array(boxes), sequence.ground_truth[: len(boxes)])
    print(f"{sequence.name}: {summary.frames} frames, {summary.fps:.1f} FPS")
    print(f"AUC {100 * auc:.1f} on {annotated} annotated frames" if annotated else "no annotated frame to score")
    print(f"annotated video: {video.resolve()}\nboxes: {table.resolve()}")
    errors = [error for error in (*summary.errors, summary.broken) if error]
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    return 1 if errors else 0


def score(boxes: np.ndarray, truth: np.ndarray) -> tuple[float, int]:
    """AUC (0..1) of ``boxes`` [n, 4], and the number of scored frames: those with a finite ``truth`` [n, 4], without
    the first, which the tracker is given."""
    annotated = np.isfinite(truth).all(axis=1)
    annotated[0] = False
    if not annotated.any():
        return 0.0, 0
    curve = success_curve(iou(boxes[annotated], truth[annotated]), find_protocol("otb").overlap_thresholds)
    return float(area_under_curve(curve)), int(annotated.sum())


def main(
    argv: list[str] | None = None,
    build_tracker: TrackerBuilder = build_tracker,
    demo_sequence: Callable[[], Sequence] = demo_sequence,
) -> int:
    """Parse ``argv`` and run; the exit code."""
    end_as_interrupt()
    command = partial(run, build_tracker=build_tracker, demo_sequence=demo_sequence)
    return run_command(Arguments, command, argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
