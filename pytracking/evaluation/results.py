"""Result files: only this module reads and writes them (text and JSON, with numpy only).

A finished sequence ``S`` has four files in one folder, in pytracking's layout::

    S.txt         one row per frame: x,y,w,h in pixels, comma, four decimals
    S_time.txt    one row per frame: seconds
    S_score.txt   one row per frame: score,state
    S.json        the stamp: settings, hash of the network, versions, device, seed, the sequence; trained_on: true
                  if the network was trained on S; sha256: of the three files above

Every file is written under a temporary name and renamed, the box file last: if ``S.txt`` exists, the sequence is
finished and complete. A run that stops while it replaces an older result leaves files of both; then the checksums in
the stamp do not match the files (see :func:`vouched`).
"""

import hashlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ltr.dataset.text_files import parse_rows, read_text
from ltr.utils.errors import InputError
from ltr.utils.files import replacing
from pytracking.tracker.base.run_info import RunInfo, as_json_values

COMPANIONS = ("_time", "_score", "_object_presence_scores")  # the last one is pytracking's


@dataclass(frozen=True)
class ResultInfo:
    """The stamp of a result; in ``S.json`` all fields are on one level, except for ``sequence`` and ``sha256``.

    sequence: its data set, rows, first box and a digest of its frames. trained_on: the network was trained on it.
    sha256: checksums of the result's files by their content, once they are written; None in stamps of old versions.
    """

    run: RunInfo
    sequence: Mapping[str, Any] = field(default_factory=dict)
    trained_on: bool = False
    sha256: Mapping[str, str] | None = None

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """From a stamp of any version."""
        own = {name: values[name] for name in ("sequence", "trained_on", "sha256") if name in values}
        return cls(RunInfo.from_json({name: value for name, value in values.items() if name not in own}), **own)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        own = {"trained_on": self.trained_on or None, "sha256": self.sha256}
        said = {name: value for name, value in own.items() if value is not None}
        return as_json_values({**self.run.to_json(), "sequence": self.sequence, **said})


def box_path(folder: Path, sequence: str) -> Path:
    """The box file of ``sequence`` in a results folder; it exists if and only if the sequence is finished."""
    if not sequence or sequence.startswith(".") or re.search(r"[/\\\0]", sequence):
        raise InputError(f"sequence name {sequence!r}: expected a plain file name that does not begin with a dot")
    if sequence.endswith(COMPANIONS):
        raise InputError(
            f"sequence name {sequence!r}: ends in {', '.join(COMPANIONS)}, as the files beside the boxes of another "
            "sequence do; rename it"
        )
    return Path(folder) / f"{sequence}.txt"


def write_result(
    folder: Path,
    sequence: str,
    boxes: ArrayLike,
    times: ArrayLike,
    scores: ArrayLike,
    states: Sequence[str],
    info: ResultInfo,
) -> None:
    """Write one finished sequence (see the module's description for the files).

    boxes: [n, 4] x, y, w, h in image pixels, finite. times: [n] seconds. scores: [n] in 0..1. states: n words.
    info: its ``sha256`` is filled in. Raises ValueError, and writes nothing, if the shapes disagree or a number is not
    finite.
    """
    path = box_path(folder, sequence)
    rows, seconds, score = (np.asarray(a, np.float64) for a in (boxes, times, scores))
    if rows.ndim != 2 or rows.shape[1] != 4:
        raise InputError(f"boxes of {sequence}: expected [n, 4] (x, y, w, h), got {list(rows.shape)}")
    for name, array in (("boxes", rows), ("times", seconds), ("scores", score), ("states", np.asarray(states))):
        if len(array) != len(rows) or (array is not rows and array.ndim != 1):
            raise InputError(f"{name} of {sequence}: expected {len(rows)}, one a frame, got {list(array.shape)}")
    for name, array in (("boxes", rows), ("times", seconds), ("scores", score)):
        if not np.isfinite(array).all():
            raise InputError(f"{name} of {sequence}: row {np.argwhere(~np.isfinite(array))[0, 0]} is not finite")
    content = {
        "times": _table(seconds, "%.6f"),
        "scores": "".join(f"{value:.4f},{state}\n" for value, state in zip(score, states, strict=True)),
        "boxes": _table(rows, "%.4f"),
    }
    digests = {what: hashlib.sha256(text.encode()).hexdigest() for what, text in content.items()}
    content["stamp"] = json.dumps(replace(info, sha256=digests).to_json(), indent=1, sort_keys=True) + "\n"
    files = _files(path)
    for what in ("times", "scores", "stamp", "boxes"):
        with replacing(files[what]) as temporary:
            temporary.write_bytes(content[what].encode())


def _table(values: NDArray[np.float64], form: str) -> str:
    text = io.StringIO()
    np.savetxt(text, values, fmt=form, delimiter=",")
    return text.getvalue()


def _files(path: Path) -> dict[str, Path]:
    """The files of the result whose box file is ``path``."""
    return {
        "times": path.with_name(f"{path.stem}_time.txt"),
        "scores": path.with_name(f"{path.stem}_score.txt"),
        "stamp": path.with_name(f"{path.stem}.json"),
        "boxes": path,
    }


def vouched(path: Path, stamp: ResultInfo, parts: Sequence[str] = ("boxes", "times", "scores")) -> bool:
    """Whether the files of the result with the box file ``path`` match the checksums in its ``stamp``.

    parts: the files to check. False if the stamp is an older one without checksums.
    """
    digests, files = stamp.sha256, _files(path)
    if not isinstance(digests, dict) or not all(files[part].is_file() for part in parts):
        return False
    return all(hashlib.sha256(files[part].read_bytes()).hexdigest() == digests.get(part) for part in parts)


def box_files(folder: Path) -> dict[str, Path]:
    """Sequence name -> box file, for the ``.txt`` files of ``folder`` that are not times or scores."""
    files = sorted(Path(folder).glob("*.txt"))
    return {p.stem: p for p in files if not p.stem.endswith(COMPANIONS) and not p.name.startswith(".")}


def read_times(path: Path) -> NDArray[np.float64]:
    """Seconds [n], one per frame, of a time file; the mean of several columns (got10k's repeats)."""
    try:
        times = parse_rows(read_text(path))
    except ValueError as error:
        raise InputError(f"{path}: expected seconds, one row a frame ({error})") from None
    return times.mean(axis=1)


def read_scores(path: Path) -> tuple[NDArray[np.float64], list[str]]:
    """Scores [n] and states (n words) of a ``_score.txt`` file."""
    rows = [line.split(",") for line in read_text(path).rstrip().splitlines()]
    try:
        return np.array([float(score) for score, _ in rows]), [state for _, state in rows]
    except ValueError as error:
        raise InputError(f"{path}: expected rows of score,state ({error})") from None


def read_stamp(path: Path) -> ResultInfo:
    """Read the JSON stamp of a result."""
    try:
        stamp = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({error})") from None
    if not isinstance(stamp, dict):
        raise InputError(f"{path}: expected a JSON object, found {type(stamp).__name__}")
    return ResultInfo.from_json(stamp)
