"""How good the boxes of a tracker are, without the chaos of tracking: true boxes are disturbed, then refined.

    python tests/benchmarks/box_quality.py DIR [--sequences A B] [--seeds 2] [--set refinement.method=ascent ...]

A tracked box decides the next crop, so a small change of the tracker flips whole sequences, and means over few of them
are noise. Here the tracker learns the first frame, then its refinement gets 24 frames spread over the next 300, each
from the true box moved by 8 % of its size and scaled by exp(0.15 n). Prints the mean IoU before and after, in percent.
"""

import argparse

import numpy as np
import torch

from ltr.data.bounding_box_utils import box_from_relative, box_iou
from ltr.data.crop import box_from_crop, box_to_crop
from ltr.utils.config import parse_changes
from pytracking.api.tracker import Tracker
from pytracking.evaluation.datasets.registry import get_dataset
from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.tracker.dimp.functions import BoxQuery
from pytracking.tracker.dimp.model import DiMPTracker

FRAMES, REACH = 24, 300
SPREAD = torch.tensor([0.08, 0.08, 0.15, 0.15], dtype=torch.float64)  # in relative box space


def overlaps(tracker: DiMPTracker, sequence: Sequence) -> np.ndarray:
    """IoU before and after the refinement, ``[n, 2]``."""
    truth = torch.from_numpy(sequence.ground_truth)
    last = min(len(truth) - 1, sequence.start + REACH)
    chosen = set(np.linspace(sequence.start + 1, last, FRAMES).astype(int).tolist())
    found = []
    generator = torch.Generator().manual_seed(tracker.seed)
    for number, frame in enumerate(sequence.open()):
        if number == sequence.start:
            tracker.initialize(frame, sequence.first_box)
        if number in chosen and (truth[number, 2:] > 3).all():
            box = box_from_relative(torch.randn(4, generator=generator).double() * SPREAD, truth[number]).numpy()
            state, functions = tracker.started, tracker.dimp.functions
            crop, transform = functions.crop(functions.load_frame(frame), *tracker.dimp._search_region(box))
            (features,) = functions.extract_features([crop])
            size, start = state.expected_size / transform.scale, box_to_crop(box, transform)
            query = BoxQuery(features, state.modulation, start, size, state.generator)
            (refined,) = functions.refine_target_box([query])
            boxes = np.stack([box, box_from_crop(refined.box.astype(np.float64), transform)])
            found.append(box_iou(torch.from_numpy(boxes), truth[number]).numpy())
        if number == last:
            break
    return np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--parameter", default="dimp_ncep_mobile")
    parser.add_argument("--sequences", nargs="*")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--set", nargs="*", default=[])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    sequences = [s for s in get_dataset(f"folder:{arguments.folder}") if s.name in (arguments.sequences or [s.name])]
    trackers = [
        Tracker("dimp", arguments.parameter, "cpu", seed, **parse_changes(arguments.set))._tracker
        for seed in range(arguments.seeds)
    ]
    means = []
    for sequence in sequences:
        means.append(np.mean([overlaps(tracker, sequence).mean(axis=0) for tracker in trackers], axis=0))
        print(f"{sequence.name:24s} {100 * means[-1][0]:5.1f} -> {100 * means[-1][1]:5.1f}", flush=True)
    before, after = 100 * np.mean(means, axis=0)
    print(f"mean of {len(means)} sequences: {before:.1f} -> {after:.1f}")


if __name__ == "__main__":
    main()
