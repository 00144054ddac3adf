"""Synthetic sequences: a textured shape moves smoothly over a textured background. Needs no files.

For the toy training, the tests and the demo without a video; reproducible by the seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from ltr.dataset.base_video_dataset import BaseVideoDataset, FrameSet, SequenceInfo
from ltr.dataset.synthesis.compositing import (
    Cutout,
    Motion,
    Pose,
    Wave,
    clip_box,
    draw_background,
    paste,
    place,
    random_wave,
    swing_inside,
)

# The noise of the textures: px per cell, and strength in gray levels.
_OCTAVES = ((64, 18.0), (24, 12.0), (8, 8.0), (3, 6.0))
_LANDMARKS = 12  # shapes of a background


def draw_texture(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """Multi-scale color noise, RGB ``uint8 [height, width, 3]``."""
    texture = np.tile(rng.uniform(50, 205, 3).astype(np.float32), (height, width, 1))
    for cell, strength in _OCTAVES:
        shape = (height // cell + 2, width // cell + 2)
        # Mostly brightness, a little color, as in photographs.
        grid = rng.normal(size=(*shape, 1)) + 0.3 * rng.normal(size=(*shape, 3))
        grid = (strength * grid).astype(np.float32)
        texture += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(texture, 0, 255).astype(np.uint8)


def draw_scenery(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """A textured background with some still shapes, RGB ``uint8 [height, width, 3]``."""
    scenery = draw_texture(width, height, rng)
    for _ in range(_LANDMARKS):
        still = Pose(rng.uniform(0, width), rng.uniform(0, height), 1.0, angle=rng.uniform(0, 6))
        layer = place(draw_shape(int(rng.integers(20, 90)), rng), still)
        if layer is not None:
            paste(scenery, layer)
    return cv2.GaussianBlur(scenery, (0, 0), 1.0)


def draw_shape(side: int, rng: np.random.Generator) -> Cutout:
    """A random polygon of five to nine corners, at most ``side`` px wide, with random texture and stripes."""
    corners = int(rng.integers(5, 10))
    angles = 2 * math.pi * (np.arange(corners) + rng.uniform(-0.3, 0.3, corners)) / corners
    radii = side / 2 * rng.uniform(0.65, 1.0, corners)
    outline = side / 2 + radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    alpha = np.zeros((side, side), np.uint8)
    cv2.fillPoly(alpha, [np.round(outline).astype(np.int32)], 255)
    image = draw_texture(side, side, rng)
    color = rng.integers(0, 256, 3).tolist()
    for start in range(-side, side, max(2, int(side * rng.uniform(0.2, 0.4)))):
        cv2.line(image, (start, 0), (start + side, side), color, max(1, side // 12))
    return Cutout(image, cv2.GaussianBlur(alpha, (3, 3), 0.8))


class SyntheticShapes(BaseVideoDataset):
    """``num_sequences`` sequences of ``num_frames`` frames of ``size`` (width, height) px, determined by
    ``seed``.

    Every sequence has one target and another shape behind it. Boxes are the exact bounds of the target's mask. Frames
    in order form a smooth video.
    """

    def __init__(
        self,
        num_sequences: int = 200,
        num_frames: int = 80,
        size: tuple[int, int] = (320, 240),
        seed: int = 0,
        name: str = "synthetic",
    ) -> None:
        self.name = name
        self.num_sequences = num_sequences
        self.num_frames = num_frames
        self.size = size
        self.seed = seed

    def __len__(self) -> int:
        return self.num_sequences

    def get_sequence_info(self, seq_id: int) -> SequenceInfo:
        return SequenceInfo(f"{self.name}/{seq_id}", np.ones(self.num_frames, dtype=bool))

    def get_frames(self, seq_id: int, frame_ids: Sequence[int], rng: np.random.Generator) -> FrameSet:
        width, height = self.size
        scene = np.random.default_rng((self.seed, seq_id))
        background = draw_scenery(width + 80, height + 80, scene)
        drift_x, drift_y = (random_wave(scene, extent / 2, 30, (80, 200)) for extent in self.size)
        camera = Motion(drift_x, drift_y, Wave(0.0))
        (other, other_motion), (target, motion) = (self._draw_actor(scene) for _ in range(2))
        images, boxes = [], []
        for t in frame_ids:
            frame = draw_background(background, self.size, camera.at(t))
            if (layer := place(other, other_motion.at(t))) is not None:
                paste(frame, layer)
            shown = place(target, motion.at(t))
            assert shown is not None, "a shape of this size never vanishes"
            paste(frame, shown)
            images.append(frame)
            boxes.append(clip_box(shown.box, width, height))
        return FrameSet(images, np.stack(boxes))

    def _draw_actor(self, scene: np.random.Generator) -> tuple[Cutout, Motion]:
        side = int(min(self.size) * scene.uniform(0.15, 0.3))
        period = (60.0, 200.0)
        x, y = (swing_inside(scene, extent, side / 2, period) for extent in self.size)
        motion = Motion(
            x,
            y,
            random_wave(scene, 0.0, 0.25, period),
            random_wave(scene, 0.0, 0.15, period),
            random_wave(scene, 0.0, 0.4, period),
        )
        return draw_shape(side, scene), motion
