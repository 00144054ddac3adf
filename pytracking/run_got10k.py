"""Run and evaluate a tracker by the got10k package's experiments.

    python pytracking/run_got10k.py got10k_val /data/GOT-10k dimp dimp_ncep_mobile

The package writes RESULTS/<data set>/PARAMETER/ and REPORTS/<data set>/PARAMETER/performance.json; on GOT-10k's test
set, whose truth is not public, it writes the archive to submit. Needs the package got10k (docs/vot.md).
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import tyro

from ltr.utils.files import check_outputs
from pytracking.api.builder import TrackerBuilder, build_tracker
from pytracking.tracker.base.config import PositionalConfig
from pytracking.utils.cli import CommandArguments, run_command


@dataclass(frozen=True)
class Arguments(CommandArguments):
    """Run a tracker by the got10k package's experiments."""

    experiment: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="EXPERIMENT")]
    """got10k_val, got10k_test, otb, otb2013, otb50, uav, uav20l, nfs, dtb70 or tcolor128"""
    root: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="ROOT")]
    """folder of the data set"""
    config: PositionalConfig
    """the tracker"""
    results: Path = Path("results_got10k")
    """root of the package's result folders"""
    reports: Path = Path("reports_got10k")
    """root of the package's reports"""


def run(arguments: Arguments, build_tracker: TrackerBuilder = build_tracker) -> int:
    """Run and report; the scores are printed."""
    from pytracking.integrations.got10k import Got10kTracker, claim_results, open_experiment

    a = arguments
    check_outputs({}, folders={"--results": a.results, "--reports": a.reports})
    experiment = open_experiment(a.experiment, a.root, a.results, a.reports)
    built = build_tracker(a.config)
    tracker = Got10kTracker(built, a.config.name)
    claim_results(experiment, tracker.name, built.run_info().to_json())
    experiment.run(tracker)
    performance = experiment.report([tracker.name])
    if performance:
        scores = performance[tracker.name]["overall"]
        print(", ".join(f"{name} {value:.4f}" for name, value in scores.items() if isinstance(value, float)))
    return 0


def main(argv: Sequence[str] | None = None, build_tracker: TrackerBuilder = build_tracker) -> int:
    """Parse ``argv`` and run; the exit code."""
    return run_command(Arguments, partial(run, build_tracker=build_tracker), argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
