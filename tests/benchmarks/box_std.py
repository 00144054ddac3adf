"""How often the truth is as near to the box as ``TrackOutput.box_std`` says.

    python tests/benchmarks/box_std.py DIR [--sequences A B] [--frames 120] [--save errors.npy] [--plot coverage.png]

Tracks every sequence of DIR from its first frame and prints how many of the errors of x, y, w and h lie within the
intervals that should hold 50 and 90 % of them, if errors over standard deviations follow Student's t of three degrees
of freedom; and the factor that would make it 50 %.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import t

from ltr.utils.figures import legend_above
from pytracking.analysis.metrics import iou
from pytracking.api.tracker import Tracker
from pytracking.evaluation.datasets.registry import get_dataset
from pytracking.evaluation.datasets.sequence import Sequence

DEGREES = 3


def standardized_errors(tracker: Tracker, sequence: Sequence, frames: int) -> NDArray[np.float64]:
    """|box - truth| / box_std ``[n, 4]`` of the frames in which the tracker is sure and on the target."""
    found, truth = [], sequence.ground_truth
    for number, image in enumerate(sequence.open()):
        if number > frames:
            break
        if number == sequence.start:
            tracker.initialize(image, sequence.first_box)
        elif number > sequence.start:
            output = tracker.track(image)
            known = np.isfinite(truth[number]).all() and (truth[number, 2:] > 0).all()
            if output.box_std and known and iou(np.array([output.box]), truth[number : number + 1])[0] > 0:
                found.append(np.abs(np.array(output.box) - truth[number]) / output.box_std)
    return np.array(found).reshape(-1, 4)


def half_width(coverage: float) -> float:
    """Of the interval that should hold this part of the errors, in standard deviations."""
    return float(t.ppf((1 + coverage) / 2, DEGREES) / (DEGREES / (DEGREES - 2)) ** 0.5)


def plot(errors: dict[str, NDArray[np.float64]], path: Path) -> None:
    """Reliability: which part of the errors lies within the interval of each nominal coverage."""
    nominal = np.linspace(0.02, 0.98, 49)
    figure, axes = plt.subplots(figsize=(4.5, 4.2), layout="constrained")
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for (name, values), style in zip(errors.items(), ("-", "--", "-.", ":"), strict=False):
        axes.plot(nominal, [(values <= half_width(p)).mean() for p in nominal], style, label=name)
    axes.set(xlabel="nominal coverage", ylabel="observed coverage", xlim=(0, 1), ylim=(0, 1), aspect="equal")
    legend_above(figure, axes)
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="+")
    parser.add_argument("--sequences", nargs="*")
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--parameter", default="dimp_ncep_mobile")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tracker = Tracker("dimp", arguments.parameter, device="cpu")
    chosen = [
        sequence
        for folder in arguments.folder
        for sequence in get_dataset(f"folder:{folder}")
        if sequence.name in (arguments.sequences or [sequence.name])
    ]
    errors = np.concatenate([standardized_errors(tracker, sequence, arguments.frames) for sequence in chosen])
    within = {p: 100 * float((errors <= half_width(p)).mean()) for p in (0.5, 0.9)}
    print(f"{len(chosen)} sequences, {len(errors)} frames: ", end="")
    print(", ".join(f"{100 * p:.0f} % intervals hold {share:.1f} %" for p, share in within.items()))
    print(f"for 50 %, STD_FACTOR times {np.median(errors) / half_width(0.5):.2f}")
    if arguments.save:
        np.save(arguments.save, errors)
    if arguments.plot:
        plot({f"{len(chosen)} sequences": errors}, arguments.plot)


if __name__ == "__main__":
    main()
