"""Is a data set complete? ``python -m ltr.data.check NAME ROOT [--split SPLIT]`` counts what is there and what is not.

NAME is lasot, got10k, trackingnet, coco or video (a folder or a .csv table of annotated videos). Every annotation is
read and every picture looked for (none is decoded). The exit code is 1 where something is missing or broken.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import tyro
from tqdm import tqdm

from ltr.dataset.coco_format import coco_paths, read_coco_arrays
from ltr.dataset.image_sequences import Layout
from ltr.dataset.layouts import LAYOUTS
from ltr.dataset.sequence_folder import list_videos, read_sequence


@dataclass
class Count:
    """Things of one kind: how many there should be, how many there are, and the first that is wrong."""

    what: str
    expected: int = 0
    found: int = 0
    first: str = ""

    def add(self, expected: int, found: int, problem: object = "") -> None:
        """Count in some; ``problem`` says what is wrong where they are not as many."""
        self.expected += expected
        self.found += found
        if found != expected and not self.first:
            self.first = str(problem)

    def line(self) -> str:
        """One line of the report."""
        first = f"   first missing: {self.first}" if self.first else ""
        return f"{self.what:12} expected {self.expected:9,}  found {self.found:9,}{first}"


@dataclass
class Report:
    """What was found of a data set."""

    sequences: Count = field(default_factory=lambda: Count("sequences"))
    frames: Count = field(default_factory=lambda: Count("frames"))
    broken: Count = field(default_factory=lambda: Count("broken files"))
    left_out: dict[str, str] = field(default_factory=dict)  # name of what has frames -> why it is no sequence

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return all(count.expected == count.found for count in (self.sequences, self.frames, self.broken))

    def text(self) -> str:
        """A line per kind of thing."""
        broken = f"\nbroken       {self.broken.found}   first: {self.broken.first}" if self.broken.found else ""
        left_out = "".join(f"\nleft out     {name}: {why}" for name, why in self.left_out.items())
        return f"{self.sequences.line()}\n{self.frames.line()}{broken}{left_out}"


def check_layout(layout: Layout, root: Path, split: str) -> Report:
    """Look for every annotation file and every frame of a split."""
    report = Report()
    names = layout.sequences(root, split)
    if layout.count:
        report.sequences.add(layout.count(split) - len(names), 0, f"{layout.count(split) - len(names)} of {root}")
    for name in tqdm(names, f"{layout.name} {split}", leave=False, disable=None):
        missing = [root / file for file in layout.annotations(name) if not (root / file).is_file()]
        report.sequences.add(1, not missing, missing[0] if missing else "")
        if missing:
            continue
        try:
            wanted = [root / layout.frame(name, i) for i in range(len(layout.read(root, name)))]
        except ValueError as error:
            report.broken.add(0, 1, error)
            continue
        there = _listed(wanted[0].parent)
        lacking = [path for path in wanted if path.name not in there]
        report.frames.add(len(wanted), len(wanted) - len(lacking), lacking[0] if lacking else "")
    return report


def check_coco(root: Path, split: str) -> Report:
    """Look for the pictures that the annotation file names; they count as frames, the boxes as sequences."""
    path, folder = coco_paths(root, split)
    arrays = read_coco_arrays(path)
    report = Report(sequences=Count("boxes"), frames=Count("pictures"))
    report.sequences.add(len(arrays["ids"]), len(arrays["ids"]))
    for name in arrays["files"].tolist():
        file = folder / name
        report.frames.add(1, file.is_file(), file)
    return report


def check_videos(root: Path) -> Report:
    """Read every sequence of a folder (or a table) of annotated videos; name those that have frames but no boxes."""
    listing = list_videos(root)
    report = Report(left_out=listing.left_out)
    for video in listing.videos.values():
        try:
            sequence = read_sequence(video)
        except (ValueError, OSError) as error:
            report.broken.add(0, 1, error)
            continue
        report.sequences.add(1, 1)
        report.frames.add(len(sequence.boxes), len(sequence.boxes))
    return report


def _listed(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))
    except FileNotFoundError:
        return set()


@dataclass(frozen=True)
class CheckOptions:
    """What to check."""

    name: tyro.conf.Positional[Literal["lasot", "got10k", "trackingnet", "coco", "video"]]
    root: tyro.conf.Positional[Path]
    split: str = ""  # of the data set; its whole training part where none is given


def check(options: CheckOptions) -> Report:
    """The report of a data set; FileNotFoundError where there is nothing, ValueError for an unknown split."""
    if not options.root.is_dir() and options.name != "video":
        raise FileNotFoundError(f"folder does not exist: {options.root}")
    if options.name == "coco":
        return check_coco(options.root, options.split)
    if options.name == "video":
        return check_videos(options.root)
    layout = LAYOUTS[options.name]
    return check_layout(layout, options.root, options.split or layout.whole)


def main(argv: list[str] | None = None) -> None:
    """Command line; errors are one line and exit code 1, as is a data set that is not complete."""
    options = tyro.cli(CheckOptions, args=argv, prog="python -m ltr.data.check", description=__doc__)
    try:
        report = check(options)
    except (ValueError, OSError, json.JSONDecodeError) as error:
        raise SystemExit(f"error: {error}") from error
    print(f"{options.name} {options.split}".strip() + f" in {options.root}\n{report.text()}")
    if not report.complete:
        raise SystemExit(1)
    print("complete")


if __name__ == "__main__":
    main()
