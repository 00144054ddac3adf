"""Outputs of a frozen detector: cache and batches."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor
from torch.nn.functional import pad

from ltr.dataset.detection import DetectionImage
from ltr.sampling.detection_items import DetectionLoader, DetectionSample, load_sample, mirror_boxes
from ltr.utils.errors import InputError
from ltr.utils.files import atomic_write


@dataclass(frozen=True)
class BoxSet:
    """T boxes of several images: boxes ``[T, 4]`` (x, y, w, h) in pixels of the scaled images; class labels, class
    scores and the index of the image in its batch, ``[T]`` each.
    """

    boxes: Tensor
    labels: Tensor
    scores: Tensor
    picture: Tensor

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, index: Tensor) -> BoxSet:
        return BoxSet(self.boxes[index], self.labels[index], self.scores[index], self.picture[index])

    def to(self, device: torch.device | str) -> BoxSet:
        """The same boxes on ``device``."""
        return BoxSet(*(t.to(device) for t in (self.boxes, self.labels, self.scores, self.picture)))


@dataclass(frozen=True)
class FrozenOutput:
    """The outputs of the frozen detector for one image.

    Feature maps ``[C, H / stride, W / stride]`` by level; candidates before non-maximum suppression: boxes ``[D, 4]``
    (x, y, w, h; pixels of the scaled image), labels and scores ``[D]``; ``scale`` ``[2]``: pixels of the scaled image
    per pixel of the image, along x and y.
    """

    maps: tuple[Tensor, ...]
    boxes: Tensor
    labels: Tensor
    scores: Tensor
    scale: Tensor


@dataclass(frozen=True)
class DetectionBatch:
    """Detector outputs of N images: maps ``[N, C, H, W]`` by level, true and candidate boxes, scales ``[N, 2]``."""

    maps: tuple[Tensor, ...]
    truth: BoxSet
    candidates: BoxSet
    scales: Tensor
    ids: list[int]

    def to(self, device: torch.device | str) -> DetectionBatch:
        """The same batch on ``device``."""
        maps = tuple(level.to(device) for level in self.maps)
        return DetectionBatch(maps, self.truth.to(device), self.candidates.to(device), self.scales.to(device), self.ids)


class FeatureCache:
    """A folder with the outputs of a frozen detector, one file per image; maps in half precision.

    Args:
        folder: created if it does not exist.
        key: of the detector.

    Raises:
        ValueError: the folder holds the outputs of another detector.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder
        name = folder / "detector.txt"
        if not name.exists():
            atomic_write(name, lambda temporary: temporary.write_text(key))
        elif name.read_text() != key:
            raise InputError(f"cache {folder} holds the features of another detector: delete it or name another folder")

    def holds(self, source: DetectionImage, mirrored: bool) -> bool:
        """Whether the outputs of an image are stored."""
        return self._path(source, mirrored).exists()

    def read(self, source: DetectionImage, mirrored: bool) -> FrozenOutput:
        """The stored outputs of an image, in single precision."""
        state = load_file(self._path(source, mirrored))
        levels = sorted(name for name in state if name.startswith("map"))
        maps = tuple(state[name].float() for name in levels)
        return FrozenOutput(maps, state["boxes"], state["labels"], state["scores"], state["scale"])

    def save(self, source: DetectionImage, mirrored: bool, output: FrozenOutput) -> None:
        """Store the outputs of an image."""
        state = {f"map{level}": m.half().contiguous().cpu() for level, m in enumerate(output.maps)}
        for name in ("boxes", "labels", "scores", "scale"):
            state[name] = getattr(output, name).contiguous().cpu()
        path = self._path(source, mirrored)
        atomic_write(path, lambda temporary: temporary.write_bytes(save(state)))

    def _path(self, source: DetectionImage, mirrored: bool) -> Path:
        name = hashlib.sha256(str(source.path.resolve()).encode()).hexdigest()[
            :24
        ]  # ids are unique within one data set only
        return self.folder / f"{name}{'_mirrored' if mirrored else ''}.safetensors"


@dataclass(frozen=True)
class FrozenItem:
    """An image with its outputs from the cache, or as input of the frozen detector."""

    source: DetectionImage
    mirrored: bool
    output: FrozenOutput | None
    picture: DetectionSample | None


class FrozenItems:
    """Reads images, or their outputs from the cache; runs in the loader's processes."""

    def __init__(self, cache: FeatureCache | None) -> None:
        self.cache = cache

    def __call__(self, source: DetectionImage, mirrored: bool) -> FrozenItem:
        if self.cache is not None and self.cache.holds(source, mirrored):
            return FrozenItem(source, mirrored, self.cache.read(source, mirrored), None)
        return FrozenItem(source, mirrored, None, load_sample(source, mirrored))


class FrozenLoader:
    """Batches of outputs of a frozen detector; with a cache, each image is processed once.

    The detector gets one image at a time, so that its outputs do not depend on the batch.

    Args:
        items: loader of lists of :class:`FrozenItem`.
        detector: image ``[3, H, W]`` -> :class:`FrozenOutput`.
        cache: of the outputs.
    """

    def __init__(
        self, items: DetectionLoader, detector: Callable[[Tensor], FrozenOutput], cache: FeatureCache | None
    ) -> None:
        self.items, self.detector, self.cache = items, detector, cache

    def set_epoch(self, epoch: int, first_batch: int = 0) -> None:
        """Choose the epoch (from 0) of the next pass, and the batch that it begins with."""
        self.items.set_epoch(epoch, first_batch)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[DetectionBatch]:
        for items in self.items:
            yield collate([(item, self._detect(item)) for item in items])

    def _detect(self, item: FrozenItem) -> FrozenOutput:
        if item.output is not None:
            return item.output
        assert item.picture is not None
        output = self.detector(item.picture.image)
        if self.cache is None:
            return output
        # Read back, so that the first output is rounded like later ones.
        self.cache.save(item.source, item.mirrored, output)
        return self.cache.read(item.source, item.mirrored)


def collate(seen: Sequence[tuple[FrozenItem, FrozenOutput]]) -> DetectionBatch:
    """A batch; smaller maps are zero-padded, which is also the value outside a map in PrRoIPool."""
    outputs = [output for _, output in seen]
    maps = []
    for level in zip(*(output.maps for output in outputs), strict=True):
        height, width = (max(m.shape[side] for m in level) for side in (1, 2))
        maps.append(torch.stack([pad(m, (0, width - m.shape[2], 0, height - m.shape[1])) for m in level]))
    truth, candidates = [], []
    for number, (item, output) in enumerate(seen):
        boxes = torch.from_numpy(item.source.boxes).to(output.scale.device)
        if item.mirrored:
            boxes = mirror_boxes(boxes, item.source.size[0])
        labels = torch.from_numpy(item.source.labels).to(boxes.device)
        truth.append((boxes * output.scale.repeat(2), labels, torch.ones_like(boxes[:, 0]), number))
        candidates.append((output.boxes, output.labels, output.scores, number))
    return DetectionBatch(
        tuple(maps),
        _joined(truth),
        _joined(candidates),
        torch.stack([output.scale for output in outputs]),
        [item.source.id for item, _ in seen],
    )


def _joined(parts: list[tuple[Tensor, Tensor, Tensor, int]]) -> BoxSet:
    boxes, labels, scores, _ = zip(*parts, strict=True)
    picture = torch.cat([torch.full_like(part[1], part[3]) for part in parts])
    return BoxSet(torch.cat(boxes), torch.cat(labels), torch.cat(scores), picture)
