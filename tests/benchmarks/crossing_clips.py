"""Clips in which objects that look alike cross, composed of cut-outs with masks over moving pictures; exact boxes.

Two to six objects of one group (the same cut-out with other colors, or others of its class) move smoothly. Rivals meet
the target, before or behind it; in half of the clips a bar hides it for 5 to 60 frames.
"""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ltr.data.transforms import ColorJitter, color_matrix
from ltr.dataset.base_video_dataset import FrameSource
from ltr.dataset.synthesis.compositing import (
    Cutout,
    Layer,
    Pose,
    draw_background,
    hidden_share,
    paste,
    place,
    random_wave,
    recolor,
)
from ltr.dataset.synthesis.cutouts import CutoutBank, ping_pong_indices

FRAMES, SIZE = 100, (360, 240)
SIDES = (26.0, 44.0)  # of the target, sqrt(w h), pixels
COLOR = ColorJitter(brightness=0.1, contrast=0.08, saturation=0.15, gain=0.06)  # between copies of one cut-out
PERIODS = (40.0, 150.0)  # of wobbling, frames
OCCLUSION = (5, 60)  # frames
TURNS = 0.25  # part of the objects that change direction where they meet
NO_BOX = (math.nan,) * 4
Path = np.ndarray  # places (x, y) in pixels of the frame without the camera's motion, [FRAMES, 2]


@dataclass(frozen=True)
class Clip:
    """Frames and boxes of all objects, target first ``[N, objects, 4]``, NaN outside the picture; and which part of the
    target is hidden ``[N]``."""

    name: str
    images: list[np.ndarray]
    boxes: np.ndarray
    hidden: np.ndarray


@dataclass(frozen=True)
class Actor:
    """An object: its looks and poses by frame."""

    cutouts: list[Cutout]
    poses: list[Pose]

    def layer(self, frame: int, camera: np.ndarray) -> Layer | None:
        pose = self.poses[frame]
        return place(self.cutouts[frame], replace(pose, x=pose.x + camera[0], y=pose.y + camera[1]))


def compose(banks: list[CutoutBank], backgrounds: FrameSource, seed: int) -> Clip:
    """The clip of ``seed``: always the same from the same folders."""
    rng = np.random.default_rng(seed)
    bank = banks[seed % len(banks)]
    names, counts = np.unique(bank.groups, return_counts=True)
    group = rng.choice(names[counts >= min(2, counts.max())])
    alike = np.flatnonzero(bank.groups == group)
    copies = len(alike) == 1 or rng.random() < 0.5
    camera = _camera(rng)
    side = rng.uniform(*SIDES)
    first = int(rng.choice(alike))
    hides = rng.random() < 0.5
    meeting, path = _target_path(rng, side, 0.0 if hides else TURNS)
    target = _actor(rng, bank, first, side, path)
    rivals: list[Actor] = []
    number = int(rng.integers(1, 5, endpoint=True))
    bar = _bar(rng, backgrounds, path, meeting, side) if hides else None
    shown = target.layer(0, camera[0])
    assert shown
    for _ in range(50):  # a rival must not hide the target in the first frame
        if len(rivals) == number:
            break
        index = first if copies else int(rng.choice(alike))
        time = meeting if not rivals else int(rng.integers(20, FRAMES - 15))
        rival = _actor(rng, bank, index, side * rng.uniform(0.85, 1.15), _rival_path(rng, path, time, side))
        layer = rival.layer(0, camera[0])
        if layer is None or hidden_share(shown, [layer]) == 0:
            rivals.append(rival)
    order = rng.permutation(len(rivals) + 1).tolist()  # from back to front; 0 is the target
    actors = [target, *rivals]
    shots = _background(rng, backgrounds)
    images, boxes, hidden = [], [], []
    for t in range(FRAMES):
        layers = [actor.layer(t, camera[t]) for actor in actors]
        cover = None if bar is None else bar.layer(t, camera[t])
        front = [layers[i] for i in order[order.index(0) + 1 :]] + [cover]
        frame = draw_background(shots[t], SIZE, _cover_frame(shots[t], camera[t]))
        for i in order:
            if layer := layers[i]:
                paste(frame, layer)
        if cover:
            paste(frame, cover)
        own = layers[0]
        images.append(frame)
        boxes.append([layer.box if layer and _inside(layer.box) else NO_BOX for layer in layers])
        hidden.append(1.0 if own is None else hidden_share(own, [layer for layer in front if layer]))
    return Clip(f"crossing_{seed:03d}_{group}".replace(" ", "-"), images, np.array(boxes), np.array(hidden))


def _inside(box: tuple[float, ...]) -> bool:
    x, y, w, h = box
    return 0 < x + w / 2 < SIZE[0] and 0 < y + h / 2 < SIZE[1]


def _camera(rng: np.random.Generator) -> np.ndarray:
    """Shift (x, y) of all that stands still, ``[FRAMES, 2]``: it swings, and shakes in half of the clips."""
    waves = [random_wave(rng, 0.0, 25.0, PERIODS) for _ in range(2)]
    swing = np.array([[wave(t) for wave in waves] for t in range(FRAMES)])
    shake = rng.normal(0, rng.choice([0.0, 1.5]), (FRAMES, 2))
    return swing - swing[0] + shake


def _target_path(rng: np.random.Generator, side: float, turns: float) -> tuple[int, Path]:
    """When the target meets its first rival, and its path."""
    meeting = int(rng.integers(35, 65))
    where = np.array(SIZE) * rng.uniform(0.4, 0.6, 2)
    longest = max(meeting, FRAMES - meeting)
    angle = rng.uniform(0, 2 * math.pi)
    direction = np.array([math.cos(angle), 0.6 * math.sin(angle)])
    room = (np.minimum(where, np.array(SIZE) - where) - side) / (np.abs(direction) + 1e-6)
    speed = min(side * math.exp(rng.uniform(math.log(0.02), math.log(0.1))), room.min() / longest)
    return meeting, where + _travel(rng, speed * direction, meeting, side, turns)


def _rival_path(rng: np.random.Generator, target: Path, meeting: int, side: float) -> Path:
    """A path that meets the target's, seen from where it passes it within 5 to 20 frames."""
    motion = target[min(meeting + 3, FRAMES - 1)] - target[meeting - 3]
    angle = rng.uniform(0, 2 * math.pi)
    relative = side * rng.uniform(0.05, 0.2) * np.array([math.cos(angle), 0.6 * math.sin(angle)])
    offset = side * rng.uniform(-0.5, 0.5, 2)
    return target[meeting] + offset + _travel(rng, motion / 6 + relative, meeting, side, TURNS)


def _travel(rng: np.random.Generator, velocity: np.ndarray, meeting: int, side: float, turns: float) -> Path:
    """A path at nearly constant velocity through (0, 0) at ``meeting``, where it turns with probability ``turns``."""
    turn = rng.uniform(-2, 2) if rng.random() < turns else 0.0
    angles = turn / (1 + np.exp(-(np.arange(FRAMES) - meeting) / 3))
    cos, sin = np.cos(angles), np.sin(angles)
    steps = np.stack([cos * velocity[0] - sin * velocity[1], sin * velocity[0] + cos * velocity[1]], axis=1)
    waves = [random_wave(rng, 0.0, 0.15 * side, PERIODS) for _ in range(2)]
    path: Path = steps.cumsum(axis=0) + [[wave(t) for wave in waves] for t in range(FRAMES)]
    return path - path[meeting]


def _actor(rng: np.random.Generator, bank: CutoutBank, index: int, side: float, path: Path) -> Actor:
    start = int(rng.integers(1000))
    cutouts = bank.load(index, [start + t for t in range(FRAMES)])
    color, flip = color_matrix(COLOR, rng), rng.random() < 0.5
    changed = {id(each): recolor(_flipped(each) if flip else each, color) for each in cutouts}
    own = float(np.median([math.sqrt(each.alpha.size) for each in cutouts]))
    scale, aspect, angle = (
        random_wave(rng, mean, swing, PERIODS)
        for mean, swing in ((math.log(side / own), 0.1), (rng.uniform(-0.05, 0.05), 0.05), (0.0, 0.1))
    )
    poses = [Pose(x, y, math.exp(scale(t)), math.exp(aspect(t)), angle(t)) for t, (x, y) in enumerate(path.tolist())]
    return Actor([changed[id(each)] for each in cutouts], poses)


def _flipped(cutout: Cutout) -> Cutout:
    return Cutout(np.ascontiguousarray(cutout.image[:, ::-1]), np.ascontiguousarray(cutout.alpha[:, ::-1]))


def _bar(rng: np.random.Generator, source: FrameSource, path: Path, meeting: int, side: float) -> Actor:
    """A bar across the target's way, as wide as hides it for a while; narrower where it would hide the first frames."""
    middle = int(np.clip(meeting + rng.integers(-10, 11), 30, FRAMES - 30))
    duration = int(rng.integers(OCCLUSION[0], OCCLUSION[1], endpoint=True))
    motion = path[middle + 3] - path[middle - 3]
    direction = motion / (np.linalg.norm(motion) + 1e-6)
    along = (path - path[middle]) @ direction
    half = max(-float(along[max(middle - duration // 2, 12)]), 0.4 * side)
    half = min(half, abs(along[:8]).min() - 0.9 * side)
    width = max(round(2 * half), 8)
    texture = _background(rng, source)[0]
    row, column = (int(rng.integers(extent // 2)) for extent in texture.shape[:2])
    patch = texture[row : row + texture.shape[0] // 2, column : column + texture.shape[1] // 2]
    image = np.ascontiguousarray(cv2.resize(patch, (width, 6 * max(SIZE) // 5)))
    cutout = Cutout(image, np.full(image.shape[:2], 255, np.uint8))
    pose = Pose(*path[middle].tolist(), 1.0, 1.0, math.atan2(direction[1], direction[0]))
    return Actor([cutout] * FRAMES, [pose] * FRAMES)


def _background(rng: np.random.Generator, source: FrameSource) -> list[np.ndarray]:
    index = int(rng.integers(len(source)))
    start = int(rng.integers(source.num_frames(index)))
    ids = ping_pong_indices([start + t for t in range(FRAMES)], source.num_frames(index)).tolist()
    unique = dict(zip(sorted(set(ids)), source.read_images(index, sorted(set(ids))), strict=True))
    return [unique[i] for i in ids]


def _cover_frame(picture: np.ndarray, camera: np.ndarray) -> Pose:
    """The pose in which ``picture`` fills the frame, moved with the camera."""
    zoom = 1.2 * max(SIZE[0] / picture.shape[1], SIZE[1] / picture.shape[0])
    return Pose(SIZE[0] / 2 + float(camera[0]), SIZE[1] / 2 + float(camera[1]), zoom)
