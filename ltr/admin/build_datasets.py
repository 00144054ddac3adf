"""Where the data sets of a tracker's training are put together, by the kinds of their sources."""

from __future__ import annotations

from pathlib import Path

from ltr.admin.provenance import training_sequences
from ltr.data.video_frames import VideoCache
from ltr.dataset.base_video_dataset import BaseVideoDataset, FrameSource
from ltr.dataset.coco_seq import CocoImages
from ltr.dataset.cut_paste import CutPaste, PictureFolder
from ltr.dataset.cutouts import CocoCutouts, CutoutBank, VideoCutouts
from ltr.dataset.image_sequences import ImageSequences
from ltr.dataset.layouts import LAYOUTS
from ltr.dataset.patches import Patches
from ltr.dataset.sequence_folder import SequenceFolder
from ltr.dataset.synthetic import SyntheticShapes
from ltr.train_settings.dimp.base import DataSource, DiMPTrainSettings

Weighted = list[tuple[BaseVideoDataset, float]]


class _Shared:
    """What data sets of one training have in common: decoded videos, and what cut-and-paste clips are made of."""

    def __init__(self, settings: DiMPTrainSettings, data: Path) -> None:
        self.settings, self.data = settings, data
        self.cache = VideoCache()
        self.backgrounds: list[tuple[FrameSource, float]] = []
        self.cutouts: list[tuple[CutoutBank, float]] = []
        self.collects = any(source.kind == "cut_paste" for source in settings.used_sources)

    def offer(self, frames: FrameSource, cutouts: CutoutBank | None = None) -> None:
        """Take part in the cut-and-paste clips, where there are some."""
        self.backgrounds.append((frames, 1.0))
        if cutouts is not None:
            self.cutouts.append((cutouts, 1.0))


def build_datasets(settings: DiMPTrainSettings, data: Path) -> tuple[Weighted, Weighted]:
    """Training and validation data sets with their weights; ``data`` is the folder that the sources lie in."""
    shared = _Shared(settings, data)
    # Cut-and-paste comes last, because it is made of the others.
    sources = sorted(settings.used_sources, key=lambda source: source.kind == "cut_paste")
    train = [(_training_dataset(source, shared), source.weight) for source in sources]
    validation = [(_training_dataset(source, shared), source.weight) for source in settings.validation_sources]
    for source in settings.used_sources:
        if source.kind == "video" and settings.validation_sequences:
            held_out = SequenceFolder(
                data / source.path, "validation", settings.validation_sequences, cache=shared.cache
            )
            validation.append((held_out, 1.0))
        elif source.kind == "synthetic":
            validation.append((SyntheticShapes(), 1.0))
    return train, validation


def _training_dataset(source: DataSource, shared: _Shared) -> BaseVideoDataset:
    root = shared.data / source.path
    if source.kind in LAYOUTS:
        return ImageSequences(LAYOUTS[source.kind], root, source.split)
    if source.kind == "coco":
        images = CocoImages(root, source.path, source.split, source_weights=source.source_weights)
        if shared.collects:
            cutouts = CocoCutouts(root, source_weights=source.source_weights, split=source.split)
            shared.offer(images, cutouts)
        return images
    if source.kind == "video":
        videos = SequenceFolder(root, source.path, training_sequences(shared.settings, root), cache=shared.cache)
        if shared.collects:
            shared.offer(videos, VideoCutouts(videos))
        return videos
    if source.kind == "patches":
        return Patches(PictureFolder(root), name=f"patches of {source.path}")
    if source.kind == "synthetic":
        return SyntheticShapes()
    if source.path:
        shared.offer(PictureFolder(root))
    return CutPaste(shared.cutouts, shared.backgrounds)
