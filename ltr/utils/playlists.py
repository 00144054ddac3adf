"""The local files that FFmpeg reads for a playlist (ffconcat, HLS, DASH)."""

import re
from collections.abc import Iterator
from pathlib import Path

_HEAD = 4096  # bytes that contain the signature of a playlist
_LARGEST = 2**24  # bytes
_NAMES = re.compile(r'"([^"]+)"|>([^<>]+)<')  # URI="key.bin", <BaseURL>clip.mp4</BaseURL>
_ESCAPES = re.compile(r"'([^']*)'|\\(.)")  # of ffconcat


def playlist_files(path: Path) -> list[Path]:
    """The existing files named in ``path`` and in playlists in it; none if ``path`` is not a playlist.

    Every text that could be a name and is the name of a file counts.
    """
    found: dict[Path, None] = {}
    waiting = [path]
    while waiting:
        playlist = waiting.pop()
        new = [file for file in _named(playlist) if file not in found and file != path]
        found.update(dict.fromkeys(new))
        waiting += new
    return list(found)


def _named(playlist: Path) -> Iterator[Path]:
    for name in _candidates(_text(playlist)):
        file = playlist.parent / re.sub(r"^file:(//)?", "", name)
        try:
            if file.is_file():
                yield file
        except (OSError, ValueError):  # too long, or with a NUL
            continue


def _text(path: Path) -> str:
    """The text of a playlist; "" if ``path`` is not one."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"ffconcat", b"#EXTM3U")) or b"<MPD" in head:
                return (head + file.read(_LARGEST)).decode("utf-8", "surrogateescape")
    except OSError:
        pass  # the reader will report it
    return ""


def _candidates(text: str) -> Iterator[str]:
    for line in map(str.strip, text.splitlines()):
        if line.startswith("file "):
            yield _ESCAPES.sub(lambda match: match[1] or match[2] or "", line[5:].strip())
        elif line and not line.startswith("#"):
            yield line
        for quoted, enclosed in _NAMES.findall(line):
            yield quoted or enclosed.strip()
