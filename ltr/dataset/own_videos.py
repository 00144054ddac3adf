"""The user's own annotated videos in a folder: boxes and frames, for training and evaluation. Needs no torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ltr.data.image_loader import read_file
from ltr.data.image_pages import page_numbers
from ltr.data.media_files import IMAGE_SUFFIXES, VIDEO_SUFFIXES, image_files, is_image, is_video
from ltr.data.video_frames import count_frames
from ltr.dataset.text_files import annotation_files, read_boxes, read_text
from ltr.utils.errors import InputError

GROUND_TRUTH = "groundtruth_rect.txt or groundtruth.txt"


@dataclass(frozen=True)
class FrameFiles:
    """The frames of a video: a video file, or images in frame order.

    name: for messages. size: width and height in pixels to which the frames of the video are cropped, if given.
    is_single: ``pictures`` is one file given as a video, which may hold several images (a stack or an animation).
    """

    name: str
    video: Path | None = None
    size: tuple[int, int] | None = None
    pictures: tuple[Path, ...] = ()
    is_single: bool = False

    def count(self) -> int:
        """Number of frames."""
        if self.video is not None:
            return count_frames(self.video)
        return len(page_numbers(read_file(self.pictures[0]))) if self.is_single else len(self.pictures)


@dataclass(frozen=True)
class OwnVideo:
    """One annotated video.

    place: its folder or file. boxes: reads its boxes float64 [n, 4], one row per frame, or only that of the first
    frame. frames: finds its frames. Both raise ValueError or OSError that names the file, and can be pickled.
    """

    name: str
    place: Path
    boxes: Callable[[], NDArray[np.float64]]
    frames: Callable[[], FrameFiles]


@dataclass(frozen=True)
class Listing:
    """The annotated videos of a folder or a table, by name; and names with frames but without boxes: the reason."""

    videos: dict[str, OwnVideo] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def list_folder(root: Path) -> Listing:
    """The annotated videos in ``root``, sorted by name.

    <Seq>/groundtruth_rect.txt or groundtruth.txt, with img/, color/, a video or the images beside it; for several
    targets <Seq>/groundtruth_rect.<k>.txt, named <Seq>-<k>; and <Seq>.txt beside the video <Seq>.mp4. ``root`` may
    also be one such sequence. Case of file names is ignored. FileNotFoundError if there is none.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder of sequences")
    here = sorted(root.iterdir())
    found: list[OwnVideo] = _in_folder(root.resolve().name, root)
    itself = bool(found)
    left_out: dict[str, str] = {}
    texts = {path.name.lower(): path for path in here if path.is_file()}
    for path in here:
        if path.is_dir():
            videos = _in_folder(path.name, path)
            missing = f"no {GROUND_TRUTH}{_alike(path)}" if not (videos or itself) and _has_frames(path) else ""
        elif is_video(path) and not itself:
            text = texts.get(f"{path.stem}.txt".lower())
            videos = [OwnVideo(path.stem, path, partial(read_boxes, text), partial(_video, path))] if text else []
            missing = "" if text else f"no {path.stem}.txt beside it"
        else:
            continue
        found += videos
        if missing and not path.name.startswith("."):
            left_out[path.name] = missing
    if not found:
        what = f"{root}: holds no <Sequence>/{GROUND_TRUTH}, and no video beside its .txt"
        raise FileNotFoundError("; ".join([what, *(f"{name}: {why}" for name, why in left_out.items())]))
    return Listing(_by_name(root, found), left_out)


def _in_folder(name: str, folder: Path) -> list[OwnVideo]:
    """The annotated targets of a sequence's folder."""
    frames = partial(frames_in, folder)
    try:
        files = annotation_files(folder)
    except InputError as error:
        return [OwnVideo(name, folder, partial(_refuse, str(error)), frames)]
    return [
        OwnVideo(f"{name}-{target}" if target else name, folder, partial(read_boxes, file), frames)
        for target, file in files.items()
    ]


def _alike(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir() if path.suffix.lower() == ".txt")
    return f" (but {', '.join(names[:3])})" if names else ""


def _has_frames(folder: Path) -> bool:
    places = [folder, *(folder / name for name in ("img", "color") if (folder / name).is_dir())]
    return any((is_image(path) or is_video(path)) and path.is_file() for place in places for path in place.iterdir())


def frames_in(folder: Path) -> FrameFiles:
    """img/ or color/, a video (frames.mp4 cropped to the size in meta.json: encoders pad odd sides), or the images."""
    for images in (folder / "img", folder / "color"):
        if images.is_dir():
            return FrameFiles(str(folder), pictures=tuple(image_files(images)))
    videos = sorted(filter(is_video, folder.iterdir()))
    if len(videos) > 1:
        raise InputError(f"{folder}: expected one video, found {', '.join(path.name for path in videos)}")
    if videos:
        size = _size_in(folder / "meta.json") if videos[0].name == "frames.mp4" else None
        return FrameFiles(str(folder), videos[0], size)
    if not any(map(is_image, folder.iterdir())):
        kinds = f"images ({', '.join(sorted(IMAGE_SUFFIXES))}) or video ({', '.join(sorted(VIDEO_SUFFIXES))})"
        raise FileNotFoundError(f"{folder}: holds no img/, no color/, and no {kinds} beside the boxes")
    return FrameFiles(str(folder), pictures=tuple(image_files(folder)))


def _size_in(meta: Path) -> tuple[int, int] | None:
    """Width and height in a meta.json; None if it has none."""
    if not meta.is_file():
        return None
    try:
        content = json.loads(read_text(meta))
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{meta}: not JSON ({error})") from None
    if not isinstance(content, dict) or not {"width", "height"} <= content.keys():
        return None
    size = content["width"], content["height"]
    if not all(isinstance(side, int) and not isinstance(side, bool) and side > 0 for side in size):
        raise InputError(f"{meta}: expected width and height in whole pixels above 0, found {size[0]!r}, {size[1]!r}")
    return size


def _video(path: Path) -> FrameFiles:
    return FrameFiles(str(path), path)


def _by_name(root: Path, videos: Iterable[OwnVideo]) -> dict[str, OwnVideo]:
    """``videos`` sorted by name; reading one of several with the same name raises."""
    named: dict[str, list[OwnVideo]] = {}
    for video in videos:
        named.setdefault(video.name, []).append(video)
    return {name: _one_of(root, named[name]) for name in sorted(named)}


def _one_of(root: Path, videos: list[OwnVideo]) -> OwnVideo:
    if len(videos) == 1:
        return videos[0]
    names = ", ".join(video.place.name for video in videos)
    message = f"{root}: {names} are all called {videos[0].name}; rename all but one"
    return replace(videos[0], boxes=partial(_refuse, message))


def _refuse(message: str) -> NDArray[np.float64]:
    raise InputError(message)
