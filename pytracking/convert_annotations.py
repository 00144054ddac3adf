"""Convert the boxes of a video between formats of annotation tools, data sets and compositing programs.

    python pytracking/convert_annotations.py annotations.xml yolo/ --to yolo --video clip.mp4

IN is read in the format that its name and content tell, OUT is written in the one that its suffix tells; --format and
--to name others: cvat, label-studio, mot, coco, yolo, vot, got10k, folder, after-effects, nuke (only written), json,
csv.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import tyro

from ltr.utils.errors import InputError
from ltr.utils.files import STDOUT, check_outputs
from pytracking.annotation.formats import read, write
from pytracking.annotation.model import VideoInfo
from pytracking.utils.cli import CommandArguments, run_command
from pytracking.utils.text import counted


@dataclass(frozen=True)
class Arguments(CommandArguments):
    """Convert annotated videos."""

    source: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="IN")]
    """file or folder of annotations"""
    output: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="OUT")]
    """file to write; for mot, yolo, vot, got10k, folder and after-effects a folder, which must be new or empty"""
    format: str = ""
    """format of IN, if it is not told by the name and content"""
    to: str = ""
    """format of OUT, if it is not told by the suffix"""
    video: str = ""
    """the video, or its image folder: tells size, number and rate of the frames where IN does not"""
    targets: str = ""
    """ids of the targets to keep, 1,4,7; all by default"""
    label: str = ""
    """label for all targets, instead of their own"""
    quiet: bool = False
    """print errors only"""


def run(arguments: Arguments) -> int:
    """Convert."""
    a = arguments
    if not a.output.is_dir():
        check_outputs({"OUT": a.output}, [a.source, a.video or None])
    annotations = read(a.source, a.format, video_info(a.video) if a.video else VideoInfo())
    if a.targets:
        annotations = annotations.only(_ids(a.targets))
    if a.label:
        annotations = replace(annotations, tracks=tuple(replace(t, label=a.label) for t in annotations.tracks))
    if not annotations.tracks:
        raise InputError(f"{a.source}: holds no targets")
    write(annotations, a.output, a.to)
    if not a.quiet and a.output != STDOUT:
        boxes = sum(len(track.boxes) for track in annotations.tracks)
        what = (
            f"{counted(len(annotations.tracks), 'target')}, {boxes} boxes in {counted(annotations.num_frames, 'frame')}"
        )
        print(f"{a.output}: {what}")
    return 0


def _ids(text: str) -> list[int]:
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise InputError(f"--targets: expected ids such as 1,4,7, got {text!r}") from None


def video_info(video: str) -> VideoInfo:
    """Size, number and rate of the frames of a video or image folder."""
    from pytracking.video.frame_source import open_frames, peek_first

    source = open_frames(video)
    first, _ = peek_first(source)
    return VideoInfo((first.shape[1], first.shape[0]), source.length, source.fps, video)


def main(argv: Sequence[str] | None = None) -> int:
    """Parse ``argv`` and run; the exit code."""
    return run_command(Arguments, run, argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
