"""Facts from the JSON stamps of the results of a run: its network, settings, versions and device."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ltr.utils.errors import InputError
from pytracking.analysis.run_score import stamp_files
from pytracking.analysis.sources import ResultRun, TrackerResults
from pytracking.evaluation.results import read_stamp
from pytracking.tracker.base.run_info import RunInfo

# the same tracker runs on many machines, and its network may be trained again
_NOTED = ("network_sha256", "parameter", "device", "threads", "accelerator", "precision", "versions")
_SHOWN = 5  # differences in an error


@dataclass(frozen=True)
class RunStamp:
    """One run. facts: name -> value. settings: the tracker's, as indented JSON, or ""."""

    facts: dict[str, str]
    settings: str = ""


def describe_run(run: ResultRun) -> RunStamp:
    """The common facts of the stamps of ``run``, and how many sequences differ. Raises ValueError, OSError."""
    stamps, results = read_stamps(run), sum(map(len, run.files.values()))
    if not stamps:
        return RunStamp({"stamp": "none beside the results"})
    first = stamps[0]
    facts = {name: _text(value) for name, value in first.to_json().items() if name != "settings"}
    if len(stamps) < results:
        facts["stamps"] = f"beside {len(stamps)} of {results} results"
    others = sum(stamp != first for stamp in stamps)
    if others:
        facts["not one run"] = f"the stamps of {others} of {len(stamps)} results differ from the first, shown here"
    return RunStamp(facts, json.dumps(first.settings, indent=1) if first.settings else "")


def read_stamps(run: ResultRun) -> list[RunInfo]:
    """The stamps of the results of ``run``. Raises ValueError, OSError."""
    results = [path for repeats in run.files.values() for path in repeats]
    return [read_stamp(file).run for path in results for file in stamp_files(path)]


def check_runs(tracker: TrackerResults) -> None:
    """Raise InputError if the runs of ``tracker`` have different trackers or settings: their mean is meaningless."""
    found = {name: said for name, said in _across_runs(tracker).items() if not _is_noted(name)}
    if found:
        listed = "; ".join(f"{name} is {', '.join(said)}" for name, said in list(found.items())[:_SHOWN])
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        folders = " ".join(f"{folder.name}={folder}" for folder in tracker.folders)
        raise InputError(
            f"{tracker.name}: its {len(tracker.runs)} runs differ in more than the seed, and have no mean: {listed}"
            f"{more}. Score them apart, --results {folders}, or move those of other settings to another folder"
        )


def notes_on_runs(tracker: TrackerResults) -> list[str]:
    """Notes on differences between the results of a run of ``tracker``, and between its runs except for the seed."""
    notes = []
    for run in tracker.runs:
        names = list(differences(read_stamps(run)))
        if names:
            notes.append(f"{tracker.name}: NOT ONE RUN: the results in {run.folder.name} differ in {', '.join(names)}")
    found = [f"{name}: {', '.join(said)}" for name, said in _across_runs(tracker).items() if _is_noted(name)]
    return [*notes, f"{tracker.name}: its runs differ in {'; '.join(found)}"] if found else notes


def _across_runs(tracker: TrackerResults) -> dict[str, list[str]]:
    """Differences between the runs, except for the seed, by their first stamps: name -> ``value in run`` of each."""
    firsts = {run.folder.name: stamps[0] for run in tracker.runs if (stamps := read_stamps(run))}
    return {
        name: [f"{value} in {run}" for run, value in zip(firsts, values, strict=True)]
        for name, values in differences(list(firsts.values())).items()
        if name != "seed"
    }


def _is_noted(name: str) -> bool:
    """Whether runs that differ in this field may still be averaged; the difference becomes a note."""
    return name.partition(".")[0] in _NOTED


def differences(stamps: Sequence[RunInfo]) -> dict[str, list[Any]]:
    """The fields that differ between ``stamps``: ``settings.search.scale`` -> the value in each, None if it has none.

    A field that an old stamp lacks is not a difference.
    """
    if all(stamp == stamps[0] for stamp in stamps):
        return {}
    said = [_flat("", {**vars(stamp), "more": None, "parameter": _network(stamp)}) for stamp in stamps]
    found = {}
    for name in dict.fromkeys(name for one in said for name in one):  # an ordered set
        field = name.partition(".")[0]
        pairs = zip(stamps, said, strict=True)
        known = [one.get(name) for stamp, one in pairs if field == "realtime" or getattr(stamp, field) is not None]
        if any(value != known[0] for value in known):
            found[name] = [one.get(name) for one in said]
    return found


def _network(stamp: RunInfo) -> str | None:
    """The name of the network; of a file the name without its folder, which may move."""
    return None if stamp.parameter is None else Path(stamp.parameter).stem


def _flat(name: str, value: Any) -> dict[str, Any]:
    """The values of nested dictionaries by their dotted names, without None."""
    if not isinstance(value, Mapping):
        return {} if value is None else {name: value}
    return {k: v for key, part in value.items() for k, v in _flat(f"{name}.{key}".lstrip("."), part).items()}


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {entry}" for name, entry in value.items())
    return str(value)
