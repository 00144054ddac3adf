"""Table 2 of the paper: AP and training cost of every method on object detection; the ablations as other studies.

    python -m ltr.experiments.table2 --data DIR --seeds 2
    python -m ltr.experiments.table2 --data DIR --study figure3 --seeds 1 --figure docs/figures/detection_figure3.png

Results are stored in a folder: finished runs are not repeated, stopped runs are resumed.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
import tyro

from ltr.actors.detection import EnergyBranchActor
from ltr.admin.build_detection import FrozenDetectorLoaders, build_energy_model, read_pictures
from ltr.admin.build_optimizer import build_optimizer
from ltr.experiments.detection.plot import draw
from ltr.experiments.detection.runs import DetectionRuns
from ltr.experiments.detection.scores import Scores
from ltr.experiments.detection.studies import STUDIES, Row, Study, with_samples
from ltr.sampling.detection_batch import DetectionBatch
from ltr.train_settings.detection import BRANCH_COCO, BRANCH_MOBILE, BranchTrainSettings
from ltr.utils.cli import one_line_errors
from ltr.utils.config import check
from ltr.utils.device import choose_device, set_threads
from ltr.utils.errors import InputError
from ltr.utils.figures import check_figure
from ltr.utils.files import check_outputs, with_card


@dataclass(frozen=True)
class Options:
    """What to train and compare."""

    study: Study = "table2"  # of the paper's tables and figures
    rows: tuple[str, ...] = ()  # of the study, by name; empty: all
    seeds: int = 2  # runs of each row; 0: print only stored runs
    scale: Literal["mobile", "coco"] = "mobile"  # the small detector on open images, or the paper's on COCO
    num_samples: int | None = None  # M, if other than the paper's 128
    factors: tuple[float, ...] = (0.25, 1, 4)  # step lengths tried on the validation images, times Table S1's
    data: Path = Path("data")  # the folder that the settings' data sources lie in
    weights: Path | None = None  # of the detector, if other than in the settings
    cache: Path | None = None  # of the detector's outputs, if other than in the settings
    results: Path = Path("workspace/detection/studies")  # folder of the runs
    figure: Path | None = None  # also draw AP over the varied value, as in Figures 3 and 5
    time_steps: int = 0  # also measure the cost of training over so many steps
    device: str = "auto"
    threads: int = 1  # of torch on the CPU


def chosen_rows(options: Options) -> list[Row]:
    """The chosen rows of the study; ValueError lists the known ones."""
    rows = {row.name: row for row in STUDIES[options.study]}
    unknown = [name for name in options.rows if name not in rows]
    if unknown:
        raise InputError(f"rows: expected some of {', '.join(rows)}; got {', '.join(unknown)}")
    return [with_samples(rows[name], options.num_samples) for name in options.rows or rows]


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


def print_costs(options: Options, settings: BranchTrainSettings, rows: list[Row], device: torch.device) -> None:
    """Processor seconds per iteration, and ratios to the first row's, beside the paper's.

    Medians of steps on one batch, alternating between rows; processor time, because wall time includes other work on
    the machine.
    """
    frozen = FrozenDetectorLoaders(settings, device)
    loader = frozen.loader(read_pictures(settings, options.data, settings.data.train), settings.optim.batch_size, 0)
    batch = next(iter(loader)).to(device)
    steps = {row.name: _stepper(settings, row, batch, device) for row in rows}
    times: dict[str, list[float]] = {row.name: [] for row in rows}
    for turn in range(options.time_steps + 1):
        for name, step in steps.items():
            begin = time.process_time()
            step()
            if turn:  # the first is warm-up
                times[name].append(time.process_time() - begin)
    print("\n| method | paper, s / iteration | ratio | ours, s / iteration | ratio |\n|---|---|---|---|---|")
    medians = {name: statistics.median(values) for name, values in times.items()}
    first = rows[0]
    for row in rows:
        costs = row.paper_cost, first.paper_cost
        paper = f"{costs[0]} | {costs[0] / costs[1]:.2f}" if costs[0] and costs[1] else "|"
        print(f"| {row.name} | {paper} | {medians[row.name]:.3f} | {medians[row.name] / medians[first.name]:.2f} |")


def _stepper(
    settings: BranchTrainSettings, row: Row, batch: DetectionBatch, device: torch.device
) -> Callable[[], None]:
    """A function that takes one training step of a row."""
    energy_model = build_energy_model(settings, device)
    actor = EnergyBranchActor(energy_model, row.loss, (settings.step_position, settings.step_size))
    optimizer, _ = build_optimizer(energy_model.branch, settings.optim)
    generator = torch.Generator(device).manual_seed(0)

    def step() -> None:
        loss, _ = actor(batch, generator)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step


def main(options: Options) -> None:
    """Train missing runs and print the table."""
    rows = chosen_rows(options)
    if options.figure and not any(row.is_numeric for row in rows):
        raise InputError("figure: no row of this study varies a number")
    base = BRANCH_COCO if options.scale == "coco" else BRANCH_MOBILE
    settings = replace(base, weights=options.weights or base.weights, cache=options.cache or base.cache)
    read = [options.data, *(with_card(settings.weights) if settings.weights else ())]
    check_figure("figure", options.figure)
    check_outputs({"figure": options.figure}, read, {"results": options.results})
    set_threads(options.threads)
    device = choose_device(options.device)
    check(settings, "settings")
    runs = DetectionRuns(options.results, settings, options.data, options.factors, device)
    runs.detector()
    for seed in range(options.seeds):
        for row in rows:
            runs.train(row, seed)
    print_table(runs, rows)
    if options.figure:
        draw(runs, rows, options.figure)
    if options.time_steps:
        print_costs(options, settings, rows, device)


if __name__ == "__main__":
    with one_line_errors("the same command goes on"):
        main(tyro.cli(Options, description=__doc__))
