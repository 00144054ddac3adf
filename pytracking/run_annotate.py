"""Annotate a video in the browser: draw boxes in some frames, tracking fills in the others.

    pytracking annotate clip.mp4                     # kept in clip.mp4.annotations.json
    pytracking annotate clip.mp4 --boxes cvat.xml    # begin with boxes of another tool

Every change is written at once; starting the command again goes on. The page and pytracking convert write other
formats.
"""

import asyncio
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import tyro

from ltr.utils.errors import InputError
from ltr.utils.files import check_outputs
from pytracking.annotation.editing import Project
from pytracking.annotation.formats import read
from pytracking.annotation.model import Annotations, VideoInfo
from pytracking.annotation.project_file import check_video, open_project, project_path
from pytracking.api.builder import TrackerBuilder, build_tracker
from pytracking.tracker.base.config import TrackerConfig
from pytracking.utils.cli import CommandArguments, run_command
from pytracking.utils.extras import install_hint
from pytracking.video.frame_source import FrameSource, of_size, open_frames, peek_first


@dataclass(frozen=True)
class Arguments(CommandArguments):
    """Annotate a video in the browser."""

    video: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="VIDEO")]
    """video file, image folder or glob"""
    config: TrackerConfig = TrackerConfig()
    """the tracker"""
    out: Path | None = None
    """file that keeps the annotations; by default, VIDEO.annotations.json"""
    boxes: Path | None = None
    """begin with the boxes of this file or folder, in any format of pytracking convert"""
    port: int = 8001
    """port to listen on"""


def open_source(arguments: Arguments) -> tuple[FrameSource, VideoInfo]:
    """The frames to annotate, all of one size; InputError if they are live, or not known to be any."""
    source = open_frames(arguments.video)
    if source.live or not source.length:
        raise InputError(f"{source.name}: a video file or images are annotated, not a live source")
    first, _ = peek_first(source)
    height, width = first.shape[:2]
    return of_size(source, width, height), VideoInfo((width, height), source.length, source.fps, source.name)


def open_annotations(arguments: Arguments, source: FrameSource, video: VideoInfo) -> tuple[Project, Path]:
    """What to begin with, and the file that keeps it."""
    path = arguments.out or project_path(arguments.video)
    check_outputs({"--out": path}, [*source.files, arguments.boxes])
    project = open_project(path, video)
    if project and arguments.boxes:
        raise InputError(f"{path}: is there already; go on with it without --boxes, or give another --out")
    if arguments.boxes:
        found = read(arguments.boxes, video=video)
        check_video(found, video, arguments.boxes)
        project = Project(Annotations(found.tracks, video))
    return project or Project(Annotations((), video)), path


def run(arguments: Arguments, build_tracker: TrackerBuilder = build_tracker) -> int:
    """Run the command; the exit code."""
    try:
        from pytracking.web.annotation_server import serve
        from pytracking.web.annotation_session import AnnotationSession
        from pytracking.web.frame_store import FrameStore
    except ModuleNotFoundError as error:
        raise ImportError(f"annotate needs {error.name}: {install_hint('web')}") from None
    source, video = open_source(arguments)
    project, path = open_annotations(arguments, source, video)
    tracker = build_tracker(arguments.config)

    session = None

    def new_session(worker: Executor) -> AnnotationSession:
        nonlocal session
        session = AnnotationSession(project, source, tracker, path, worker)
        return session

    def announce(url: str) -> None:
        print(f"open {url}   (Ctrl-C ends it; everything is kept in {path})", flush=True)

    try:
        asyncio.run(serve(new_session, FrameStore(source), arguments.port, announce))
    except KeyboardInterrupt:
        print(f"\nstopped; {session.path if session else path}")
    return 0


def main(argv: Sequence[str] | None = None, build_tracker: TrackerBuilder = build_tracker) -> int:
    """Parse ``argv`` and run; the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as for Ctrl-C, the annotations are saved
    return run_command(Arguments, partial(run, build_tracker=build_tracker), argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
