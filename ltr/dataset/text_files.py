"""Readers of text files with boxes and labels of data sets and trackers."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ltr.utils.errors import InputError

LARGEST = 1e15  # pixels; squares of larger numbers overflow in single precision
_ANNOTATION = re.compile(r"groundtruth(_rect)?(?:[._](\d+))?\.txt", re.IGNORECASE)
_SEPARATORS = str.maketrans(",;\t", "   ")
_CELLS_ALONE = str.maketrans(";", ",", " \t")


def read_boxes(path: Path) -> NDArray[np.float64]:
    """Boxes [n, 4] (x, y, w, h as stored) of one text file, NaN in all four numbers if there is no box.

    Separators are comma, tab, semicolon and blanks, also mixed in one file (OTB's BlurCar1), with any line ending:
    files of this toolkit, pytracking, got10k and OTB. Blank lines are ignored at the end and refused elsewhere, because
    they would shift all later rows. Raises FileNotFoundError, or ValueError with file and line.
    """
    text = read_text(path)
    try:
        boxes = parse_rows(text)
    except ValueError:
        boxes = np.empty((0, 0))
    finite = np.abs(boxes) <= LARGEST
    whole = finite.all() or np.isnan(boxes[~finite.all(axis=1)]).all()
    if boxes.shape[1] != 4 or not whole or _has_empty_cell(text):
        raise InputError(_describe_fault(path, text))
    return boxes


def _has_empty_cell(text: str) -> bool:
    """Whether a cell between commas or semicolons, except the last of a line, is empty."""
    bare = "\n" + text.translate(_CELLS_ALONE)
    return ",," in bare or "\n," in bare


def parse_rows(text: str) -> NDArray[np.float64]:
    """The numbers of ``text`` [n, k], one row per line.

    Raises ValueError for an empty text, rows of different lengths, or blank lines before the end.
    """
    lines = text.translate(_SEPARATORS).rstrip().split("\n")
    if lines == [""]:
        raise InputError("no rows")
    blank = next((number for number, line in enumerate(lines, start=1) if not line.strip()), None)
    if blank is not None:
        raise InputError(f"line {blank} is blank")
    return np.loadtxt(lines, comments=None, ndmin=2)


def _describe_fault(path: Path, text: str) -> str:
    """The message for an invalid box file: its first line that is not four numbers or four NaN."""
    if not text.strip():
        return f"{path}: holds no boxes"
    for number, line in enumerate(text.rstrip().split("\n"), start=1):
        if not line.strip():
            return f"{path}:{number}: a blank line; a frame without a box is a row of four NaN"
        try:
            row = parse_rows(line).ravel()
        except ValueError:
            row = np.empty(0)
        usable = len(row) == 4 and ((np.abs(row) <= LARGEST).all() or np.isnan(row).all())
        if not usable or _has_empty_cell(line):
            return f"{path}:{number}: expected four numbers x,y,w,h (or four NaN), found {line.strip()[:60]!r}"
    return f"{path}: holds no boxes"


def read_labels(path: Path, highest: int) -> NDArray[np.int64]:
    """Labels [n], one per frame, from 0 to ``highest``: one per line (GOT-10k), or all on one line (LaSOT).

    Raises FileNotFoundError, or ValueError with file and line.
    """
    lines = enumerate(read_text(path).translate(_SEPARATORS).split("\n"), start=1)
    words = [(number, word) for number, line in lines for word in line.split()]
    allowed = {str(label) for label in range(highest + 1)}
    bad = next(((number, word) for number, word in words if word not in allowed), None)
    if bad is not None or not words:
        what = "0 or 1" if highest == 1 else f"a whole number from 0 to {highest}"
        place, found = (f"{path}:{bad[0]}", bad[1]) if bad else (path, "nothing")
        raise InputError(f"{place}: expected {what} for every frame, found {found!r}")
    return np.array([int(word) for _, word in words])


def read_flags(path: Path) -> NDArray[np.bool_]:
    """Flags [n], one per frame, of a 0/1 file (see :func:`read_labels`)."""
    return read_labels(path, 1) == 1


def read_resolution(meta_info: Path) -> tuple[float, float] | None:
    """Width and height in pixels in GOT-10k's ``meta_info.ini``, or None."""
    text = meta_info.read_text(encoding="utf-8", errors="replace")
    found = re.search(r"resolution:\s*\(\s*([\d.]+)\s*,\s*([\d.]+)\s*\)", text)
    return (float(found[1]), float(found[2])) if found else None


def read_text(path: Path) -> str:
    r"""The UTF-8 text of ``path``, without a byte order mark; lines end in ``\n``.

    Raises FileNotFoundError, or ValueError that names the file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file in UTF-8") from None


def annotation_files(folder: Path) -> dict[str, Path]:
    """The files of boxes in the folder of a sequence, by target: "" for a file without a number, else "1", "2", ...

    ``groundtruth_rect.txt`` or ``groundtruth.txt``; and OTB's ``groundtruth_rect.<k>.txt`` (with or without ``_rect``,
    with ``_`` or ``.``) except empty ones, in the order of k. Case is ignored; other names, such as
    ``groundtruth_old.txt``, are not read.

    Raises:
        ValueError: two files of different content for one target.
    """
    found: dict[int, Path] = {}
    for path in sorted(folder.iterdir(), key=lambda path: ("_rect" not in path.name.lower(), path.name)):
        match = _ANNOTATION.fullmatch(path.name)
        if match is None or not path.is_file() or (match[2] and path.stat().st_size == 0):  # Human4's first is empty
            continue
        other = found.setdefault(int(match[2] or 0), path)
        if other.read_bytes() != path.read_bytes():
            raise InputError(f"{folder}: {other.name} and {path.name} hold different boxes; expected one of them")
    return {str(target or ""): found[target] for target in sorted(found)}
