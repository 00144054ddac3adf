"""The results given to a command: our own by name, a tracker's folder, or folders as authors publish them.

Supported layouts:

- OTB, UAV123, pysot: ``<Tracker>/<Seq>.txt``, also ``<Tracker>/<Seq>_<Tracker>.txt``
- pytracking: ``<tracker>/<parameter>_000/<Seq>.txt``, ``_001``, ... (runs)
- LaSOT: ``<Tracker>_tracking_result/<Seq>.txt``
- GOT-10k: ``<Tracker>/<Seq>/<Seq>_001.txt`` (repeats), with its times
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

from ltr.dataset.text_files import parse_rows
from pytracking.analysis.sources import (
    AnalysisError,
    ResultRun,
    TrackerResults,
    find_repeats,
    find_tracker,
    numbered_runs,
)
from pytracking.evaluation.results import box_files

_DEPTH = 6  # levels of folders below the given one


def find_trackers(ours: Sequence[str], results: Sequence[str], results_dir: Path) -> list[TrackerResults]:
    """Our own results TRACKER:PARAMETER[:RUN] below ``results_dir``, then those in the folders NAME=DIR and below DIR.

    Raises AnalysisError that lists every one that is missing, malformed, or given twice.
    """
    problems: list[str] = []
    named: list[tuple[str, Path]] = []
    for text in ours:
        tracker, _, parameter = text.partition(":")
        parameter, _, run = parameter.partition(":")
        if not parameter or (run and not run.isdecimal()):
            problems.append(f"{text}: expected TRACKER:PARAMETER or TRACKER:PARAMETER:RUN")
            continue
        named.append((text, results_dir / tracker / (parameter + (f"_{int(run):03d}" if run else ""))))
    for text in results:
        name, equals, path = text.partition("=")
        if equals and not (name and path):
            problems.append(f"{text}: expected NAME=DIR, or DIR")
            continue
        named.append((name if equals else "", Path(path if equals else text)))
    trackers: list[TrackerResults] = []
    for name, folder in named:
        try:
            found = [find_tracker(name, folder)] if name else find_published(folder)
            trackers += [replace(t, runs=tuple(_without_suffix(run, t.name) for run in t.runs)) for t in found]
        except OSError as error:
            problems.append(str(error))
    names = [tracker.name for tracker in trackers]
    problems += [f"{name}: given {names.count(name)} times" for name in sorted(set(names)) if names.count(name) > 1]
    problems += _runs_given_twice(trackers)
    if problems:
        raise AnalysisError(problems)
    return trackers


def _runs_given_twice(trackers: Sequence[TrackerResults]) -> list[str]:
    """Runs of a mean that are also given as another tracker: the two would be compared as if they were independent."""
    places = defaultdict(list)
    for tracker in trackers:
        for folder in tracker.folders:
            places[folder.resolve()].append(tracker)
    return [
        f"{folder}: given twice, in {' and in '.join(t.name for t in given)}"
        for folder, given in places.items()
        if len({tuple(t.folders) for t in given}) > 1
    ]


def notes_on_left_out(trackers: Sequence[TrackerResults]) -> list[str]:
    """Notes on numbered runs next to the only folder of a tracker, if they are not among ``trackers``."""
    given = {folder.resolve() for tracker in trackers for folder in tracker.folders}
    notes = []
    for tracker, (run, *others) in ((tracker, tracker.runs) for tracker in trackers):
        left = [] if others else [p for p in numbered_runs(run.folder) if p.resolve() not in given]
        if left:
            notes.append(
                f"{tracker.name}: only {run.folder} is scored; {', '.join(p.name for p in left)} beside it left out"
                f" (their mean: rename {run.folder.name}; each: --results {' '.join(f'{p.name}={p}' for p in left)})"
            )
    return notes


def find_published(folder: Path) -> list[TrackerResults]:
    """The trackers with results below ``folder``, sorted; named by their folders, without the folders they share.

    Folders that differ in ``_000``, ``_001``, ... are runs of one tracker. Files whose first line is not a box are
    ignored. Raises FileNotFoundError if there is no result.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    runs = sorted(_runs_below(folder), key=lambda run: run.folder)
    if not runs:
        matlab = "; .mat files are not read, save their boxes as text" if any(folder.rglob("*.mat")) else ""
        raise FileNotFoundError(f"{folder}: holds no text files of boxes{matlab}")
    trackers: dict[str, list[ResultRun]] = defaultdict(list)
    for name, run in zip(_names(folder, runs), runs, strict=True):
        trackers[re.sub(r"_\d{3}$", "", name)].append(run)
    return [TrackerResults(name, tuple(found)) for name, found in sorted(trackers.items())]


def _runs_below(folder: Path, depth: int = _DEPTH) -> Iterator[ResultRun]:
    repeats = find_repeats(folder)
    flat: dict[str, tuple[Path, ...]] = {
        name: (path,) for name, path in box_files(folder).items() if _holds_boxes(path)
    }
    if repeats or flat:
        yield ResultRun(folder, repeats or flat)
    for below in sorted(path for path in folder.iterdir() if path.is_dir() and path.name not in repeats):
        if depth and not below.name.startswith("."):
            yield from _runs_below(below, depth - 1)


def _holds_boxes(path: Path) -> bool:
    """Whether the first line is four numbers."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = file.readline()
    try:
        return parse_rows(first).shape == (1, 4)
    except ValueError:
        return False


def _names(folder: Path, runs: list[ResultRun]) -> list[str]:
    """The distinguishing parts of the folders of ``runs``; of a single run the folder's name."""
    paths = [run.folder.relative_to(folder).parts for run in runs]
    shared_first, shared_last = _count_shared(paths), _count_shared([parts[::-1] for parts in paths])
    names = ["/".join(parts[shared_first : len(parts) - shared_last]) for parts in paths]
    if len(runs) == 1:
        names = [runs[0].folder.name]
    elif len(set(names)) < len(names) or "" in names:
        names = ["/".join(parts) or folder.name for parts in paths]
    return [re.sub("_tracking_results?$", "", name) for name in names]


def _count_shared(paths: list[tuple[str, ...]]) -> int:
    """The number of leading parts that all ``paths`` share."""
    return len(list(takewhile(lambda parts: len(set(parts)) == 1, zip(*paths, strict=False))))


def _without_suffix(run: ResultRun, tracker: str) -> ResultRun:
    """``run`` with the tracker's name removed from its sequence names, if all of them end in it."""
    for part in (*tracker.split("/"), run.folder.name):
        ends = (f"_{part}".lower(), f"-{part}".lower())
        if all(name.lower().endswith(ends) and len(name) > len(ends[0]) for name in run.files):
            return replace(run, files={name[: -len(ends[0])]: paths for name, paths in run.files.items()})
    return run
