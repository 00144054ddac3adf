"""The sources of truth and results: folders of text files, or the benchmarks' own trees. No image is opened."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ltr.dataset.layouts import got10k, lasot
from ltr.dataset.layouts.base import SequenceFiles
from ltr.dataset.text_files import annotation_files
from ltr.utils.errors import InputError
from pytracking.analysis.name_matching import match_names
from pytracking.analysis.sequence_score import GroundTruth
from pytracking.evaluation.results import COMPANIONS, box_files

_FLAGS = (*lasot.FLAGS, got10k.ABSENCE)


class AnalysisError(InputError):
    """All faults of the input in one message."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = f"{len(problems)} problems:\n  " if len(problems) > 1 else ""
        super().__init__(count + "\n  ".join(problems))


@dataclass(frozen=True)
class ResultRun:
    """The result files of one run of one tracker: sequence name as in the file name -> its repeats."""

    folder: Path
    files: Mapping[str, tuple[Path, ...]]


@dataclass(frozen=True)
class TrackerResults:
    """A tracker with its displayed name and its runs."""

    name: str
    runs: tuple[ResultRun, ...]

    @property
    def folders(self) -> list[Path]:
        """The folders of its runs; every file in them counts as a result."""
        return [run.folder for run in self.runs]


@dataclass(frozen=True)
class GroundTruthSource:
    """The truth of a data set, read only when it is needed.

    load: reads it; raises AnalysisError. digest: identifies its content without parsing numbers. has_absence: it says
    which targets are absent.
    """

    load: Callable[[], list[GroundTruth]]
    digest: Callable[[], bytes]
    has_absence: bool


def truth_folder(folder: Path, absent_folder: Path | None = None) -> GroundTruthSource:
    """The truth of every sequence under ``folder``, sorted by name.

    Accepted: ``<Seq>.txt`` files; or ``<Seq>/groundtruth_rect.txt``, ``<Seq>/groundtruth_rect.<k>.txt`` (OTB, named
    ``<Seq>-<k>``) and ``<Seq>/groundtruth.txt`` (LaSOT, GOT-10k, with the flags of absence beside it), also one folder
    deeper; files of other names are not read. absent_folder: ``<Seq>.txt`` files of 0/1, one per frame (LaSOT).
    Raises FileNotFoundError if there is no file, ValueError if a sequence has two.
    """
    for path in filter(None, (folder, absent_folder)):
        if not path.is_dir():
            raise FileNotFoundError(f"{path}: no such folder")
    # lists of sequences are in the same folder as the sequence folders of a tree
    files = _truths_in_folders(folder) or _truths_beside_each_other(folder)
    if not files:
        raise FileNotFoundError(
            f"{folder}: holds neither <Seq>.txt nor <Seq>/groundtruth_rect.txt or <Seq>/groundtruth.txt files"
        )
    truths = [_files(name, path) for name, path in files.items()]
    if absent_folder:
        available = box_files(absent_folder)
        names = match_names(files, available)
        truths = [replace(t, flags=(available[names[t.name]],) if t.name in names else ()) for t in truths]
    used = [path for t in truths for path in (*t.annotations, t.meta) if path and path.is_file()]
    load = partial(_read_truths, truths, absent_folder)
    return GroundTruthSource(load, partial(digest_files, used), any(t.flags for t in truths))


def _files(name: str, path: Path) -> SequenceFiles:
    """A truth file, with the companion files of ``groundtruth.txt`` in LaSOT and GOT-10k."""
    if path.stem != "groundtruth":
        return SequenceFiles(name, path)
    flags = tuple(file for file in map(path.with_name, _FLAGS) if file.is_file())
    return SequenceFiles(name, path, flags=flags, cover=path.with_name(got10k.COVER), meta=path.with_name(got10k.META))


def _read_truths(files: list[SequenceFiles], absent_folder: Path | None) -> list[GroundTruth]:
    truths, problems = [], []
    for one in files:
        try:
            if absent_folder and not one.flags:
                raise FileNotFoundError(f"{absent_folder}: no flags of absence for {one.name}")
            truths.append(one.ground_truth())
        except (InputError, OSError) as error:
            problems.append(str(error))
    if problems:
        raise AnalysisError(problems)
    return truths


def from_memory(truths: list[GroundTruth]) -> GroundTruthSource:
    """A source of truth that is already in memory."""

    def digest() -> bytes:
        parts = [repr((t.name, t.image_size)).encode() + t.boxes.tobytes() + t.absent.tobytes() for t in truths]
        return hashlib.sha256(b"".join(parts)).digest()

    return GroundTruthSource(lambda: truths, digest, any(t.absent.any() for t in truths))


def digest_files(paths: Iterable[Path]) -> bytes:
    """SHA-256 of the names and contents of files."""
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.digest()


def _truths_in_folders(folder: Path) -> dict[str, Path]:
    """The truth files of a benchmark's tree; ValueError if one sequence has two."""
    for pattern in ("*", "*/*"):
        files: dict[str, Path] = {}
        for place in sorted(path for path in folder.glob(pattern) if path.is_dir()):
            for target, path in annotation_files(place).items():
                name = place.name + (f"-{target}" if target else "")
                if name in files:
                    raise InputError(f"{files[name]} and {path}: two files with the truth of {name}; expected one")
                files[name] = path
        if files:
            return files
    return {}


def _truths_beside_each_other(folder: Path) -> dict[str, Path]:
    """The <Seq>.txt files; ValueError if one has a name reserved for times and scores, which would be left out."""
    files = box_files(folder)
    for path in sorted(folder.glob("*.txt")):
        base = next((path.stem.removesuffix(end) for end in COMPANIONS if path.stem.endswith(end)), None)
        if base is not None and base not in files:
            raise InputError(
                f"{path}: names ending in {', '.join(COMPANIONS)} are kept for times and scores; rename it"
            )
    return files


def find_tracker(name: str, folder: Path) -> TrackerResults:
    """The runs of a tracker under ``folder``.

    One run: ``<Seq>.txt`` files, or ``<Seq>/<Seq>_001.txt`` (got10k's repeats, which are averaged). Several runs:
    folders of such files in ``folder``, or next to it as ``<folder>_000``, ``<folder>_001`` (pytracking's run ids).
    Raises FileNotFoundError if there is no box file.
    """
    folder = Path(folder)
    candidates: Iterable[Path] = [folder]
    run = _find_run(folder)
    if run is None:
        inside = sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
        candidates = inside if folder.is_dir() else numbered_runs(folder)
    runs = [run for run in map(_find_run, candidates) if run is not None]
    if not runs:
        raise FileNotFoundError(f"{folder}: {'holds no <Seq>.txt box files' if folder.is_dir() else 'no such folder'}")
    return TrackerResults(name, tuple(runs))


def numbered_runs(folder: Path) -> list[Path]:
    """The folders ``<folder>_000``, ``<folder>_001``, ... next to ``folder``."""
    pattern = re.compile(re.escape(folder.name) + r"_\d{3}")
    return sorted(p for p in folder.parent.glob("*") if pattern.fullmatch(p.name) and p.is_dir())


def _find_run(folder: Path) -> ResultRun | None:
    flat: dict[str, tuple[Path, ...]] = {name: (path,) for name, path in box_files(folder).items()}
    files = flat or find_repeats(folder)
    return ResultRun(folder, files) if files else None


def find_repeats(folder: Path) -> dict[str, tuple[Path, ...]]:
    """Sequence name -> its repeats ``<Seq>/<Seq>_001.txt``, ..., as got10k writes them."""
    sequences = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    repeats = {path.name: tuple(sorted(path.glob(f"{path.name}_[0-9][0-9][0-9].txt"))) for path in sequences}
    return {name: files for name, files in repeats.items() if files}
