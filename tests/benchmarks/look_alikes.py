"""Does the tracker follow the right one? On composed crossings and on real sequences with look-alikes.

    python tests/benchmarks/look_alikes.py DATA [--part training|development] [--clips 24] [--first 0] [--real]
        [--frames 150] [--set localization.swap_ratio=0.4 ...] [--save scores.json] [--against before.json] [--view DIR]

DATA has ``train_images``, ``train_images2``, ``train_video`` and ``dev_sequences``. Clips (``crossing_clips.py``) of
the part ``training`` are composed of cut-outs of ``train_images`` and of every second video with masks, over the
training videos; those of ``development`` of cut-outs of ``train_images2`` and of the other videos, over the
development sequences. ``--real``: instead, sequences of that part with look-alikes, and each object of
``objects.json``.

Robustness is the share of frames in which the box is on the right one: it overlaps the target, and no other object
more. Frames in which more than half of the target is hidden, or it is not in the picture, do not count. A wrong choice:
for ten frames that count in a row, the box does not touch the target, but another object (where the others are not
known: it does not touch the target). With ``--against``, the difference has its paired bootstrap interval and the p of
the sign-flip test.
"""

import argparse
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch

from ltr.dataset.sequence_folder import SequenceFolder
from ltr.dataset.synthesis.cutouts import CocoCutouts, CutoutBank, VideoCutouts
from ltr.utils.config import parse_changes
from pytracking.analysis.metrics import iou
from pytracking.analysis.statistics import difference_intervals, score_intervals, sign_flip_p
from pytracking.api.tracker import Tracker
from pytracking.evaluation.datasets.registry import get_dataset
from tests.benchmarks.crossing_clips import Clip, compose

LEAST_SIDE = 36.0  # of a cut-out, pixels
IN_A_ROW = 10  # frames on a wrong one that make a wrong choice
# With others of the same kind near the target, chosen by looking at them.
REAL = {
    "training": (
        "DAVIS_cows DAVIS_hockey OMNI_three-swans OMNI_boys-beach SegTrack_bird_of_paradise TIR_birds TIR_horse "
        "TLD_pedestrian2 TinyTLP_MotorcycleChase UAVDT_S0310 UAVDT_S0601 UAVDT_S1001 UAVDT_S1301 UAVDT_S1606 "
        "VOT_ants1 VOT_marathon6 VOT_monkey VOT_traffic VOT_whitefish VOT_zebrafish1"
    ),
    "development": (
        "Couple Crossing DTB_Animal3 Deer Football1 Girl Skiing Subway UAV_car10 UAV_car14 UAV_car16_2 UAV_group1_1 "
        "UAV_group2_2 UAV_group3_2 UAV_person9 UAV_person12_1 UAV_truck2"
    ),
}


def composed(data: Path, part: str, seeds: range) -> Iterator[Clip]:
    """Crossings of the cut-outs and backgrounds of ``part``."""
    training = part == "training"
    with_masks = sorted(path.parent.name for path in (data / "train_video").glob("*/masks.json"))
    videos = SequenceFolder(data / "train_video", sequences=with_masks[0 if training else 1 :: 2])
    moving = VideoCutouts(videos, LEAST_SIDE)
    pictures = CocoCutouts(data / ("train_images" if training else "train_images2"), LEAST_SIDE)
    banks: list[CutoutBank] = [pictures, moving]
    backgrounds = SequenceFolder(data / ("train_video" if training else "dev_sequences"))
    return (compose(banks, backgrounds, seed) for seed in seeds)


def real(data: Path, part: str, frames: int) -> Iterator[Clip]:
    """Sequences with look-alikes, at most ``frames`` of each."""
    folder = data / ("train_video" if part == "training" else "dev_sequences")
    names = REAL[part].split()
    for sequence in get_dataset(f"folder:{folder}"):
        objects = folder / sequence.name / "objects.json"
        if sequence.name not in names and not objects.exists():
            continue
        images = list(islice(sequence.open(), sequence.start, sequence.start + frames))
        truth = sequence.ground_truth[sequence.start : sequence.start + frames, None]
        tracks = np.moveaxis(truth, 1, 0)
        if objects.exists():
            of_frames = json.loads(objects.read_text()).values()
            tracks = np.array([[box or [np.nan] * 4 for box in boxes] for boxes in of_frames], float)[:, :frames]
        for number, track in enumerate(tracks):
            seen = np.flatnonzero(np.isfinite(track).all(axis=1))
            if len(seen) > 20:
                others = np.delete(tracks, number, axis=0)
                boxes = np.concatenate([track[None], others]).swapaxes(0, 1)[seen[0] :]
                boxes[(boxes[..., 2:] <= 0).any(axis=-1)] = np.nan
                yield Clip(f"{sequence.name}_{number}", images[seen[0] :], boxes, np.zeros(len(boxes)))


def follow(tracker: Tracker, clip: Clip, view: Path | None) -> tuple[float, bool]:
    """Robustness, and whether it made a wrong choice."""
    x, y, w, h = clip.boxes[0, 0].tolist()
    tracker.initialize(clip.images[0], (x, y, w, h))
    right, wrong = [], []
    for number, image in enumerate(clip.images[1:], start=1):
        output = tracker.track(image)
        own, *others = on_objects(np.array(output.box), clip.boxes[number]).tolist()
        if np.isfinite(clip.boxes[number, 0]).all() and clip.hidden[number] <= 0.5:
            right.append(own > max([0, *others]))
            wrong.append(own == 0 and (not others or max(others) > 0))
        if view:
            _draw(view / f"{clip.name}_{number:03d}.png", image, clip.boxes[number], np.array(output.box))
    in_a_row = np.convolve(wrong, np.ones(IN_A_ROW), "valid")
    return float(np.mean(right)), bool((in_a_row == IN_A_ROW).any())


def on_objects(box: np.ndarray, objects: np.ndarray) -> np.ndarray:
    """IoU of ``box [4]`` with ``objects [n, 4]``; 0 where one is NaN."""
    return np.nan_to_num(iou(np.repeat(box[None], len(objects), axis=0), objects))


def _draw(path: Path, image: np.ndarray, boxes: np.ndarray, box: np.ndarray) -> None:
    """Truth green, others blue, the tracker's red."""
    drawn = image[..., ::-1].copy()
    colors = [(0, 200, 0), *[(200, 0, 0)] * (len(boxes) - 1), (0, 0, 255)]
    for each, color in zip([*boxes, box], colors, strict=True):
        if np.isfinite(each).all():
            x, y, w, h = each.astype(int).tolist()
            cv2.rectangle(drawn, (x, y), (x + w, y + h), color, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), drawn)


def report(scores: dict[str, tuple[float, bool]], before: dict[str, tuple[float, bool]] | None) -> None:
    """Print the means with their intervals, and the difference from ``before``."""
    values = np.array([scores[name] for name in sorted(scores)], float).T
    weights = np.ones(values.shape[1])
    low, high = score_intervals([100 * values[:1]], weights)[0]
    summary = f"{len(weights)} clips: robustness {100 * values[0].mean():.1f} [{low:.1f}, {high:.1f}]"
    print(f"{summary}, {values[1].sum():.0f} wrong choices")
    if before is not None:
        old = np.array([before[name] for name in sorted(scores)], float).T
        for name, new, past in zip(("robustness", "wrong choices"), 100 * values, 100 * old, strict=True):
            low, high = difference_intervals([(new[None], past[None])], weights)[0]
            (p,) = sign_flip_p((new - past)[None], weights)
            interval = f"{(new - past).mean():+.1f} [{low:+.1f}, {high:+.1f}], p {p:.3f}"
            print(f"{name}, %: {past.mean():.1f} -> {new.mean():.1f}, {interval}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--part", choices=list(REAL), default="training")
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--parameter", default="dimp_ncep_mobile")
    parser.add_argument("--set", nargs="*", default=[])
    parser.add_argument("--save", type=Path)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--view", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tracker = Tracker("dimp", arguments.parameter, "cpu", **parse_changes(arguments.set))
    seeds = range(arguments.first, arguments.first + arguments.clips)
    clips = (
        real(arguments.data, arguments.part, arguments.frames)
        if arguments.real
        else composed(arguments.data, arguments.part, seeds)
    )
    scores = {}
    for clip in clips:
        scores[clip.name] = follow(tracker, clip, arguments.view)
        robustness, wrong = scores[clip.name]
        print(f"{clip.name:44s} {100 * robustness:5.1f} {'wrong' if wrong else ''}", flush=True)
    if arguments.save:
        arguments.save.write_text(json.dumps(scores))
    report(scores, json.loads(arguments.against.read_text()) if arguments.against else None)


if __name__ == "__main__":
    main()
