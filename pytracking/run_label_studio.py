"""A backend for Label Studio: boxes that are drawn in a video are followed from there on.

    python pytracking/run_label_studio.py videos/

Then connect http://localhost:9090 as a model in the settings of a Label Studio project for video object tracking
(docs/annotation.md). It reads only the videos in the folder, and serves this machine only unless --host says otherwise.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Annotated

import tyro

from ltr.utils.errors import InputError
from pytracking.api.builder import TrackerBuilder, build_tracker
from pytracking.api.multi_tracker import MultiTracker
from pytracking.tracker.base.config import TrackerConfig
from pytracking.utils.cli import CommandArguments, run_command


@dataclass(frozen=True)
class Arguments(CommandArguments):
    """Serve a tracker to Label Studio."""

    root: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="FOLDER")]
    """folder of the videos: that of Label Studio's local storage, or its media folder"""
    host: str = "127.0.0.1"
    """address to serve; 0.0.0.0: everyone in the network, who can then use the tracker and learn the videos' names"""
    port: int = 9090
    """port"""
    frames: int = 300
    """frames to follow at most in one request; Label Studio waits 100 seconds for an answer"""
    config: TrackerConfig = TrackerConfig()
    """the tracker"""


def run(
    arguments: Arguments,
    build_tracker: TrackerBuilder = build_tracker,
    serve_forever: Callable[[ThreadingHTTPServer], None] = ThreadingHTTPServer.serve_forever,
) -> int:
    """Serve until Ctrl-C."""
    from pytracking.integrations.label_studio import Backend, serve

    a = arguments
    if not a.root.is_dir():
        raise InputError(f"{a.root}: no such folder of videos")
    if not a.frames >= 1:
        raise InputError(f"--frames: expected 1 or more, got {a.frames}")
    tracker = build_tracker(a.config)
    with serve(Backend(a.root, lambda: MultiTracker(tracker), a.frames), a.host, a.port) as server:
        print(f"serving {a.root} at http://{a.host}:{server.server_port}; Ctrl-C ends it", flush=True)
        serve_forever(server)
    return 0


def main(argv: Sequence[str] | None = None, build_tracker: TrackerBuilder = build_tracker) -> int:
    """Parse ``argv`` and run; the exit code."""
    return run_command(Arguments, partial(run, build_tracker=build_tracker), argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
