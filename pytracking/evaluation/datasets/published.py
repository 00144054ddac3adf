"""Published data sets as sequences; ``ltr.dataset.layouts`` describes their files."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from ltr.dataset.layouts import EVALUATED
from ltr.dataset.layouts.base import SequenceFiles
from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.video.frame_source import FrameSource, open_images


def list_published(name: str, root: Path) -> dict[str, Callable[[], Sequence]]:
    """Sequence name -> its loader, for a data set in ``EVALUATED`` with the folder ``root``."""
    benchmark = EVALUATED[name].benchmarks[name]
    loaders: dict[str, Callable[[], Sequence]] = {}
    for files in benchmark.sequences(root):
        called = benchmark.prefix + files.name.rpartition("/")[2]
        loaders[called] = partial(read_published, called, benchmark.tag or name, files)
    return loaders


def read_published(name: str, dataset: str, files: SequenceFiles) -> Sequence:
    """The sequence, with boxes as published, NaN if the target is flagged as absent.

    Raises FileNotFoundError, or ValueError if a file is not as published.
    """
    truth = files.ground_truth()
    boxes = np.where(truth.absent[:, None], np.nan, truth.boxes)
    count = None if files.first_box_only else len(boxes)
    return Sequence(name, dataset, boxes, partial(_open, files, count), truth.image_size)


def _open(files: SequenceFiles, count: int | None) -> FrameSource:
    return open_images(files.pictures(count), str(files.images))
