"""Training and scoring of several methods, and the table of their scores."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from statistics import mean
from typing import Any

import torch

from ltr.experiments.comparison.methods import methods_of, trained
from ltr.experiments.comparison.options import Compare
from ltr.experiments.comparison.problem import Problem
from ltr.experiments.comparison.runs import Density, Interval, MethodScores, Training, score
from ltr.models.regression import Regressor
from ltr.utils.files import STDOUT, text_output

ALONE = ": proposal alone"
TRUTH = "truth"


def compare(options: Compare, problem: Problem) -> dict[str, MethodScores]:
    """Train and score every method; a proposal's own densities are scored as one more method.

    The numbers of all methods so far are written after each, so that a stopped command loses no more than one.
    """
    found: dict[str, MethodScores] = {}
    if problem.truth is not None:
        _add(found, TRUTH, _truth_of(problem), problem, Training(0.0, 0, 0), options.seed)
        found[TRUTH].runs *= options.runs
    for name in methods_of(options):
        for seed, model, training in trained(options, name, problem):
            densities: dict[str, Density] = {name: model.log_density}
            x, _ = problem.standardized(problem.test)
            if model.proposal(x[:1]) is not None:
                densities[name + ALONE] = _proposal_of(model)
            for label, density in densities.items():
                _add(found, label, density, problem, training, seed)
            nll = found[name].runs[-1].nll.mean().item()
            say(
                f"{name}: seed {seed}, {training.kept}, NLL {nll:.4f}, {training.seconds:.1f} s of processor time",
                options,
            )
        if options.json and options.json != STDOUT:
            write_json(found, summaries(found, options), options)
    return found


def say(line: str, options: Compare) -> None:
    """Print a line beside the results: to standard error where standard output takes the JSON."""
    print(line, file=sys.stderr if options.json == STDOUT else sys.stdout, flush=True)


def _add(
    found: dict[str, MethodScores], label: str, density: Density, problem: Problem, training: Training, seed: int
) -> None:
    scores = found.setdefault(label, MethodScores(density=density))
    run, scoring = score(density, problem, seed)
    scores.runs.append(run)
    scores.trainings.append(training)
    scores.scoring_seconds.append(scoring)


def _proposal_of(model: Regressor) -> Density:
    def density(x: torch.Tensor) -> Any:
        proposal = model.proposal(x)
        assert proposal is not None
        return proposal.log_prob

    return density


def _truth_of(problem: Problem) -> Density:
    truth, (of_x, of_y) = problem.truth, problem.scales
    assert truth is not None
    return lambda x: lambda y: truth(of_x.restored(x), of_y.restored(y))


def summaries(found: Mapping[str, MethodScores], options: Compare) -> dict[str, dict[str, Interval]]:
    """Method -> number -> mean and interval; "excess" is the NLL above the truth's, pair by pair."""
    truth = found.get(TRUTH)
    result = {}
    for name, scores in found.items():
        values = {"nll": [run.nll for run in scores.runs], "crps": [run.crps for run in scores.runs]}
        for level in options.levels:
            values[f"coverage {level:g}"] = [(run.mass_above <= level).double() for run in scores.runs]
        if truth is not None and name != TRUTH:
            values["excess"] = [run.nll - truth.runs[0].nll for run in scores.runs]
        result[name] = {key: Interval.of(value, options.seed) for key, value in values.items()}
    return result


def print_table(found: Mapping[str, MethodScores], intervals: Mapping[str, Mapping[str, Interval]]) -> None:
    """The table in Markdown: means, and in brackets 95 % intervals."""
    titles = {"nll": "NLL", "crps": "CRPS", "excess": "NLL above the truth"}
    keys = list(dict.fromkeys(key for of_method in intervals.values() for key in of_method))
    columns = [titles.get(key, key) for key in keys]
    print(f"\n| method | {' | '.join(columns)} | training, s | scoring, s |")
    print("|---|" + "--:|" * (len(keys) + 2))
    for name, scores in found.items():
        cells = [_cell(intervals[name].get(key)) for key in keys]
        times = f"{mean(training.seconds for training in scores.trainings):.1f} | {mean(scores.scoring_seconds):.1f}"
        print(f"| {name} | {' | '.join(cells)} | {times} |")
    print(
        "\nMeans over runs and test pairs; in brackets 95 % bootstrap intervals over both. Processor seconds of a run."
    )


def _cell(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval.mean:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def as_json(
    found: Mapping[str, MethodScores], intervals: Mapping[str, Mapping[str, Interval]], options: Compare
) -> str:
    """Settings, intervals and the means of every run."""
    methods = {
        name: {
            **{key: asdict(interval) for key, interval in intervals[name].items()},
            "nll of each run": [run.nll.mean().item() for run in scores.runs],
            "crps of each run": [run.crps.mean().item() for run in scores.runs],
            "kept step of each run": [training.kept_step for training in scores.trainings],
            "training seconds": [training.seconds for training in scores.trainings],
            "scoring seconds": scores.scoring_seconds,
        }
        for name, scores in found.items()
    }
    settings = {key: value for key, value in asdict(options).items() if key not in ("figure", "json", "threads")}
    return json.dumps({"settings": settings, "methods": methods}, indent=1)


def write_json(
    found: Mapping[str, MethodScores], intervals: Mapping[str, Mapping[str, Interval]], options: Compare
) -> None:
    """Write :func:`as_json` to the file of the options, or to standard output."""
    assert options.json is not None
    with text_output(options.json) as file:
        file.write(as_json(found, intervals, options) + "\n")
