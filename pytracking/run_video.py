"""Track one or more targets through a video.

    python pytracking/run_video.py SRC --box x,y,w,h [--box x,y,w,h@FRAME ...] [--save out.mp4] [--csv out.csv]

SRC is a video file, an image folder, a glob of images, a camera index or a URL. Boxes are pixels of SRC, in the first
frame that is used or in the one numbered FRAME; targets are numbered 0, 1, ... in their order. Without --box you draw
them in a window.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from tqdm import tqdm

from ltr.utils.errors import InputError
from ltr.utils.files import STDOUT, check_outputs, is_stream
from pytracking.api.boxes import check_box
from pytracking.api.builder import TrackerBuilder, build_tracker
from pytracking.api.multi_tracker import MultiTracker
from pytracking.evaluation.datasets.sequence import Box
from pytracking.pipeline.box_argument import parse_boxes, unreached_ends
from pytracking.pipeline.recording import RunSummary, end_as_interrupt, run_pipeline
from pytracking.pipeline.selection import select
from pytracking.pipeline.sinks import annotated_video, csv_table, json_file
from pytracking.pipeline.track_video import InitialBox, Sink
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.families import network_files
from pytracking.ui import box_selector as box_window
from pytracking.utils.cli import debug_as_flag, run_command
from pytracking.utils.extras import install_hint
from pytracking.utils.text import counted
from pytracking.video.frame_source import FrameSource, Image, open_frames, peek_first
from pytracking.video.writer import check_video_name
from pytracking.visualization.boxes import Overlay


@dataclass(frozen=True)
class Arguments:
    """Track targets through a video."""

    source: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SRC")]
    """video file, image folder, glob (in quotes), camera index or URL"""
    box: tyro.conf.UseAppendAction[tuple[str, ...]]
    """x,y,w,h of a target in pixels: left, top, width, height; once for each target. x,y,w,h@120 starts in frame 120,
    x,y,w,h@120-180 is followed to frame 180, x,y,w,h@150#0 shows target 0 once more"""
    draw: Literal["window", "browser"] = "window"
    """where you draw the targets if there is no --box; the browser's page is served on this machine only"""
    save: Path | None = None
    """annotated video to write (.mp4, H.264, with the sound of SRC)"""
    csv: Path | None = None
    """table of boxes to write: frame,id,x,y,w,h,score,state,time,x_std,y_std,w_std,h_std; - for standard output"""
    json: Path | None = None
    """the same as JSON, with what made it; - for standard output"""
    start: int = 0
    """first frame to use, from 0"""
    end: int | None = None
    """frame to stop before"""
    stride: int = 1
    """use every so many frames"""
    backward: bool = False
    """follow from the last frame that is used to the first"""
    fps: float | None = None
    """frames a second of images, 25 by default in the annotated video"""
    no_sound: bool = False
    """leave out the sound of SRC"""
    scale: float = 1.0
    """size of the annotated video as a part of SRC's; boxes stay in pixels of SRC"""
    trail: int = 30
    """length of the trail of a target, in frames"""
    line_width: int | None = None
    """of the boxes drawn, pixels; by default as suits the picture"""
    no_labels: bool = False
    """draw boxes without ids and scores"""
    band: bool = False
    """draw the uncertainty of each box: a faint band that contains its edges in about 90 % of frames"""
    candidates: bool = False
    """draw what else looks like the target: faint outlines"""
    config: TrackerConfig = TrackerConfig()
    """the tracker"""
    panels: Path | None = None
    """write what the tracker sees in every frame to this video (.mp4), or into this folder for TensorBoard"""
    quiet: bool = False
    """print errors only"""
    debug: bool = False
    """show the traceback of an error. (--debug PATH is --panels PATH, as it was)"""


def run(arguments: Arguments, build_tracker: TrackerBuilder = build_tracker) -> int:
    """Run the command; exit code 1 where the video broke off or an output failed."""
    check(arguments)
    overlay = Overlay(
        arguments.scale,
        arguments.trail,
        arguments.line_width,
        not arguments.no_labels,
        arguments.band,
        arguments.candidates,
    )
    whole = open_source(arguments)
    frames = select(whole, arguments.start, arguments.end, arguments.stride, arguments.backward)
    starts = parse_boxes(arguments.box, frames.numbers, arguments.backward, whole.name)
    first, source = peek_first(frames.to_track(starts))
    overlay.check(first)
    for start in starts:
        check_box(start.box, first)
    if not arguments.quiet:
        notices = unreached_ends(arguments.box, starts, frames.numbers, arguments.backward)
        if not (arguments.save or arguments.csv or arguments.json or arguments.panels):
            notices.append("nothing will be saved: --save writes the annotated video, --csv and --json write the boxes")
        for notice in notices:
            print(f"note: {notice}", file=sys.stderr)
    tracker = build_tracker(arguments.config)
    starts = starts or [InitialBox(box, frames.first, i) for i, box in enumerate(draw_boxes(first, arguments.draw))]
    if arguments.panels:
        from pytracking.pipeline.debug_sink import debug_sink  # late: these import torch and matplotlib
        from pytracking.tracker.dimp.debug import DebugRecorder

        tracker.debug = DebugRecorder()
    targets = MultiTracker(tracker)
    used = {name: getattr(arguments, name) for name in ("start", "end", "stride", "backward")}
    size = [first.shape[1], first.shape[0]]
    about = {"source": whole.name, "fps": whole.fps, "size": size, **used, **tracker.run_info().to_json()}
    wanted = sinks(arguments, frames.used, overlay, about)
    ids = sorted({start.target for start in starts})
    if arguments.panels:
        wanted[arguments.panels] = debug_sink(arguments.panels, frames.used, targets, ids)
    progress = partial(tqdm, total=source.length, unit="frame", disable=arguments.quiet or None)
    summary = run_pipeline(frames.track(source, starts, targets, progress), list(wanted.values()))
    return conclude(summary, len(ids), list(wanted), arguments.quiet)


def check(arguments: Arguments) -> None:
    """Raise InputError if an output would overwrite an input or cannot be written, or an option is invalid.

    It runs before the import of torch, which takes seconds.
    """
    a = arguments
    network = network_files(a.config)
    files = {"--save": a.save, "--csv": a.csv, "--json": a.json}
    folders: dict[str, Path | None] = {}
    (files if a.panels and a.panels.suffix else folders)["--panels"] = a.panels
    check_outputs(files, [a.source, *network], folders)
    for path in (a.save, files.get("--panels")):
        if path:
            check_video_name(path)
    a.config.check("--")
    if a.fps is not None and not 0 < a.fps <= 1000:
        raise InputError(f"--fps {a.fps}: expected a number above 0, at most 1000")
    if a.backward and a.panels:
        raise InputError("--panels shows frames as they are tracked; it does not go with --backward")


def open_source(arguments: Arguments) -> FrameSource:
    """All frames of SRC, with the chosen rate and sound."""
    source = open_frames(arguments.source)
    if arguments.fps:
        if source.fps or source.live:
            raise InputError(f"--fps {arguments.fps}: is for images; {source.name} has times of its own")
        source = replace(source, fps=arguments.fps)
    return replace(source, sound=None) if arguments.no_sound else source


def conclude(summary: RunSummary, targets: int, paths: Sequence[Path], quiet: bool) -> int:
    """Print the summary, on stderr if a table goes to standard output, or errors only; the exit code."""
    out = sys.stderr if any(path == STDOUT or is_stream(path) for path in paths) else sys.stdout
    lines = [f"{summary.frames} frames, {summary.fps:.1f} FPS tracking {counted(targets, 'target')}"]
    for path, error in zip(paths, summary.errors, strict=True):
        if error:
            print(f"error: {error}", file=sys.stderr)
        elif path != STDOUT and not is_stream(path):
            lines.append(str(path.resolve()))
    if not quiet:
        print(*lines, sep="\n", file=out)
    if summary.broken:
        print(f"error: {summary.broken}; what was tracked is kept", file=sys.stderr)
    return 1 if summary.broken or any(summary.errors) else 0


def draw_boxes(image: Image, where: str) -> list[Box]:
    """The targets that the user draws on the first frame."""
    if where == "browser":
        try:
            from pytracking.web import draw
        except ModuleNotFoundError as error:
            raise ImportError(f"--draw browser needs {error.name}: {install_hint('web')}") from None
        return draw.draw_boxes(image, lambda url: print(f"draw the targets at {url}", file=sys.stderr, flush=True))
    try:
        return box_window.draw_boxes(image)
    except InputError as error:
        raise InputError(f"which target? give --box x,y,w,h (in pixels), or --draw browser; {error}") from None


def sinks(arguments: Arguments, used: FrameSource, overlay: Overlay, about: dict[str, Any]) -> dict[Path, Sink]:
    """The requested sinks, by path."""
    wanted: dict[Path, Sink] = {}
    if arguments.csv:
        wanted[arguments.csv] = csv_table(arguments.csv, used.live)
    if arguments.json:
        wanted[arguments.json] = json_file(arguments.json, about)
    if arguments.save:
        wanted[arguments.save] = annotated_video(arguments.save, used, overlay)
    return wanted


def with_panels(words: list[str]) -> list[str]:
    """``words`` with ``--panels PATH`` for ``--debug PATH``, its old name, after a notice."""
    for i, word in enumerate(words):
        name, equals, path = word.partition("=")
        following = words[i + 1 : i + 2]
        if name == "--debug" and (equals or (following and not following[0].startswith("-"))):
            print("note: --debug PATH is now called --panels PATH", file=sys.stderr)
            return [*words[:i], "--panels" + equals + path, *words[i + 1 :]]
    return words


def main(argv: Sequence[str] | None = None, build_tracker: TrackerBuilder = build_tracker) -> int:
    """Parse ``argv`` and run; the exit code."""
    end_as_interrupt()
    words = with_panels(debug_as_flag(sys.argv[1:] if argv is None else argv))
    return run_command(Arguments, partial(run, build_tracker=build_tracker), words, __doc__)


if __name__ == "__main__":
    sys.exit(main())
