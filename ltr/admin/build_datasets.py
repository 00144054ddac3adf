"""Builds the data sets of a tracker's training from its sources."""

from __future__ import annotations

import logging
from pathlib import Path

from ltr.admin.provenance import training_sequences
from ltr.data.video_frames import VideoCache
from ltr.dataset.base_video_dataset import BaseVideoDataset, FrameSource
from ltr.dataset.coco_seq import CocoImages
from ltr.dataset.layouts import TRAINED
from ltr.dataset.layouts.image_sequences import ImageSequences
from ltr.dataset.own_videos import GROUND_TRUTH
from ltr.dataset.sequence_folder import SequenceFolder, list_sequences
from ltr.dataset.synthesis.cut_paste import CutPaste, ImageFolder
from ltr.dataset.synthesis.cutouts import CocoCutouts, CutoutBank, VideoCutouts
from ltr.dataset.synthesis.patches import Patches
from ltr.dataset.synthesis.synthetic import SyntheticShapes
from ltr.train_settings.dimp.base import DataSource, DiMPTrainSettings
from ltr.utils.errors import InputError

log = logging.getLogger(__name__)

CHECK = "see python -m ltr.util_scripts.check"
_VALIDATION_SEED = 1  # of synthetic shapes; those of the training use 0

Weighted = list[tuple[BaseVideoDataset, float]]


class _Shared:
    """Shared by the data sets of one training: the video cache, and the sources of cut-and-paste clips."""

    def __init__(self, settings: DiMPTrainSettings, data: Path) -> None:
        self.settings, self.data = settings, data
        self.cache = VideoCache()
        self.backgrounds: list[tuple[FrameSource, float]] = []
        self.cutouts: list[tuple[CutoutBank, float]] = []
        self.collects = any(source.kind == "cut_paste" for source in settings.used_sources)

    def offer(self, frames: FrameSource, cutouts: CutoutBank | None = None) -> None:
        """Add a source to the cut-and-paste clips."""
        self.backgrounds.append((frames, 1.0))
        if cutouts is not None:
            self.cutouts.append((cutouts, 1.0))


def build_datasets(settings: DiMPTrainSettings, data: Path) -> tuple[Weighted, Weighted]:
    """Training and validation data sets with their weights, listed in the log.

    Args:
        settings: with the sources.
        data: folder of the sources.

    Raises:
        FileNotFoundError: the files of a source, or a validation sequence, do not exist.
        ValueError: a source is broken, or has nothing to train on.
    """
    shared = _Shared(settings, data)
    # Cut-and-paste comes last: it uses the other sources.
    sources = sorted(settings.used_sources, key=lambda source: source.kind == "cut_paste")
    train = [(_dataset(source, shared, offers=shared.collects), source.weight) for source in sources]
    validation = [(_dataset(source, shared), source.weight) for source in settings.validation_sources]
    validation += [(dataset, 1.0) for dataset in _held_out(shared)]
    for use, datasets in (("training", train), ("validation", validation)):
        for dataset, weight in datasets:
            if dataset.count_boxes() == 0:
                raise InputError(f"{dataset.name}: no usable boxes ({CHECK})")
            log.info("%s data: %s", use, describe(dataset, weight))
    if not validation:
        log.info("validation data: none, so the best network is not stored separately (no folder best)")
    return train, validation


def describe(dataset: BaseVideoDataset, weight: float) -> str:
    """A line about a data set."""
    boxes = dataset.count_boxes()
    made = "boxes generated on the fly" if boxes is None else f"{boxes:,} usable boxes"
    return f"{dataset.name}: {len(dataset):,} sequences, {made}, weight {weight:g}"


def _dataset(source: DataSource, shared: _Shared, offers: bool = False) -> BaseVideoDataset:
    """The data set of a source; ``offers``: cut-and-paste clips use it, too."""
    root = shared.data / source.path
    if source.kind in TRAINED:
        return ImageSequences(TRAINED[source.kind], root, source.split)
    if source.kind == "coco":
        images = CocoImages(root, source.path, source.split, source_weights=source.source_weights)
        if offers:
            cutouts = CocoCutouts(root, source_weights=source.source_weights, split=source.split)
            shared.offer(images, cutouts)
        return images
    if source.kind == "video":
        videos = SequenceFolder(root, source.path, training_sequences(shared.settings, root), cache=shared.cache)
        if offers:
            shared.offer(videos, VideoCutouts(videos))
        return videos
    if source.kind == "patches":
        return Patches(ImageFolder(root), name=f"patches of {source.path}")
    if source.kind == "synthetic":
        return SyntheticShapes()
    if source.path:
        shared.offer(ImageFolder(root))
    return CutPaste(shared.cutouts, shared.backgrounds)


def _held_out(shared: _Shared) -> list[BaseVideoDataset]:
    """The validation sequences of the video sources, and synthetic shapes of another seed."""
    names, cache = shared.settings.validation_sequences, shared.cache
    roots = [shared.data / source.path for source in shared.settings.used_sources if source.kind == "video"]
    found = {root: sorted(set(names).intersection(list_sequences(root))) for root in roots}
    missing = sorted(set(names).difference(*found.values()))
    if roots and missing:
        raise FileNotFoundError(
            f"validation_sequences: {', '.join(missing)}: not in {' nor in '.join(map(str, roots))} "
            f"(a folder each, with {GROUND_TRUTH})"
        )
    held_out: list[BaseVideoDataset] = [
        SequenceFolder(root, "validation", chosen, cache=cache) for root, chosen in found.items() if chosen
    ]
    if any(source.kind == "synthetic" for source in shared.settings.used_sources):
        held_out.append(SyntheticShapes(name="synthetic validation", seed=_VALIDATION_SEED))
    return held_out
