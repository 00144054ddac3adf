"""The user's own videos as sequences: a folder of videos (``folder:DIR``), or a CSV table of boxes (``csv:FILE``)."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from ltr.dataset.own_videos import FrameFiles, Listing, OwnVideo, list_folder
from ltr.dataset.video_table import list_table
from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.video.frame_source import FrameSource, crop, open_images, open_picture, open_video

OWN: dict[str, Callable[[Path], Listing]] = {"folder": list_folder, "csv": list_table}


def read_own(kind: str, video: OwnVideo) -> Sequence:
    """One video as a sequence of the data set ``kind``."""
    return Sequence(video.name, kind, video.boxes(), partial(_open, video.frames))


def _open(frames: Callable[[], FrameFiles]) -> FrameSource:
    files = frames()
    if files.video is not None:
        source = open_video(files.video)
        return crop(source, *files.size) if files.size else source
    return open_picture(files.pictures[0]) if files.is_single else open_images(files.pictures, files.name)
