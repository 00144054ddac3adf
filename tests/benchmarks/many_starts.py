"""How well a tracker does on few sequences, with less chance in it: from four starts in each, forwards and backwards.

    python tests/benchmarks/many_starts.py DIR [DIR ...] [--sequences A B] [--set localization.far_threshold=0.3 ...]
        [--every 4] [--save scores.json] [--against before.json]

One run over a sequence either loses the target or does not, by chance: a mean over forty of them is uncertain by two
points. Here every sequence is tracked from its beginning, its middle, its end, and its middle backwards, for 150 frames
each (``--every 4``: of every fourth frame, so motion is faster); a sequence's score is the mean of its tracks. Prints
AUC (protocol otb), the share of frames with an IoU above 0.2 and above 0.75, in percent, and the difference to another
tracker's scores with its standard error over sequences.
"""

import argparse
import json
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ltr.dataset.base_video_dataset import visible_boxes
from ltr.utils.config import parse_changes
from pytracking.analysis.metrics import area_under_curve, iou, success_curve
from pytracking.api.tracker import Tracker
from pytracking.evaluation.datasets.registry import get_dataset
from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.tracker.dimp.model import DiMPTracker

FRAMES, SHORTEST, SMALLEST = 150, 20, 4.0  # of a track, in frames; side of a box to start from, in pixels
Scores = dict[str, list[float]]  # AUC, found, exact of a track; its name ends in the direction and the start's number


def tracks(truth: NDArray[np.float64]) -> dict[str, list[int]]:
    """Frames of each track, by its name's end."""
    usable = visible_boxes(truth, SMALLEST)
    found = {}
    for direction in (1, -1):
        order = np.arange(len(truth))[::direction]
        for number, first in enumerate((0, len(truth) // 2)):
            left = order[first:]
            chosen = left[usable[left].argmax() :][: FRAMES + 1].tolist()
            if usable[left].any() and len(chosen) > SHORTEST:
                found[f"{'forwards' if direction == 1 else 'backwards'} {number}"] = chosen
    return found


def track_all_starts(tracker: DiMPTracker, sequence: Sequence, every: int) -> Scores:
    """Scores of all tracks of a sequence, by "NAME DIRECTION NUMBER"."""
    frames, truths = list(sequence.open())[::every], sequence.ground_truth[::every]
    scores: Scores = {}
    for track, numbers in tracks(truths).items():
        name = f"{sequence.name} {track}"
        tracker.seed = zlib.crc32(name.encode()) % 1000
        truth = truths[numbers]
        tracker.initialize(frames[numbers[0]], tuple(truth[0].tolist()))
        boxes = np.array([tracker.track(frames[number]).box for number in numbers[1:]])
        there = np.isfinite(truth[1:]).all(axis=1) & (truth[1:, 2:] > 0).all(axis=1)
        overlaps = iou(boxes[there], truth[1:][there])
        auc = float(area_under_curve(success_curve(overlaps, np.linspace(0, 1, 21))))
        scores[name] = [100 * auc, 100 * float((overlaps > 0.2).mean()), 100 * float((overlaps > 0.75).mean())]
    return scores


def of_sequences(scores: Mapping[str, list[float]]) -> dict[str, NDArray[np.float64]]:
    """The mean of each sequence's tracks."""
    names = {track: track.rsplit(" ", 2)[0] for track in scores}
    return {
        name: np.mean([scores[track] for track, its in names.items() if its == name], axis=0)
        for name in dict.fromkeys(names.values())
    }


def difference(scores: Scores, before: Scores) -> str:
    """By how much the sequences' AUC differs from that of another tracker on the same tracks."""
    common = scores.keys() & before.keys()
    new, old = (of_sequences({track: s[track] for track in s if track in common}) for s in (scores, before))
    change = {name: float(new[name][0] - old[name][0]) for name in new}
    values = np.array(list(change.values()))
    large = " ".join(f"{n} {c:+.0f}" for n, c in sorted(change.items(), key=lambda item: item[1]) if abs(c) > 4)
    error = values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f"AUC {values.mean():+.2f} +- {error:.2f}  {large}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="+")
    parser.add_argument("--parameter", default="dimp_ncep_mobile")
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--sequences", nargs="*")
    parser.add_argument("--set", nargs="*", default=[])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--against", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tracker = Tracker("dimp", arguments.parameter, "cpu", precision=arguments.precision, **parse_changes(arguments.set))
    scores: Scores = {}
    before = json.loads(arguments.against.read_text()) if arguments.against else None
    for folder in arguments.folder:
        here: Scores = {}
        for sequence in get_dataset(f"folder:{folder}"):
            if sequence.name in (arguments.sequences or [sequence.name]):
                here |= track_all_starts(tracker._tracker, sequence, arguments.every)  # type: ignore[arg-type]
        if not here:
            parser.error(f"{folder}: no sequence of that name that is long enough")
        found = of_sequences(here)
        for name, (auc, near, exact) in found.items():
            print(f"{name:24s} AUC {auc:5.1f}  IoU > 0.2: {near:5.1f}  > 0.75: {exact:5.1f}")
        auc, near, exact = np.mean(list(found.values()), axis=0)
        print(f"{len(found)} sequences of {folder}: AUC {auc:.1f}  IoU > 0.2: {near:.1f}  > 0.75: {exact:.1f}")
        if before is not None:
            print(difference(here, before), flush=True)
        scores |= here
    if arguments.save:
        arguments.save.write_text(json.dumps(scores, indent=1) + "\n")


if __name__ == "__main__":
    main()
