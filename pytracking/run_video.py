"""Follow one or more targets through a video.

    python pytracking/run_video.py SRC --box x,y,w,h [--box x,y,w,h ...] [--save out.mp4] [--csv out.csv]

SRC is a video file, an image folder, a glob of images, a camera index or a URL. No window is opened. The boxes are
pixels in the first frame that is used; targets are numbered 0, 1, ... in their order.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from tqdm import tqdm

from pytracking.evaluation.data import Box
from pytracking.evaluation.follow import follow, record
from pytracking.evaluation.prefetch import prefetched
from pytracking.evaluation.running import TrackerFactory
from pytracking.evaluation.video import open_frames, part_of
from pytracking.utils.cli import run_command


@dataclass(frozen=True)
class Arguments:
    """Follow targets through a video."""

    source: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SRC")]
    """video file, image folder, glob (in quotes), camera index or URL"""
    box: tyro.conf.UseAppendAction[tuple[str, ...]]
    """x,y,w,h of a target in pixels: left, top, width, height; once for each target"""
    save: Path | None = None
    """annotated video to write (.mp4, H.264)"""
    csv: Path | None = None
    """table of boxes to write: frame,id,x,y,w,h,score,state"""
    tracker: str = "dimp"
    """family of trackers"""
    parameter: str = "dimp_ncep_mobile"
    """its parameters, or a .safetensors network of yours"""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, mps"""
    threads: int = 1
    """CPU threads; 2 help large networks (docs/speed.md)"""
    accelerator: str = "auto"
    """auto, torch or openvino: what runs the network (docs/speed.md)"""
    precision: str = "f32"
    """f32, bf16 or f16: the network's arithmetic; boxes change slightly"""
    start: int = 0
    """first frame to use, from 0"""
    end: int | None = None
    """frame to stop before"""
    seed: int = 0
    """seed of the tracker's random numbers"""
    debug: bool = False
    """show the traceback of an error"""


def run(arguments: Arguments) -> int:
    """Run the command; exit code 1 where the video broke off."""
    boxes = [parse_box(text) for text in arguments.box]
    if not boxes:
        raise ValueError("which target? give --box x,y,w,h (left, top, width, height in pixels)")
    source = part_of(open_frames(arguments.source), arguments.start, arguments.end)
    if source.length is not None:  # not a camera or stream, whose frames must not wait
        source = prefetched(source)
    factory = TrackerFactory(
        arguments.tracker,
        arguments.parameter,
        arguments.device,
        arguments.threads,
        arguments.seed,
        arguments.accelerator,
        arguments.precision,
    )
    trackers = [factory() for _ in boxes]
    steps = follow(source, boxes, trackers, arguments.start)
    progress = tqdm(steps, total=source.length, unit="frame", disable=None)
    recording = record(progress, source.fps, arguments.save, arguments.csv)
    print(f"{recording.frames} frames, {recording.fps:.1f} FPS tracking {len(boxes)} target(s)")
    for path in filter(None, (arguments.save, arguments.csv)):
        print(path.resolve())
    if recording.broken:
        print(f"error: {recording.broken}; everything before it is kept", file=sys.stderr)
        return 1
    return 0


def parse_box(text: str) -> Box:
    """The four numbers of ``x,y,w,h``; the tracker checks them against the first frame."""
    try:
        x, y, w, h = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"--box {text}: expected x,y,w,h, four numbers in pixels") from None
    return x, y, w, h


def main(argv: Sequence[str] | None = None) -> int:
    """Parse ``argv`` and run; the exit code."""
    return run_command(Arguments, run, argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
