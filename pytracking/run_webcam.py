"""Track targets live, with boxes drawn by the user.

    python pytracking/run_webcam.py           # a camera of this machine, in a window
    python pytracking/run_webcam.py --web     # the camera of the browser, or a video, in a page on this machine

In the window: drag a box around each target; r removes all targets, d the last one, q quits.
"""

import asyncio
import signal
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ltr.utils.errors import InputError
from pytracking.api.builder import TrackerBuilder, build_tracker
from pytracking.api.multi_tracker import MultiTracker
from pytracking.tracker.base.config import PositionalConfig, TrackerConfig
from pytracking.ui.window import Window
from pytracking.utils.cli import CommandArguments, run_command
from pytracking.utils.extras import install_hint
from pytracking.video.frame_source import FrameSource, open_frames
from pytracking.video.latest_frame import LatestFrameReader
from pytracking.visualization.boxes import draw_target

TITLE = "pytracking"
HELP = "drag: follow   r: remove all   d: remove last   q: end"


@dataclass(frozen=True)
class Arguments(CommandArguments):
    """Track targets live, with boxes drawn by the user."""

    config: PositionalConfig = PositionalConfig(TrackerConfig.tracker, TrackerConfig.parameter)
    """the tracker"""
    camera: str = "0"
    """camera index, or a URL or video file in its place"""
    web: bool = False
    """serve a page instead of opening a window"""
    host: str = "localhost"
    """with --web: address to listen on; another than this machine's own asks for the token in the URL printed"""
    port: int = 8000
    """with --web: port to listen on"""
    certificate: Path | None = None
    """with --web: PEM file, for https; browsers give the camera to https and localhost only"""
    key: Path | None = None
    """with --web: PEM file of the certificate's key, where that file does not hold it"""


def run(arguments: Arguments, build_tracker: TrackerBuilder = build_tracker) -> int:
    """Run the command; the exit code."""
    if arguments.web:
        return serve_page(arguments, build_tracker)
    source = open_frames(arguments.camera)
    try:
        window = Window(TITLE)
    except InputError as error:
        raise InputError(f"{error}; --web serves a page instead") from None
    try:
        return follow_live(source, MultiTracker(build_tracker(arguments.config)), window)
    finally:
        window.close()


def follow_live(source: FrameSource, targets: MultiTracker, window: Window) -> int:
    """Track the boxes drawn in ``window`` until the user quits or the source ends; the exit code.

    While a box is drawn, the picture is frozen, so that the box belongs to it.
    """
    seconds: deque[float] = deque(maxlen=20)  # of the last frames
    with LatestFrameReader(source) as frames:
        for image in frames:
            begin = time.perf_counter()
            outputs = targets.track(image)
            seconds.append(time.perf_counter() - begin)
            rate = f"{len(seconds) / sum(seconds):.0f} FPS tracking" if outputs else "draw a box around what to follow"
            drawn = image.copy()
            for number, output in outputs.items():
                draw_target(drawn, output.box, number, output.score, output.state)
            while True:
                window.show(drawn.copy(), rate, HELP)
                match window.key():
                    case "q" | "esc" | "closed":
                        return 0
                    case "r":
                        targets.clear()
                    case "d" if targets.ids:
                        targets.remove(targets.ids[-1])
                if not window.drawing.selection:
                    break
            box = window.drawing.take()
            if box:
                targets.add(image, box)
                seconds.clear()
    print(f"{source.name}: has ended")
    return 0


def serve_page(arguments: Arguments, build_tracker: TrackerBuilder) -> int:
    """Serve the page until Ctrl-C."""
    try:
        from pytracking.web.server import Address, serve
    except ModuleNotFoundError as error:
        raise ImportError(f"--web needs {error.name}: {install_hint('web')}") from None
    address = Address(arguments.host, arguments.port, arguments.certificate, arguments.key)
    tracker = build_tracker(arguments.config)
    try:
        asyncio.run(serve(lambda: MultiTracker(tracker), address, announce))
    except KeyboardInterrupt:
        print("\nstopped")
    return 0


def announce(url: str) -> None:
    """Print the page's address."""
    print(f"open {url}   (Ctrl-C ends it)", flush=True)
    if url.startswith("http:") and "token=" in url:
        print("browsers give this page no camera, since it is neither https nor localhost (see --certificate)")


def main(argv: Sequence[str] | None = None, build_tracker: TrackerBuilder = build_tracker) -> int:
    """Parse ``argv`` and run; the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as for Ctrl-C, uploads are deleted
    return run_command(Arguments, partial(run, build_tracker=build_tracker), argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
