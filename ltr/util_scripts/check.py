"""Check a data set: ``python -m ltr.util_scripts.check NAME ROOT [--split SPLIT]`` counts existing and missing files.

NAME is a published data set, coco, or video (a folder or a .csv table of annotated videos). Every annotation is read,
every image searched (with --decode: decoded), and boxes that are not used in training are counted: absent targets,
crowds, tiny boxes, and boxes outside their images. The exit code is 1 if a file is missing or broken, or if so many
boxes lie outside that their format is probably different.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import tyro
from tqdm import tqdm

from ltr.data import jpeg_markers
from ltr.data.crop import share_inside
from ltr.data.image_loader import LazyImage, load_image
from ltr.data.video_frames import VideoCache, read_frames
from ltr.data.video_scan import scan_video
from ltr.dataset.base_video_dataset import visible_boxes
from ltr.dataset.coco_format import coco_paths, read_coco_arrays
from ltr.dataset.coco_seq import BoxFilter
from ltr.dataset.layouts import TRAINED
from ltr.dataset.layouts.base import Layout
from ltr.dataset.layouts.image_sequences import training_boxes
from ltr.dataset.sequence_folder import FolderSequence, list_videos, read_sequence
from ltr.util_scripts.check_report import Count, Report, has_an_area
from ltr.utils.cli import one_line_errors
from ltr.utils.errors import InputError

MIN_SIDE = 4.0  # px of a target, the default of the video data sets
_HEAD = 2**16  # bytes of a JPEG file to search for its size


def check_layout(layout: Layout, root: Path, split: str, decode: bool = False) -> Report:
    """Check every annotation file and every frame of a split."""
    report = Report()
    sequences = layout.sequences(root, split)
    if layout.count:
        lacking = layout.count(split) - len(sequences)
        report.sequences.add(lacking, 0, f"{lacking} of {root}")
    for files in tqdm(sequences, f"{layout.name} {split}", leave=False, disable=None):
        missing = [file for file in files.annotations if not file.is_file()]
        report.sequences.add(1, not missing, missing[0] if missing else "")
        if missing:
            continue
        try:
            boxes = training_boxes(layout, files)
        except InputError as error:
            report.broken.add(0, 1, error)
            continue
        wanted = [files.picture_of(i) for i in range(len(boxes))]
        there = _listed(wanted[0].parent)
        found = [path.name in there for path in wanted]
        report.frames.add(len(wanted), sum(found), "" if all(found) else wanted[found.index(False)])
        kept = np.flatnonzero(found)
        sizes = _picture_sizes(report, [wanted[i] for i in kept], decode)
        _count_boxes(report, boxes[kept], sizes, _frame_of(files.name, kept))
    return report


def check_coco(root: Path, split: str, decode: bool = False) -> Report:
    """Check the images of the annotation file; they count as frames, the boxes as sequences."""
    path, folder = coco_paths(root, split)
    arrays = read_coco_arrays(path)
    report = Report(sequences=Count("boxes"), frames=Count("pictures"))
    report.sequences.add(len(arrays["ids"]), len(arrays["ids"]))
    sizes = arrays["sizes"].copy()
    for i, name in enumerate(tqdm(arrays["files"].tolist(), "pictures", leave=False, disable=None)):
        file = folder / name
        report.frames.add(1, file.is_file(), file)
        if not file.is_file():
            continue
        try:
            sizes[i] = _picture_size(file, decode)
        except InputError as error:
            report.broken.add(0, 1, error)
        if (sizes[i] != arrays["sizes"][i]).any():
            (width, height), said = sizes[i], arrays["sizes"][i]
            report.broken.add(0, 1, f"{file} is {width} x {height}, where {path} says {said[0]} x {said[1]}")
    boxes, sizes = arrays["boxes"], sizes[arrays["pictures"]]
    shares = share_inside(boxes, sizes)
    reasons = {
        "without an area": ~has_an_area(boxes),
        "outside the picture": shares < BoxFilter().min_inside,
        "too small, thin or large": ~BoxFilter().accepts(boxes, sizes),
    }
    report.boxes.add(boxes, shares, reasons, lambda i: f"annotation {arrays['ids'][i]}")
    if crowds := int(arrays["crowds"]):
        report.boxes.total += crowds
        report.boxes.leave_out("of a crowd", crowds)
    return report


def check_videos(root: Path, decode: bool = False) -> Report:
    """Read every sequence of a folder (or a table) of annotated videos; list those with frames but without boxes."""
    listing = list_videos(root)
    report = Report(left_out=listing.left_out)
    for video in tqdm(listing.videos.values(), "videos", leave=False, disable=None):
        try:
            sequence = read_sequence(video)
            sizes = _frame_sizes(report, sequence, decode)
        except (InputError, OSError) as error:
            report.broken.add(0, 1, error)
            continue
        report.sequences.add(1, 1)
        report.frames.add(len(sequence.boxes), len(sequence.boxes))
        _count_boxes(report, sequence.boxes, sizes, _frame_of(video.name, range(len(sequence.boxes))))
    return report


def _frame_of(name: str, numbers: Sequence[int] | np.ndarray) -> Callable[[int], str]:
    """Index of a box -> the sequence ``name`` and its frame; ``numbers`` are the frame numbers, from 0."""
    return lambda i: f"{name}, frame {numbers[i] + 1}"


def _count_boxes(report: Report, boxes: np.ndarray, sizes: np.ndarray, where: Callable[[int], str]) -> None:
    """Count the boxes ``[n, 4]`` of a sequence in images of ``sizes [n, 2]``, or ``[1, 2]`` if all are equal."""
    shares = share_inside(boxes, sizes)
    reasons = {
        "of absent targets": ~has_an_area(boxes),
        "outside the picture": shares < BoxFilter().min_inside,
        f"thinner than {MIN_SIDE:g} px": ~visible_boxes(boxes, MIN_SIDE),
    }
    report.boxes.add(boxes, shares, reasons, where)


def _frame_sizes(report: Report, sequence: FolderSequence, decode: bool) -> np.ndarray:
    """Width and height of every frame, ``[n, 2]``, or of all, ``[1, 2]``; broken images are counted.

    Raises:
        ValueError: the video is damaged.
    """
    files = sequence.frames
    if files.video is None:
        return _picture_sizes(report, files.pictures, decode)
    if decode:
        VideoCache().read(files.video, [len(sequence.boxes) - 1])
    return np.array([files.size or _video_size(files.video)])


def _picture_sizes(report: Report, paths: Sequence[Path], decode: bool) -> np.ndarray:
    """Width and height ``[n, 2]`` of every image, or ``[1, 2]`` of the first intact one; broken and empty images are
    counted, with the size of the first intact one."""
    broken = {path: f"{path} is empty" for path in paths if not path.stat().st_size}
    sizes: dict[Path, tuple[float, float]] = {}
    for path in paths:
        try:
            if path not in broken and (decode or not sizes):
                sizes[path] = _picture_size(path, decode)
        except InputError as error:
            broken[path] = str(error)
    for problem in broken.values():
        report.broken.add(0, 1, problem)
    if not decode or not sizes:
        return np.array(list(sizes.values()) or [(np.inf, np.inf)])
    return np.array([sizes.get(path, next(iter(sizes.values()))) for path in paths])


def _picture_size(path: Path, decode: bool) -> tuple[int, int]:
    """Width and height; ValueError if the file is empty, damaged or not an image."""
    if decode:
        height, width = load_image(path).shape[:2]
        return width, height
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(jpeg_markers.JPEG_START) and not jpeg_markers.has_exif(head):
        size = jpeg_markers.size(head)
        if size is not None:
            return size
    return LazyImage(path).size


def _video_size(path: Path) -> tuple[int, int]:
    """Displayed width and height of the first frame."""
    height, width = next(read_frames(scan_video(path), range(1))).shape[:2]
    return width, height


def _listed(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))
    except FileNotFoundError:
        return set()


@dataclass(frozen=True)
class CheckOptions:
    """Options of the command."""

    name: tyro.conf.Positional[Literal[(*TRAINED, "coco", "video")]]  # type: ignore[valid-type]
    root: tyro.conf.Positional[Path]
    split: str = ""  # of the data set; by default its whole training part
    decode: bool = False  # decode every image and video: finds damaged ones, slow


def check(options: CheckOptions) -> Report:
    """The report of a data set; FileNotFoundError if there is nothing, ValueError for an unknown split."""
    if not options.root.is_dir() and options.name != "video":
        raise FileNotFoundError(f"folder does not exist: {options.root}")
    if options.name == "coco":
        return check_coco(options.root, options.split, options.decode)
    if options.name == "video":
        return check_videos(options.root, options.decode)
    layout = TRAINED[options.name]
    return check_layout(layout, options.root, options.split or layout.whole, options.decode)


def main(argv: list[str] | None = None) -> None:
    """Command line; errors are one line and exit code 1; so is an incomplete data set."""
    options = tyro.cli(CheckOptions, args=argv, prog="python -m ltr.util_scripts.check", description=__doc__)
    with one_line_errors():
        report = check(options)
    print(f"{options.name} {options.split}".strip() + f" in {options.root}\n{report.text()}")
    if not report.complete:
        raise SystemExit(1)
    print("complete")


if __name__ == "__main__":
    main()
