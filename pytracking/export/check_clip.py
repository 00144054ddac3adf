"""A small synthetic clip, always the same, on which a port of the tracker is checked."""

from __future__ import annotations

import cv2
import numpy as np

from pytracking.tracker.base.output import Box

FRAMES, SIZE = 30, (320, 240)  # width, height
_SIDE = 56


def check_clip() -> tuple[list[np.ndarray], Box]:
    """Frames, RGB uint8 ``[H, W, 3]``, and the target's box in the first: a textured square that moves along a curve,
    grows and gets darker, before a background that moves, too."""
    generator = np.random.default_rng(0)
    ground = _texture(generator, (SIZE[1] + 80, SIZE[0] + 80), 24, (60, 150))
    target = _texture(generator, (_SIDE, _SIDE), 8, (0, 255))
    frames = []
    for number in range(FRAMES):
        frame = ground[number : number + SIZE[1], 2 * number : 2 * number + SIZE[0]].copy()
        x, y, side = _place(number)
        patch = cv2.resize(target, (side, side), interpolation=cv2.INTER_AREA if side < _SIDE else cv2.INTER_LINEAR)
        frame[y : y + side, x : x + side] = np.round(patch * (1 - 0.01 * number)).astype(np.uint8)
        frames.append(frame)
    x, y, side = _place(0)
    return frames, (float(x), float(y), float(side), float(side))


def _place(number: int) -> tuple[int, int, int]:
    """Left, top and side of the target in a frame."""
    return round(60 + 5 * number), round(100 + 40 * np.sin(number / 6)), 40 + number // 2


def _texture(generator: np.random.Generator, shape: tuple[int, int], cell: int, levels: tuple[int, int]) -> np.ndarray:
    """Smooth random colors, uint8 ``[*shape, 3]``."""
    coarse = generator.integers(*levels, (shape[0] // cell + 2, shape[1] // cell + 2, 3)).astype(np.uint8)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
