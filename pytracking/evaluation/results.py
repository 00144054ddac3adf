"""Result files: the only place that reads or writes them (text and JSON, numpy alone).

A finished sequence ``S`` is four files in one folder, as pytracking lays them out:

    S.txt         one row a frame: x,y,w,h in pixels, comma, four decimals
    S_time.txt    one row a frame: seconds
    S_score.txt   one row a frame: score,state
    S.json        the stamp: settings, hash of the network, versions, device, seed; trained_on: true where the
                  network was trained on S

Every file is written under a temporary name and renamed, the box file last: where ``S.txt`` exists, the sequence is
finished and whole.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ltr.admin.files import atomic_write

COMPANIONS = ("_time", "_score", "_object_presence_scores")  # the last one is pytracking's
_SEPARATORS = str.maketrans(",;\t", "   ")


def box_path(folder: Path, sequence: str) -> Path:
    """The box file of ``sequence`` in a results folder; it exists exactly where the sequence is finished."""
    if not sequence or sequence in (".", "..") or re.search(r"[/\\\0]", sequence):
        raise ValueError(f"sequence name {sequence!r}: expected a plain file name")
    return Path(folder) / f"{sequence}.txt"


def write_result(
    folder: Path,
    sequence: str,
    boxes: ArrayLike,
    times: ArrayLike,
    scores: ArrayLike,
    states: Sequence[str],
    stamp: Mapping[str, Any],
) -> None:
    """Write one finished sequence (see the module's description for the files).

    boxes: [n, 4] x, y, w, h in image pixels, finite. times: [n] seconds. scores: [n] in 0..1. states: n words.
    stamp: anything JSON can hold. Raises ValueError, and writes nothing, where the shapes disagree or a number is
    not finite.
    """
    path = box_path(folder, sequence)
    rows, seconds, score = (np.asarray(a, np.float64) for a in (boxes, times, scores))
    if rows.ndim != 2 or rows.shape[1] != 4:
        raise ValueError(f"boxes of {sequence}: expected [n, 4] (x, y, w, h), got {list(rows.shape)}")
    for name, array in (("boxes", rows), ("times", seconds), ("scores", score), ("states", np.asarray(states))):
        if len(array) != len(rows) or (array is not rows and array.ndim != 1):
            raise ValueError(f"{name} of {sequence}: expected {len(rows)}, one a frame, got {list(array.shape)}")
    for name, array in (("boxes", rows), ("times", seconds), ("scores", score)):
        if not np.isfinite(array).all():
            raise ValueError(f"{name} of {sequence}: row {np.argwhere(~np.isfinite(array))[0, 0]} is not finite")
    stamp_text = json.dumps(stamp, indent=1, sort_keys=True) + "\n"

    atomic_write(path.with_name(f"{sequence}_time.txt"), lambda file: np.savetxt(file, seconds, fmt="%.6f"))
    score_lines = "".join(f"{value:.4f},{state}\n" for value, state in zip(score, states, strict=True))
    atomic_write(path.with_name(f"{sequence}_score.txt"), lambda file: file.write_text(score_lines, encoding="utf-8"))
    atomic_write(path.with_name(f"{sequence}.json"), lambda file: file.write_text(stamp_text, encoding="utf-8"))
    atomic_write(path, lambda file: np.savetxt(file, rows, fmt="%.4f", delimiter=","))


def box_files(folder: Path) -> dict[str, Path]:
    """Sequence name -> box file, for the ``.txt`` files of ``folder`` that are not times or scores."""
    files = sorted(Path(folder).glob("*.txt"))
    return {p.stem: p for p in files if not p.stem.endswith(COMPANIONS) and not p.name.startswith(".")}


def read_boxes(path: Path) -> NDArray[np.float64]:
    """Boxes [n, 4] (x, y, w, h as stored) of one text file, NaN in all four numbers where there is no box.

    Reads comma, tab, semicolon and blanks, also mixed in one file (OTB's BlurCar1), any line ending, integers or
    decimals: ours, pytracking's, got10k's and OTB's files. Raises FileNotFoundError, or ValueError with file and line.
    """
    text = _read_text(path)
    try:
        boxes = _parse_rows(text)
    except ValueError:
        boxes = np.empty((0, 0))
    finite = np.isfinite(boxes)
    if boxes.shape[1] != 4 or not (finite.all() or np.isnan(boxes[~finite.all(axis=1)]).all()):
        raise ValueError(_describe_fault(path, text))
    return boxes


def _parse_rows(text: str) -> NDArray[np.float64]:
    """The numbers of ``text`` [n, k], a row a line; ValueError where it holds none, or rows of different lengths."""
    text = text.translate(_SEPARATORS)
    if not text.strip():
        raise ValueError("no rows")
    return np.loadtxt(text.splitlines(), comments=None, ndmin=2)


def _describe_fault(path: Path, text: str) -> str:
    """The message for a box file that cannot be used: its first line that is not four numbers or four NaN."""
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.translate(_SEPARATORS).split()
        if not words:
            continue
        try:
            row = np.array([float(word) for word in words])
        except ValueError:
            row = np.empty(0)
        if len(row) != 4 or not (np.isfinite(row).all() or np.isnan(row).all()):
            return f"{path}:{number}: expected four numbers x,y,w,h (or four NaN), found {line.strip()[:60]!r}"
    return f"{path}: holds no boxes"


def read_flags(path: Path) -> NDArray[np.bool_]:
    """Flags [n], one a frame, of a 0/1 file: one a line or all on one line (LaSOT's and GOT-10k's layouts)."""
    words = _read_text(path).translate(_SEPARATORS).split()
    bad = next((word for word in words if word not in ("0", "1")), None)
    if bad is not None or not words:
        raise ValueError(f"{path}: expected 0 or 1 for every frame, found {bad or 'nothing'!r}")
    return np.array(words) == "1"


def read_times(path: Path) -> NDArray[np.float64]:
    """Seconds [n], one a frame, of a time file; of several columns (got10k's repeats) their mean."""
    try:
        times = _parse_rows(_read_text(path))
    except ValueError as error:
        raise ValueError(f"{path}: expected seconds, one row a frame ({error})") from None
    return times.mean(axis=1)


def read_scores(path: Path) -> tuple[NDArray[np.float64], list[str]]:
    """Scores [n] and states (n words) of a ``_score.txt`` file."""
    rows = [line.split(",") for line in _read_text(path).splitlines() if line]
    try:
        return np.array([float(score) for score, _ in rows]), [state for _, state in rows]
    except ValueError as error:
        raise ValueError(f"{path}: expected rows of score,state ({error})") from None


def read_stamp(path: Path) -> dict[str, Any]:
    """The JSON stamp beside a result."""
    try:
        stamp = json.loads(_read_text(path))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON ({error})") from None
    if not isinstance(stamp, dict):
        raise ValueError(f"{path}: expected a JSON object, found {type(stamp).__name__}")
    return stamp


def _read_text(path: Path) -> str:
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not a text file") from None
