"""What the JSON stamps beside the results of a run say: by which network, settings, versions and device it was made."""

import json
from dataclasses import dataclass
from typing import Any

from pytracking.analysis.run_score import stamp_files
from pytracking.analysis.sources import ResultRun
from pytracking.evaluation.results import read_stamp

_FIRST = ("tracker", "parameter", "network_sha256", "device", "threads", "seed")  # the order of the facts
_OF_THE_SEQUENCE = ("sequence", "trained_on", "sha256")  # what stamps of one run may differ in


@dataclass(frozen=True)
class RunStamp:
    """One run. facts: name -> what is said of it. settings: the tracker's, as indented JSON, or ""."""

    facts: dict[str, str]
    settings: str = ""


def describe_run(run: ResultRun) -> RunStamp:
    """What the stamps of ``run`` say together, and in how many sequences they differ. Raises ValueError, OSError."""
    results = [path for repeats in run.files.values() for path in repeats]
    stamps = [_of_the_run(read_stamp(file)) for path in results for file in stamp_files(path)]
    if not stamps:
        return RunStamp({"stamp": "none beside the results"})
    first = stamps[0]
    names = sorted(first, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    facts = {name: _text(first[name]) for name in names if name != "settings"}
    if len(stamps) < len(results):
        facts["stamps"] = f"beside {len(stamps)} of {len(results)} results"
    others = sum(stamp != first for stamp in stamps)
    if others:
        facts["not one run"] = f"the stamps of {others} of {len(stamps)} results differ from the first, shown here"
    settings = first.get("settings")
    return RunStamp(facts, json.dumps(settings, indent=1) if settings else "")


def _of_the_run(stamp: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in stamp.items() if name not in _OF_THE_SEQUENCE}


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {entry}" for name, entry in value.items())
    return str(value)
