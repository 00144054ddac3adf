"""The table of a study from its stored runs."""

from __future__ import annotations

import statistics

from ltr.experiments.detection.runs import DetectionRuns
from ltr.experiments.detection.scores import Scores
from ltr.experiments.detection.studies import Row


def print_table(runs: DetectionRuns, rows: list[Row]) -> None:
    """The table in Markdown: means over the seeds, in brackets the largest distance of a seed from the mean."""
    print("\n| method | paper: AP / AP50 / AP75 | seeds | AP | AP50 | AP75 | AP75 after guided NMS alone | steps |")
    print("|---|---|---|---|---|---|---|---|")
    alone = runs.detector()
    print(f"| detector alone | | | {alone.ap:.2f} | {alone.ap50:.2f} | {alone.ap75:.2f} | | |")
    for row in rows:
        found = runs.runs(row)
        if not found:
            print(f"| {row.name} | {_paper(row)} | not run |")
            continue
        columns = [_spread([getattr(run.refined, name) for run in found]) for name in ("ap", "ap50", "ap75")]
        guided = _spread([run.guided.ap75 for run in found])
        steps = ", ".join(f"{run.steps[0]:g}" for run in found)
        print(f"| {row.name} | {_paper(row)} | {len(found)} | {' | '.join(columns)} | {guided} | {steps} |")


def _paper(row: Row) -> str:
    if isinstance(row.paper, Scores):
        return f"{row.paper.ap} / {row.paper.ap50} / {row.paper.ap75}"
    return "" if row.paper_ap is None else f"{row.paper_ap} (AP)"


def _spread(values: list[float]) -> str:
    mean = statistics.mean(values)
    if len(values) == 1:
        return f"{mean:.2f}"
    return f"{mean:.2f} (±{max(abs(value - mean) for value in values):.2f})"
