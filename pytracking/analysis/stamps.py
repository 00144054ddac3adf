"""What the JSON stamps beside the results of a run say: by which network, settings, versions and device it was made."""

import json
from dataclasses import dataclass
from typing import Any

from pytracking.analysis.run_score import stamp_files
from pytracking.analysis.sources import ResultRun
from pytracking.evaluation.results import read_stamp


@dataclass(frozen=True)
class RunStamp:
    """One run. facts: name -> what is said of it. settings: the tracker's, as indented JSON, or ""."""

    facts: dict[str, str]
    settings: str = ""


def describe_run(run: ResultRun) -> RunStamp:
    """What the stamps of ``run`` say together, and in how many sequences they differ. Raises ValueError, OSError."""
    results = [path for repeats in run.files.values() for path in repeats]
    stamps = [read_stamp(file).run for path in results for file in stamp_files(path)]
    if not stamps:
        return RunStamp({"stamp": "none beside the results"})
    first = stamps[0]
    facts = {name: _text(value) for name, value in first.to_json().items() if name != "settings"}
    if len(stamps) < len(results):
        facts["stamps"] = f"beside {len(stamps)} of {len(results)} results"
    others = sum(stamp != first for stamp in stamps)
    if others:
        facts["not one run"] = f"the stamps of {others} of {len(stamps)} results differ from the first, shown here"
    return RunStamp(facts, json.dumps(first.settings, indent=1) if first.settings else "")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {entry}" for name, entry in value.items())
    return str(value)
