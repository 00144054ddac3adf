"""Clips generated at every call: objects cut out by their masks move over other images, with exact boxes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ltr.data.image_loader import load_image
from ltr.data.media_files import is_image
from ltr.data.transforms import ColorJitter, apply_color, color_matrix
from ltr.dataset.base_video_dataset import BaseVideoDataset, FrameSet, FrameSource, SequenceInfo
from ltr.dataset.synthesis.compositing import (
    Cutout,
    Layer,
    Motion,
    Wave,
    clip_box,
    draw_background,
    hidden_share,
    paste,
    place,
    random_wave,
    recolor,
    swing_inside,
)
from ltr.dataset.synthesis.cutouts import CutoutBank, ping_pong_indices
from ltr.utils.errors import InputError


@dataclass(frozen=True)
class CutPasteSettings:
    """Appearance of the clips. Sides and sizes are sqrt(width height) in px, periods and lengths in frames."""

    num_frames: int = 120
    long_side: int = 432  # of the frames
    target_side: tuple[float, float] = (24.0, 100.0)
    max_enlargement: float = 1.6  # of a cut-out relative to its own resolution
    period: tuple[float, float] = (60.0, 500.0)  # of the motion across the frame
    scale_swing: float = 0.35  # of the logarithm of the size
    aspect_swing: float = 0.15  # of the logarithm of width / height
    angle_swing: float = 0.3  # radian
    light_swing: float = 0.2  # of an object's brightness, relative
    camera_shift: float = 0.12  # of the frame's sides
    camera_zoom: float = 0.12  # of the logarithm
    exposure: float = 0.6  # longest, in frames
    color: ColorJitter = field(default_factory=ColorJitter)
    distractors: float = 0.5  # fraction of the clips with distractors
    max_distractors: int = 3
    look_alike: float = 0.5  # fraction of the distractors from the target's group (or a copy of the target)
    occluder: float = 0.3  # fraction of the clips with an object passing in front of the target
    max_hidden: float = 0.5  # fraction of the target that may be hidden


class ImageFolder:
    """Images in a folder, without boxes: a :class:`FrameSource` of one-frame items."""

    def __init__(self, root: str | Path) -> None:
        self.paths = sorted(filter(is_image, Path(root).glob("*")))
        if not self.paths:
            raise FileNotFoundError(f"no pictures in {root}")

    def __len__(self) -> int:
        return len(self.paths)

    def num_frames(self, index: int) -> int:
        """1, for an image."""
        return 1

    def read_images(self, index: int, frame_ids: Sequence[int]) -> list[np.ndarray]:
        """The image, once per frame id (the same array)."""
        return [load_image(self.paths[index])] * len(frame_ids)


@dataclass(frozen=True)
class _Actor:
    """An object of a clip: its cut-out at each time, its motion, and its brightness (1: original)."""

    cutouts: list[Cutout]
    motion: Motion
    light: Wave

    def layer(self, i: int, t: int, exposure: float) -> Layer | None:
        layer = place(self.cutouts[i], self.motion.at(t), self.motion.motion_blur(t, exposure))
        return layer and replace(layer, premultiplied=layer.premultiplied * self.light(t))


class CutPaste(BaseVideoDataset):
    """A sequence per cut-out object; the rest of the clip is random at every call of :meth:`get_frames`.

    Boxes are the bounds of the pasted object's mask, hidden parts included, clipped to the frame.

    Args:
        objects: banks of cut-outs with a weight each.
        backgrounds: sources of images or videos with a weight each.
        settings: appearance of the clips.
        name: of the data set in reports.
    """

    def __init__(
        self,
        objects: Sequence[tuple[CutoutBank, float]],
        backgrounds: Sequence[tuple[FrameSource, float]],
        settings: CutPasteSettings = CutPasteSettings(),
        name: str = "cut_paste",
    ) -> None:
        if not objects or not backgrounds:
            raise InputError("CutPaste needs at least one bank of objects and one source of backgrounds")
        self.name = name
        self.settings = settings
        # Arrays, not lists: workers share the memory of arrays, but copy that of Python objects.
        self._banks = [bank for bank, _ in objects]
        self._starts = np.cumsum([0, *map(len, self._banks)])  # of every bank's objects, and their number
        self.sequence_weights = np.concatenate([weight * bank.weights / bank.weights.sum() for bank, weight in objects])
        _, self._group = np.unique(np.concatenate([bank.groups for bank in self._banks]), return_inverse=True)
        self._by_group = np.argsort(self._group, kind="stable")
        self._backgrounds = [source for source, _ in backgrounds]
        self._background_weights = np.array([weight for _, weight in backgrounds], dtype=float)
        self._background_weights /= self._background_weights.sum()

    def __len__(self) -> int:
        return int(self._starts[-1])

    def _object(self, index: int) -> tuple[CutoutBank, int]:
        """The bank of object ``index``, and its index there."""
        bank = int(np.searchsorted(self._starts, index, side="right")) - 1
        return self._banks[bank], int(index - self._starts[bank])

    def _alike(self, index: int) -> np.ndarray:
        """All objects of the group of object ``index``, including itself, in order."""
        group = self._group[index]
        first, last = (np.searchsorted(self._group, group, side, sorter=self._by_group) for side in ("left", "right"))
        return self._by_group[first:last]

    def get_sequence_info(self, seq_id: int) -> SequenceInfo:
        bank, i = self._object(seq_id)
        return SequenceInfo(f"{self.name}/{bank.name(i)}", np.ones(self.settings.num_frames, dtype=bool))

    def get_frames(self, seq_id: int, frame_ids: Sequence[int], rng: np.random.Generator) -> FrameSet:
        settings = self.settings
        pictures = self._draw_background(frame_ids, rng)
        shape = pictures[0].shape
        zoom = settings.long_side / max(shape[:2])
        size = (round(shape[1] * zoom), round(shape[0] * zoom))
        camera = _camera(size, zoom, settings, rng)
        exposure = settings.exposure * rng.random() ** 2
        target = self._draw_actor(seq_id, frame_ids, size, rng)
        behind = self._draw_distractors(seq_id, frame_ids, size, rng)
        before = self._draw_occluder(target, frame_ids, size, rng)
        images, boxes = [], []
        for i, t in enumerate(frame_ids):
            frame = draw_background(pictures[i], size, camera.at(t), camera.motion_blur(t, exposure))
            boxes.append(self._draw_objects(frame, i, t, exposure, target, behind, before))
            images.append(frame)
        return FrameSet(images, np.stack(boxes))

    def _draw_objects(
        self,
        frame: np.ndarray,
        i: int,
        t: int,
        exposure: float,
        target: _Actor,
        behind: list[_Actor],
        before: list[_Actor],
    ) -> np.ndarray:
        """Paste all objects of a clip at time ``t`` into ``frame``; returns the target's box ``float32 [4]``."""
        shown = target.layer(i, t, exposure)
        if shown is None:
            return np.zeros(4, np.float32)
        layers = [layer for actor in behind if (layer := actor.layer(i, t, exposure))]
        covers = [layer for actor in before if (layer := actor.layer(i, t, exposure))]
        if hidden_share(shown, covers) > self.settings.max_hidden:
            covers = []
        for layer in [*layers, shown, *covers]:
            paste(frame, layer)
        return clip_box(shown.box, frame.shape[1], frame.shape[0])

    def _draw_background(self, frame_ids: Sequence[int], rng: np.random.Generator) -> list[np.ndarray]:
        source = self._backgrounds[rng.choice(len(self._backgrounds), p=self._background_weights)]
        index = int(rng.integers(len(source)))
        start = int(rng.integers(source.num_frames(index)))
        shown = ping_pong_indices([start + t for t in frame_ids], source.num_frames(index)).tolist()
        pictures = source.read_images(index, shown)
        color = color_matrix(self.settings.color, rng)
        changed = {id(picture): apply_color(picture, color) for picture in pictures}
        return [changed[id(picture)] for picture in pictures]

    def _draw_actor(
        self, index: int, frame_ids: Sequence[int], size: tuple[int, int], rng: np.random.Generator
    ) -> _Actor:
        """Object ``index`` with random size, colors and motion."""
        settings = self.settings
        bank, i = self._object(index)
        start = int(rng.integers(1000))
        cutouts = bank.load(i, [start + t for t in frame_ids])
        color = color_matrix(settings.color, rng)
        changed = {id(cutout): recolor(cutout, color) for cutout in cutouts}
        own_side = float(np.median([math.sqrt(cutout.alpha.size) for cutout in cutouts]))
        limit = min(settings.target_side[1], own_side * settings.max_enlargement, 0.5 * min(size))
        side = math.exp(rng.uniform(math.log(settings.target_side[0]), math.log(max(limit, settings.target_side[0]))))
        x, y = (swing_inside(rng, extent, 0.08 * extent, settings.period) for extent in size)
        motion = Motion(
            x,
            y,
            random_wave(rng, math.log(side / own_side), settings.scale_swing, settings.period),
            random_wave(rng, 0.0, settings.aspect_swing, settings.period),
            random_wave(rng, 0.0, settings.angle_swing, settings.period),
        )
        light = random_wave(rng, 1.0, settings.light_swing, settings.period)
        return _Actor([changed[id(cutout)] for cutout in cutouts], motion, light)

    def _draw_distractors(
        self, seq_id: int, frame_ids: Sequence[int], size: tuple[int, int], rng: np.random.Generator
    ) -> list[_Actor]:
        settings = self.settings
        if rng.random() >= settings.distractors:
            return []
        group = self._alike(seq_id)
        actors = []
        for _ in range(rng.integers(1, settings.max_distractors, endpoint=True)):
            alike = rng.random() < settings.look_alike
            index = rng.choice(group) if alike else rng.integers(len(self))
            actors.append(self._draw_actor(int(index), frame_ids, size, rng))
        return actors

    def _draw_occluder(
        self, target: _Actor, frame_ids: Sequence[int], size: tuple[int, int], rng: np.random.Generator
    ) -> list[_Actor]:
        """With a certain probability, an object that crosses the target at one of the frames."""
        settings = self.settings
        if rng.random() >= settings.occluder:
            return []
        actor = self._draw_actor(int(rng.integers(len(self))), frame_ids, size, rng)
        t = int(rng.choice(frame_ids))
        there, here = target.motion.at(t), actor.motion.at(t)
        dx, dy = rng.uniform(-0.6, 0.6, 2) * there.scale * math.sqrt(target.cutouts[0].alpha.size)
        motion = replace(
            actor.motion,
            x=_shift(actor.motion.x, there.x + dx - here.x),
            y=_shift(actor.motion.y, there.y + dy - here.y),
        )
        return [replace(actor, motion=motion)]


def _shift(wave: Wave, by: float) -> Wave:
    return replace(wave, mean=wave.mean + by)


def _camera(size: tuple[int, int], zoom: float, settings: CutPasteSettings, rng: np.random.Generator) -> Motion:
    """The background's motion: it covers the frame, with some translation and zoom."""
    return Motion(
        random_wave(rng, size[0] / 2, settings.camera_shift * size[0], settings.period),
        random_wave(rng, size[1] / 2, settings.camera_shift * size[1], settings.period),
        random_wave(rng, math.log(zoom) + settings.camera_zoom, settings.camera_zoom, settings.period),
    )
