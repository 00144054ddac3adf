"""Uploaded videos: limits, accepted formats and storage."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

from ltr.data.video_stream import open_container, video_stream
from ltr.utils.errors import InputError
from pytracking.video.frame_source import BrokenSourceError, open_video
from pytracking.web.video_playback import VideoPlayback

MAX_BYTES = 500 * 2**20
MAX_SIDE = 4096  # pixels
ACCEPTED = "MP4, MOV, WebM, MKV or AVI"


class UploadError(InputError):
    """The reason to reject a video, as a message for the user. status: of the HTTP response."""

    status: ClassVar[int]


class TooLargeError(UploadError):
    """More bytes than ``MAX_BYTES``."""

    status = 413

    def __init__(self) -> None:
        super().__init__(f"the video is larger than {MAX_BYTES >> 20} MB; run_video takes any size")


class NotAVideoError(UploadError):
    """Not a video of an accepted format."""

    status = 415


class NotStoredError(UploadError):
    """The disk is full or fails."""

    status = 507


class PageGoneError(UploadError):
    """The page is no longer connected."""

    status = 404


class StalledError(UploadError):
    """The upload has stalled."""

    status = 408


def looks_like_video(head: bytes) -> bool:
    """Whether a file that begins with ``head`` (12 bytes) has an accepted container format.

    FFmpeg also reads playlists, which make it open other files and addresses, so they must be rejected.
    """
    return (
        head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")  # MP4, MOV
        or head[:4] == b"\x1aE\xdf\xa3"  # WebM, MKV
        or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")
    )


async def store(chunks: AsyncIterator[bytes], path: Path) -> None:
    """Write ``chunks`` to ``path``; an UploadError is raised early and leaves no file."""
    size, head = 0, b""
    try:
        with path.open("wb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > MAX_BYTES:
                    raise TooLargeError
                if len(head) < 12:
                    head += chunk[: 12 - len(head)]
                    if len(head) == 12 and not looks_like_video(head):
                        raise NotAVideoError(f"that is not an {ACCEPTED} video")
                file.write(chunk)
        if len(head) < 12:
            raise NotAVideoError(f"that is not an {ACCEPTED} video")
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, ConnectionError):
            raise NotStoredError(f"the server cannot store the video: {error.strerror}") from error
        raise


def open_upload(path: Path) -> VideoPlayback:
    """The stored video, after decoding its first frame; NotAVideoError if that fails or its frames are too large."""
    try:
        source = open_video(path)
        with open_container(path) as container:
            stream = video_stream(container, path)
            if max(stream.width, stream.height) > MAX_SIDE:
                raise NotAVideoError(f"its frames are {stream.width} x {stream.height} px; the limit is {MAX_SIDE}")
        first = next(iter(source), None)
    except BrokenSourceError:
        first = None
    except InputError as error:
        raise NotAVideoError(str(error).removeprefix(f"{path}: ")) from None
    if first is None:
        raise NotAVideoError("the video has no frame that can be read")
    return VideoPlayback(source, (first.shape[1], first.shape[0]))
