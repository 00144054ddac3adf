"""Archives for the servers of TrackingNet and GOT-10k: their content, and the check for all faults.

Both are checked as ``{name in the archive: text}``, by the same rules before writing and after reading.
TrackingNet's devkit matches <seq>.txt by name and scores a missing one as boxes without area; GOT-10k's toolkit writes
<seq>/<seq>_001.txt to _003.txt, one repetition each, and <seq>/<seq>_time.txt with one column per repetition.
"""

import codecs
import math
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ltr.dataset.layouts.base import read_specs
from ltr.dataset.text_files import read_boxes
from ltr.utils.errors import InputError
from ltr.utils.files import replacing
from pytracking.evaluation.datasets.registry import list_dataset
from pytracking.evaluation.datasets.sequence import Box
from pytracking.evaluation.results import box_files, read_times

Contents = dict[str, str]

GOT10K_TEST_SEQUENCES = 180
MAX_REPETITIONS = 3
_FIRST_BOX_TOLERANCE = 0.01  # pixels: archives round to two or three decimals
_NUMBER = re.compile(r"-?\d+(\.\d*)?([eE][-+]?\d+)?")


@dataclass(frozen=True)
class Expected:
    """A sequence that the archive must hold; frames and first_box are None if the data set is not available."""

    name: str
    frames: int | None = None
    first_box: Box | None = None


@dataclass(frozen=True)
class Submission:
    """The format that a server accepts. pack: run folders -> contents. check: contents -> problems, one per line."""

    dataset: str
    names: Callable[[], list[str]]
    pack: Callable[[Sequence[Path], Sequence[Expected]], Contents]
    check: Callable[[Contents, Sequence[Expected]], list[str]]


def expected_sequences(submission: Submission, paths: Path | None = None) -> list[Expected]:
    """The sequences with their number of frames and first boxes, from the data set on disk; raises its errors."""
    sequences = [load() for load in list_dataset(submission.dataset, paths).values()]
    return [Expected(s.name, s.length, s.first_box) for s in sequences]


def write_archive(contents: Contents, path: Path) -> None:
    """Write ``contents`` as a zip file, completely or not at all."""
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in contents.items():
            archive.writestr(name, text)


def read_archive(path: Path) -> Contents:
    """The text files of a zip archive; FileNotFoundError or ValueError if it is not one."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such archive")
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice:
                raise InputError(f"{path}: holds {twice} twice")
            return {name: _text(path, name, archive.read(name)) for name in names if not name.endswith("/")}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: not a zip archive of text files ({error})") from None


def _text(archive: Path, name: str, content: bytes) -> str:
    try:
        return content.decode("ascii")
    except UnicodeDecodeError as error:
        what = "begins with a byte order mark" if content.startswith(codecs.BOM_UTF8) else f"not ASCII text ({error})"
        raise InputError(f"{archive}: {name}: {what}") from None


def _pack_trackingnet(runs: Sequence[Path], expected: Sequence[Expected]) -> Contents:
    if len(runs) > 1:
        raise InputError(f"TrackingNet takes one run, found {', '.join(run.name for run in runs)}: give --runid")
    files = box_files(runs[0])
    return {f"{s.name}.txt": _rows(read_boxes(files[s.name]), 2) for s in expected if s.name in files}


def _check_trackingnet(contents: Contents, expected: Sequence[Expected]) -> list[str]:
    wanted = {f"{s.name}.txt": s for s in expected}
    return check_names(contents, list(wanted)) + [
        problem for name, s in wanted.items() if name in contents for problem in check_boxes(name, contents[name], s)
    ]


def _pack_got10k(runs: Sequence[Path], expected: Sequence[Expected]) -> Contents:
    contents: Contents = {}
    for s in expected:
        times = []
        for number, run in enumerate(runs[:MAX_REPETITIONS], start=1):
            if s.name not in (files := box_files(run)):
                continue
            contents[f"{s.name}/{s.name}_{number:03d}.txt"] = _rows(read_boxes(files[s.name]), 3)
            times.append(read_times(run / f"{s.name}_time.txt"))
        if len({len(column) for column in times}) == 1:  # else the boxes differ in number too, and are rejected
            contents[f"{s.name}/{s.name}_time.txt"] = _rows(np.stack(times, axis=1), 8)
    return contents


def _check_got10k(contents: Contents, expected: Sequence[Expected]) -> list[str]:
    numbers = [int(found[1]) for found in (re.search(r"_(\d{3})\.txt$", name) for name in contents) if found]
    repetitions = max([1, *numbers])
    if repetitions > MAX_REPETITIONS:
        return [f"{repetitions} repetitions, while the server takes {MAX_REPETITIONS} at most"]
    wanted, problems = [], []
    for s in expected:
        boxes = [f"{s.name}/{s.name}_{number:03d}.txt" for number in range(1, repetitions + 1)]
        times = f"{s.name}/{s.name}_time.txt"
        wanted += [*boxes, times]
        if s.frames is None and boxes[0] in contents:  # all files of a sequence must at least agree
            s = replace(s, frames=len(contents[boxes[0]].splitlines()))
        for name in boxes:
            problems += check_boxes(name, contents[name], s) if name in contents else []
        problems += check_times(times, contents[times], s.frames, repetitions) if times in contents else []
    return check_names(contents, wanted) + problems


def check_names(found: Contents, wanted: Sequence[str]) -> list[str]:
    """Problems with names: missing files, surplus files, and an archive of the folder instead of its content."""
    tops = {name.split("/")[0] for name in found}
    if len(tops) == 1 and not set(found) & set(wanted) and {name.split("/", 1)[-1] for name in found} & set(wanted):
        return [f"everything lies in a folder {tops.pop()}/: zip what is in it, not the folder itself"]
    missing = [f"{name}: missing" for name in wanted if name not in found]
    return missing + [f"{name}: does not belong there" for name in found if name not in set(wanted)]


def check_boxes(name: str, text: str, expected: Expected) -> list[str]:
    """Problems of a file of boxes: a line that is not x,y,w,h with w, h > 0, the number of lines, the first box."""
    problems = _check_table(name, text, expected.frames, 4)
    if problems:
        return problems
    rows = [[float(word) for word in line.split(",")] for line in text.splitlines()]
    empty = next((i for i, row in enumerate(rows, start=1) if row[2] <= 0 or row[3] <= 0), None)
    if empty:
        return [f"{name}:{empty}: a box without area, {text.splitlines()[empty - 1]}"]
    first = expected.first_box
    if first is not None and not np.allclose(rows[0], first, rtol=0, atol=_FIRST_BOX_TOLERANCE):
        return [f"{name}:1: the first box should be the one given, {','.join(f'{v:g}' for v in first)}"]
    return []


def check_times(name: str, text: str, frames: int | None, repetitions: int) -> list[str]:
    """Problems of a file of seconds: a line without one number above 0 per repetition, the number of lines."""
    problems = _check_table(name, text, frames, repetitions)
    if problems:
        return problems
    lines = text.splitlines()
    bad = next((i for i, line in enumerate(lines, start=1) if min(map(float, line.split(","))) <= 0), None)
    return [f"{name}:{bad}: expected seconds above 0, found {lines[bad - 1]}"] if bad else []


def _check_table(name: str, text: str, frames: int | None, columns: int) -> list[str]:
    """Problems of a table whose rows must be ``columns`` finite numbers separated by commas."""
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        words = line.split(",")
        if len(words) != columns or not all(_NUMBER.fullmatch(w) and math.isfinite(float(w)) for w in words):
            what = f"{columns} finite numbers with commas between" if columns > 1 else "a finite number"
            return [f"{name}:{number}: expected {what}, found {line[:60]!r}"]
    if frames is not None and len(lines) != frames:
        return [f"{name}: {len(lines)} rows for {frames} frames"]
    return [] if lines else [f"{name}: empty"]


def _rows(values: np.ndarray, decimals: int) -> str:
    return "".join(",".join(f"{value:.{decimals}f}" for value in row) + "\n" for row in values)


def _got10k_names() -> list[str]:
    return [f"GOT-10k_Test_{number:06d}" for number in range(1, GOT10K_TEST_SEQUENCES + 1)]


TRACKINGNET = Submission("trackingnet", lambda: list(read_specs("trackingnet")), _pack_trackingnet, _check_trackingnet)
GOT10K = Submission("got10k_test", _got10k_names, _pack_got10k, _check_got10k)
