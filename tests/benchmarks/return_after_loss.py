"""How often, how fast and how rightly a lost target is found again, on clips made from annotated sequences.

    python tests/benchmarks/return_after_loss.py DIR [--kind corner hidden] [--sequences A B] [--set search=near]
        [--save clips.json]

``corner``, as the re-detection experiment of VOT's long-term challenge: the first frame, five times, in the upper left
corner of a picture three times as wide and high, whose rest is a frame of another sequence; then the target, cut out,
in the lower right corner, and where it was, what was around it; 200 frames at most. ``hidden``: 15 frames of the
sequence, then the target is covered by what is around it for 30 to 120 frames, and seen elsewhere for 60.

A target is found again where ten outputs in a row are not ``lost`` and their boxes touch it; something else is, where
they touch nothing after a loss was told (which may happen before the right one is found). Intervals: 95 %, bootstrap
over the clips.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
import torch

from pytracking.analysis.metrics import iou
from pytracking.api.tracker import Tracker
from pytracking.evaluation.datasets.registry import get_dataset
from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.tracker.base.config import TrackerConfig

HELD = 10  # outputs in a row that are not lost
LONGEST = 100  # frames that are read of a sequence


@dataclass(frozen=True)
class Clip:
    """Frames, and the target's boxes (x, y, w, h), None where it is hidden."""

    name: str
    frames: Iterator[tuple[np.ndarray, tuple[float, float, float, float] | None]]
    hidden_at: int  # the first frame without the target at its old place
    back_at: int  # the first frame with it at the new one


def without(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """``image`` with what is around ``box`` in its place."""
    x, y, w, h = box
    mask = np.zeros(image.shape[:2], np.uint8)
    left, top = max(round(x - 0.1 * w), 0), max(round(y - 0.1 * h), 0)
    mask[top : round(y + 1.1 * h), left : round(x + 1.1 * w)] = 1
    scale = min(1.0, 240 / max(image.shape))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small_mask = cv2.dilate(cv2.resize(mask, small.shape[1::-1], interpolation=cv2.INTER_NEAREST), np.ones((3, 3)))
    filled = cv2.resize(cv2.inpaint(small, small_mask, 3, cv2.INPAINT_TELEA), image.shape[1::-1])
    return np.where(mask[:, :, None] > 0, filled, image)


def pasted(image: np.ndarray, patch: np.ndarray, x: int, y: int) -> np.ndarray:
    """``image`` with ``patch`` at (x, y), its corners rounded."""
    h, w = patch.shape[:2]
    down, across = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    weight = np.clip(4 * (1.3 - np.hypot(across, down)), 0, 1)[:, :, None]
    out = image.copy()
    under = out[y : y + h, x : x + w]
    under[:] = (weight * patch + (1 - weight) * under).astype(np.uint8)
    return out


def cut(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The part of ``image`` in ``box``."""
    x, y, w, h = np.round(box).astype(int)
    return image[max(y, 0) : y + h, max(x, 0) : x + w]


def corner_clip(sequence: Sequence, scenery: np.ndarray, _: np.random.Generator) -> Clip:
    """See the module."""
    image, box = next(islice(sequence.open(), sequence.start, None)), np.array(sequence.first_box)
    height, width = image.shape[:2]
    before = cv2.resize(scenery, (3 * width, 3 * height), interpolation=cv2.INTER_CUBIC)
    after = before.copy()
    before[:height, :width], after[:height, :width] = image, without(image, box)
    patch = cut(image, box)
    h, w = patch.shape[:2]
    x, y = 3 * width - w - w // 4, 3 * height - h - h // 4
    after = pasted(after, patch, x, y)
    frames = [(before, sequence.first_box)] * 6 + [(after, (float(x), float(y), float(w), float(h)))] * 200
    return Clip(f"corner:{sequence.name}", iter(frames), 6, 6)


def hidden_clip(sequence: Sequence, _: np.ndarray, draw: np.random.Generator) -> Clip | None:
    """See the module; the sequence is played to and fro. None if there is no place for the target elsewhere."""
    images = list(islice(sequence.open(), sequence.start, sequence.start + LONGEST))
    boxes = sequence.ground_truth[sequence.start :][: len(images)]
    usable = np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] >= 4).all(axis=1)
    count = int(usable.argmin()) if not usable.all() else len(images)
    height, width = images[0].shape[:2]
    hide, back = 15, 15 + int(draw.integers(30, 121))
    order = [*range(count), *range(count - 2, 0, -1)]
    at = [order[i % len(order)] for i in range(back + 60)]
    w, h = boxes[:, 2:][:count].max(axis=0)
    last = boxes[at[hide]]
    places = draw.uniform((0, 0), (max(width - w, 0) + 1e-3, max(height - h, 0) + 1e-3), (200, 2))
    distance = np.hypot(*(places - last[:2]).T)
    clear = distance > 2.5 * np.sqrt(last[2:].prod())
    if count < hide + 2 or width <= w or height <= h or not clear.any():
        return None
    x, y = (int(value) for value in places[clear][0])

    def frames() -> Iterator[tuple[np.ndarray, tuple[float, float, float, float] | None]]:
        for number, i in enumerate(at):
            if number < hide:
                bx, by, bw, bh = boxes[i].tolist()
                yield images[i], (bx, by, bw, bh)
                continue
            empty = without(images[i], boxes[i])
            if number < back:
                yield empty, None
                continue
            patch = cut(images[i], boxes[i])
            if not patch.size:
                yield empty, None
                continue
            yield pasted(empty, patch, x, y), (float(x), float(y), float(patch.shape[1]), float(patch.shape[0]))

    return Clip(f"hidden:{sequence.name}", frames(), hide, back)


KINDS: dict[str, Callable[[Sequence, np.ndarray, np.random.Generator], Clip | None]] = {
    "corner": corner_clip,
    "hidden": hidden_clip,
}


def run(tracker: Tracker, clip: Clip, longest: int) -> dict[str, object]:
    """When the target was found again (frames after it was there, or None), and whether anything else was."""
    on, off, lost, wrong = 0, 0, False, False  # outputs in a row that are not lost, on the target and off it
    for number, (image, box) in enumerate(clip.frames):
        if number == 0:
            assert box is not None
            tracker.initialize(image, box)
            continue
        output = tracker.track(image)
        if number < clip.hidden_at:
            continue
        lost |= output.state == "lost"
        touches = box is not None and bool(iou(np.array([output.box]), np.array([box]))[0] > 0)
        on = on + 1 if touches and output.state != "lost" else 0
        off = off + 1 if not touches and output.state != "lost" and lost else 0
        wrong |= off == HELD
        if on == HELD or number == clip.back_at + longest:
            break
    found = number - HELD + 1 - clip.back_at if on == HELD else None
    return {"clip": clip.name, "found": found, "wrong": wrong}


def summary(rows: list[dict[str, object]]) -> str:
    """Shares and the median, with intervals."""
    found = np.array([row["found"] is not None for row in rows])
    frames = np.array([200.0 if row["found"] is None else float(str(row["found"])) for row in rows])
    wrong = np.array([bool(row["wrong"]) for row in rows])
    draws = np.random.default_rng(0).integers(0, len(rows), (2000, len(rows)))
    parts = [f"{len(rows)} clips"]
    for name, values, mean, factor in (
        ("found again %", found, np.mean, 100),
        ("frames to it, median", frames, np.median, 1),
        ("wrongly %", wrong, np.mean, 100),
    ):
        low, high = np.percentile(factor * mean(values[draws], axis=1), (2.5, 97.5))
        parts.append(f"{name} {factor * mean(values):.0f} [{low:.0f}, {high:.0f}]")
    return ", ".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--kind", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--sequences", nargs="*")
    parser.add_argument("--frames", type=int, default=200, help="of a clip, after the target is back")
    parser.add_argument("--every", type=int, default=1, help="only every so many-th sequence")
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--set", nargs="*", default=(), metavar="NAME=VALUE")
    parser.add_argument("--save", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    config = TrackerConfig(device="cpu", precision=arguments.precision, overrides=tuple(arguments.set))
    tracker = Tracker.from_config(config)
    dataset = list(get_dataset(f"folder:{arguments.folder}"))
    others = dict(pairwise([*dataset, dataset[0]]))
    rows: list[dict[str, object]] = []
    for kind in arguments.kind:
        for number, sequence in enumerate(dataset):
            chosen = sequence.name in (arguments.sequences or [sequence.name]) and number % arguments.every == 0
            scenery = next(iter(others[sequence].open())) if chosen else None
            clip = KINDS[kind](sequence, scenery, np.random.default_rng(number)) if scenery is not None else None
            if clip:
                rows.append(run(tracker, clip, arguments.frames))
                print(rows[-1], flush=True)
        print(kind, summary([row for row in rows if str(row["clip"]).startswith(kind)]), flush=True)
    if arguments.save:
        arguments.save.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
