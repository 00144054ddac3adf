"""Scored runs kept on disk; the key is the content of every file that a score depends on."""

import hashlib
import inspect
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ltr.dataset import text_files
from ltr.utils.files import replacing
from pytracking.analysis import metrics, run_score, sequence_score
from pytracking.analysis.protocols import Protocol
from pytracking.analysis.run_score import RunScore, SequenceScores, stamp_files, time_files
from pytracking.analysis.sources import ResultRun, digest_files

_RULES = (text_files, metrics, sequence_score, run_score)  # a change of their source invalidates every score
_LISTS = ("names", "missing", "trained_on", "about_truth")


def _version() -> str:
    """The version of the metrics: the same files may score differently under another one."""
    texts = [*map(inspect.getsource, _RULES), *metrics.METRICS]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


@dataclass(frozen=True)
class Cache:
    """Scored runs in a folder, one ``.npz`` file (arrays and JSON, no code) for each run and protocol."""

    folder: Path

    def path(self, truth: bytes, run: ResultRun, protocol: Protocol, allow_missing: bool) -> Path:
        """The path of the score of ``run``; ``truth`` is the digest of the truth's content."""
        results = [path for repeats in run.files.values() for path in repeats]
        files = [file for path in results for file in (path, *time_files(path), *stamp_files(path))]
        rules = json.dumps([_version(), asdict(protocol), allow_missing, list(run.files)])
        return self.folder / f"{hashlib.sha256(rules.encode() + truth + digest_files(files)).hexdigest()}.npz"

    def load(self, path: Path) -> RunScore | None:
        """The score at ``path``, or None if it is missing or cannot be read."""
        if not path.is_file():
            return None
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                rest = json.loads(str(archive["rest"]))
                values = {name: archive[f"value {name}"] for name in metrics.METRICS}
                curves = {name: archive[f"curve {name}"] for name in metrics.plotted_curves()}
                scores = SequenceScores(archive["frames"], values, curves)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):  # damaged: computed again
            return None
        names, missing, trained_on, about = (tuple(rest[name]) for name in _LISTS)
        return RunScore(names, scores, missing, (), rest["notes"], rest["fps"], trained_on, about)

    def save(self, path: Path, score: RunScore) -> None:
        """Store ``score``, unless it has problems: these are searched again each time."""
        if score.problems:
            return
        rest = {name: getattr(score, name) for name in (*_LISTS, "notes", "fps")}
        scores = score.scores
        arrays: dict[str, Any] = {
            "frames": scores.frames,
            **{f"value {name}": value for name, value in scores.values.items()},
        }
        arrays |= {f"curve {name}": curve for name, curve in scores.curves.items()}
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, rest=np.array(json.dumps(rest)), **arrays)
