"""The probability that a box is on the target: runs that show it, the fit of its coefficients, and how true it is.

    python tests/benchmarks/confidence.py run DIR runs.json [--sequences A B] [--frames 90] [--kinds forward second]
    python tests/benchmarks/confidence.py fit runs.json [...]
    python tests/benchmarks/confidence.py check runs.json [...] [--plot confidence.png]

``run`` writes, for every frame, the evidence (``Evidence``) and the overlap of the box with the truth. Kinds of runs:
forward, backward, and second (every second frame). ``fit`` prints the coefficients for the network's card
(``"confidence"``), ``check`` what those of the card are worth: expected calibration error (ten bins), the area under
the ROC curve of `lost` (the target is not in the picture, or the box does not touch it), precision and recall of the
state.
"""

import argparse
import json
import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import rankdata

from ltr.models.weights import NetworkCard
from ltr.utils.config import load
from ltr.utils.figures import LINE_STYLES, legend_above
from pytracking.analysis.metrics import iou
from pytracking.api.tracker import Tracker
from pytracking.evaluation.datasets.registry import get_dataset
from pytracking.parameter.dimp.published import find_network
from pytracking.tracker.dimp.confidence import Calibration, Evidence
from pytracking.tracker.dimp.debug import DebugHook

Run = dict[str, Any]  # video, kind, rows: [peak, recognition, energy, IoU (-1: not in the picture)]
Array = NDArray[np.float64]
KINDS = ("forward", "backward", "second")


class Recorder(DebugHook):
    def on_evidence(self, evidence: Evidence) -> None:
        self.last = evidence


def follow(tracker: Tracker, recorder: Recorder, images: list[Any], truth: Array) -> list[list[float]]:
    """A row for every frame."""
    rows = []
    for image, box in zip(images, truth, strict=True):
        output, known = tracker.track(image), np.isfinite(box).all() and (box[2:] > 0).all()
        overlap = float(iou(np.array([output.box]), box[None])[0]) if known else -1.0
        seen = recorder.last
        rows.append([seen.peak, seen.recognition, seen.energy, overlap])
    return rows


def runs_of(folder: str, names: list[str] | None, frames: int, kinds: list[str], tracker: Tracker) -> Iterator[Run]:
    """The runs over the sequences of a folder."""
    tracker.debug = recorder = Recorder()
    tracker._tracker.dimp.calibration = Calibration(0, 0, 0)  # with any, energies are known in all frames
    for sequence in get_dataset(f"folder:{folder}"):
        if sequence.name not in (names or [sequence.name]):
            continue
        part = slice(sequence.start, sequence.start + frames)
        images, truth = list(islice(sequence.open(), part.start, part.stop)), sequence.ground_truth[part]
        known = np.flatnonzero(np.isfinite(truth).all(axis=1) & (truth[:, 2:] > 0).all(axis=1))
        order = {"forward": slice(None), "backward": slice(known[-1], None, -1), "second": slice(None, None, 2)}
        for kind in kinds:
            (first, *others), boxes = images[order[kind]], truth[order[kind]]
            tracker.initialize(first, boxes[0])
            yield {"video": sequence.name, "kind": kind, "rows": follow(tracker, recorder, others, boxes[1:])}


def smoothed(runs: list[Run], calibration: Calibration) -> Array:
    """The running mean of the log-odds, of all frames ``[n]``."""
    found = []
    for run in runs:
        value = math.nan
        for peak, recognition, energy, _ in run["rows"]:
            value = calibration.log_odds(Evidence(peak, recognition, energy), value)
            found.append(value)
    return np.array(found)


def fit(runs: list[Run]) -> Calibration:
    """The coefficients of highest likelihood; a run of n frames weighs sqrt(n)."""
    parts = [Calibration(*unit) for unit in np.eye(3).tolist()]
    features = np.stack([smoothed(runs, part) for part in parts], axis=1)
    scale = features.std(axis=0) + (features.std(axis=0) == 0)
    y = np.array([row[3] > 0.5 for run in runs for row in run["rows"]], float)
    lengths = [len(run["rows"]) for run in runs]
    w = np.repeat(1 / np.sqrt(lengths), lengths)

    def loss(coefficients: Array) -> float:
        odds = features / scale @ coefficients
        return float(np.average(np.logaddexp(0, odds) - y * odds, weights=w))

    agreement, energy, bias = (minimize(loss, np.zeros(3)).x / scale).round(3).tolist()
    return Calibration(agreement, energy, bias)


def bins(probability: Array, on: NDArray[np.bool_], count: int = 10) -> Array:
    """Mean probability, share on the target, and number of frames of each bin that has any: ``[m, 3]``."""
    index = np.minimum((probability * count).astype(int), count - 1)
    chosen = [index == number for number in range(count)]
    return np.array([(probability[c].mean(), on[c].mean(), c.sum()) for c in chosen if c.any()])


def report(name: str, runs: list[Run], calibration: Calibration) -> Array:
    """Print what the calibration is worth; the bins."""
    rows = np.array([row for run in runs for row in run["rows"]])
    probability = expit(smoothed(runs, calibration))
    on, lost, said = rows[:, 3] > 0.5, rows[:, 3] <= 0, probability < calibration.lost_below
    found = bins(probability, on)
    error = np.average(np.abs(found[:, 0] - found[:, 1]), weights=found[:, 2])
    print(f"{name}: {len(rows)} frames, {on.sum()} on the target, {lost.sum()} lost; calibration error {error:.3f}")
    if lost.any() and not lost.all():
        area = (rankdata(-probability)[lost].sum() - lost.sum() * (lost.sum() + 1) / 2) / lost.sum() / (~lost).sum()
        both = (said & lost).sum()
        print(f"  lost: area under the ROC curve {area:.3f}; state: {said.sum()} frames, ", end="")
        print(f"precision {both / max(said.sum(), 1):.2f}, recall {both / lost.sum():.2f}")
    return found


def plot(of_files: dict[str, Array], path: Path) -> None:
    """Reliability: the share of frames on the target against the probability; dots' areas are numbers of frames."""
    figure, axes = plt.subplots(figsize=(4.5, 4.2), layout="constrained")
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for (name, (said, seen, frames)), marker, style in zip(
        ((n, b.T) for n, b in of_files.items()), "osD^", LINE_STYLES, strict=False
    ):
        axes.plot(said, seen, linewidth=1, linestyle=style)
        axes.scatter(said, seen, 10 + 300 * frames / frames.sum(), marker=marker, alpha=0.7, label=name)
    axes.set(xlabel="score", ylabel="share of frames with an IoU above 0.5", xlim=(0, 1.02), ylim=(0, 1.02))
    legend_above(figure, axes)
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run")
    run.add_argument("folder")
    run.add_argument("out", type=Path)
    run.add_argument("--sequences", nargs="*")
    run.add_argument("--frames", type=int, default=90)
    run.add_argument("--kinds", nargs="*", default=["forward"], choices=KINDS)
    run.add_argument("--seed", type=int, default=0)
    for name in ("fit", "check"):
        commands.add_parser(name).add_argument("files", type=Path, nargs="+")
    commands.choices["check"].add_argument("--plot", type=Path)
    for command in commands.choices.values():
        command.add_argument("--parameter", default="dimp_ncep_mobile")
    arguments = parser.parse_args()
    if arguments.command == "run":
        torch.set_num_threads(1)
        tracker = Tracker("dimp", arguments.parameter, device="cpu", seed=arguments.seed)
        a = arguments
        found = list(runs_of(a.folder, a.sequences, a.frames, a.kinds, tracker))
        arguments.out.write_text(json.dumps(found))
        return
    stored = {path: json.loads(path.read_text()) for path in arguments.files}
    if arguments.command == "fit":
        runs = [run for of_file in stored.values() for run in of_file]
        calibration = fit(runs)
        report("fitted", runs, calibration)
        print(json.dumps({"confidence": vars(calibration)}))
        return
    calibration = load(Calibration, NetworkCard.read(find_network(arguments.parameter)).confidence, "confidence")
    found = {path.stem: report(path.stem, of_file, calibration) for path, of_file in stored.items()}
    if arguments.plot:
        plot(found, arguments.plot)


if __name__ == "__main__":
    main()
