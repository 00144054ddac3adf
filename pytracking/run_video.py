"""Follow one or more targets through a video.

    python pytracking/run_video.py SRC --box x,y,w,h [--box x,y,w,h@FRAME ...] [--save out.mp4] [--csv out.csv]

SRC is a video file, an image folder, a glob of images, a camera index or a URL. Boxes are pixels of SRC, in the first
frame that is used or in the one numbered FRAME; targets are numbered 0, 1, ... in their order. Without --box you draw
them in a window.
"""

import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from tqdm import tqdm

from ltr.admin.files import check_outputs
from pytracking.evaluation.boxes import check_box
from pytracking.evaluation.data import Box
from pytracking.evaluation.follow import Sink, Start, follow, record
from pytracking.evaluation.multi_tracker import MultiTracker
from pytracking.evaluation.prefetch import prefetched
from pytracking.evaluation.running import TrackerFactory
from pytracking.evaluation.sinks import annotated_video, csv_table, json_file
from pytracking.evaluation.video import FrameSource, Image, open_frames, part_of, peek
from pytracking.evaluation.video_writer import check_video_name
from pytracking.tracker.families import load_parameters
from pytracking.utils import box_window
from pytracking.utils.cli import run_command
from pytracking.utils.drawing import Overlay
from pytracking.utils.extras import install_hint

if TYPE_CHECKING:
    from pytracking import Tracker


@dataclass(frozen=True)
class Arguments:
    """Follow targets through a video."""

    source: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SRC")]
    """video file, image folder, glob (in quotes), camera index or URL"""
    box: tyro.conf.UseAppendAction[tuple[str, ...]]
    """x,y,w,h of a target in pixels: left, top, width, height; once for each target. x,y,w,h@120 starts in frame 120"""
    draw: Literal["window", "browser"] = "window"
    """where you draw the targets if there is no --box; the browser's page is served on this machine only"""
    save: Path | None = None
    """annotated video to write (.mp4, H.264, with the sound of SRC)"""
    csv: Path | None = None
    """table of boxes to write: frame,id,x,y,w,h,score,state"""
    json: Path | None = None
    """the same as JSON, with what made it"""
    start: int = 0
    """first frame to use, from 0"""
    end: int | None = None
    """frame to stop before"""
    stride: int = 1
    """use every so many frames"""
    scale: float = 1.0
    """size of the annotated video as a part of SRC's; boxes stay in pixels of SRC"""
    trail: int = 30
    """length of the trail of a target, in frames"""
    tracker: str = "dimp"
    """family of trackers: dimp, or opencv (docs/opencv.md)"""
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
    seed: int = 0
    """seed of the tracker's random numbers"""
    debug: Path | None = None
    """write what the tracker sees in every frame to this video (.mp4), or into this folder for TensorBoard"""


def run(arguments: Arguments) -> int:
    """Run the command; exit code 1 where the video broke off."""
    check(arguments)
    starts = [parse_box(text, arguments.start) for text in arguments.box]
    overlay = Overlay(arguments.scale, arguments.trail)
    first, source = peek(open_source(arguments, starts))
    overlay.check(first)
    for start in starts:
        check_box(start.box, first)
    tracker = build_tracker(arguments)
    starts = starts or [Start(box, arguments.start) for box in draw_boxes(first, arguments.draw)]
    if arguments.debug:
        from pytracking.evaluation.watch import panels  # late: these import torch and matplotlib
        from pytracking.tracker.dimp.observer import Recorder

        tracker.observer = Recorder()
    targets = MultiTracker(tracker)
    steps = follow(source, starts, targets, count(arguments.start, arguments.stride))
    progress = tqdm(steps, total=source.length, unit="frame", disable=None)
    about = {"source": source.name, "fps": source.fps, **tracker.stamp()}
    wanted = sinks(arguments, source, overlay, about)
    if arguments.debug:
        wanted.append(panels(arguments.debug, source, targets, len(starts)))
    recording = record(progress, wanted)
    print(f"{recording.frames} frames, {recording.fps:.1f} FPS tracking {len(starts)} target(s)")
    written = [path for path in (arguments.save, arguments.csv, arguments.json, arguments.debug) if path]
    for path in written:
        print(path.resolve())
    if not written:
        print("nothing was saved: --save writes the annotated video, --csv and --json write the boxes")
    if recording.broken:
        print(f"error: {recording.broken}; everything before it is kept", file=sys.stderr)
        return 1
    return 0


def check(arguments: Arguments) -> None:
    """ValueError where an output would destroy a file that is not to be replaced, or cannot be written.

    The same of what else can be told wrong before torch is imported, which takes seconds.
    """
    load_parameters(arguments.tracker, arguments.parameter)
    if arguments.threads < 1:
        raise ValueError(f"--threads: expected 1 or more, got {arguments.threads}")
    for video in (arguments.save, arguments.debug if arguments.debug and arguments.debug.suffix else None):
        if video:
            check_video_name(video)
    panels = "--debug"
    files = {"--save": arguments.save, "--csv": arguments.csv, "--json": arguments.json}
    folders: dict[str, Path | None] = {}
    (files if arguments.debug and arguments.debug.suffix else folders)[panels] = arguments.debug
    check_outputs(files, [arguments.source], folders)


def parse_box(text: str, first_frame: int) -> Start:
    """``x,y,w,h`` or ``x,y,w,h@FRAME``; the tracker checks the four numbers against the frame."""
    numbers, at, frame = text.partition("@")
    try:
        x, y, w, h = (float(part) for part in numbers.split(","))
        return Start((x, y, w, h), int(frame) if at else first_frame)
    except ValueError:
        raise ValueError(f"--box {text}: expected x,y,w,h, four numbers in pixels, or x,y,w,h@FRAME") from None


def open_source(arguments: Arguments, starts: Sequence[Start]) -> FrameSource:
    """The frames to use; ValueError where a target starts in another frame."""
    source = part_of(open_frames(arguments.source), arguments.start, arguments.end, arguments.stride)
    end = sys.maxsize if source.length is None else arguments.start + source.length * arguments.stride
    for text, start in zip(arguments.box, starts, strict=True):
        if start.frame not in range(arguments.start, min(end, arguments.end or end), arguments.stride):
            raise ValueError(f"--box {text}: frame {start.frame} is not among the frames used of {source.name}")
    return source if source.live else prefetched(source)


def build_tracker(arguments: Arguments) -> "Tracker":
    """The tracker that every target gets a copy of."""
    return TrackerFactory(
        arguments.tracker,
        arguments.parameter,
        arguments.device,
        arguments.threads,
        arguments.seed,
        arguments.accelerator,
        arguments.precision,
    )()


def draw_boxes(image: Image, where: str) -> list[Box]:
    """The targets that somebody draws on the first frame."""
    if where == "browser":
        try:
            from pytracking.web import draw
        except ModuleNotFoundError as error:
            raise ImportError(f"--draw browser needs {error.name}: {install_hint('web')}") from None
        return draw.draw_boxes(image, lambda url: print(f"draw the targets at {url}", flush=True))
    try:
        return box_window.draw_boxes(image)
    except ValueError as error:
        raise ValueError(f"which target? give --box x,y,w,h (in pixels), or --draw browser; {error}") from None


def sinks(arguments: Arguments, source: FrameSource, overlay: Overlay, about: dict[str, Any]) -> list[Sink]:
    """What the command was asked to write."""
    wanted: list[Sink] = []
    if arguments.csv:
        wanted.append(csv_table(arguments.csv))
    if arguments.json:
        wanted.append(json_file(arguments.json, about))
    if arguments.save:
        wanted.append(annotated_video(arguments.save, source, overlay))
    return wanted


def main(argv: Sequence[str] | None = None) -> int:
    """Parse ``argv`` and run; the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what ends a service keeps the video, as Ctrl-C does
    return run_command(Arguments, run, argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
