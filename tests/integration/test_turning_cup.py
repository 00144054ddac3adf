"""A tall cup that is turned in the hand: ``cup.mp4`` of Debian's package opencv-doc."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from pytracking.analysis.metrics import iou
from pytracking.api.tracker import Tracker
from pytracking.tracker.base.config import TrackerConfig
from pytracking.video.frame_source import open_frames

CLIP = Path("/usr/share/doc/opencv-doc/opencv4/html/cup.mp4.gz")
TRUTH = (  # (x, y, w, h) of every tenth frame, drawn by eye
    (307, 124, 108, 259), (308, 122, 107, 259), (311, 123, 109, 263), (316, 115, 113, 274), (301, 117, 121, 284),
    (187, 127, 196, 284), (89, 149, 268, 253), (23, 170, 288, 243), (56, 142, 209, 278), (156, 94, 148, 275),
    (203, 89, 208, 267), (290, 80, 218, 264), (370, 88, 194, 258), (359, 119, 138, 232), (322, 150, 112, 209),
    (302, 163, 88, 198), (287, 145, 82, 202), (285, 135, 95, 222), (290, 138, 107, 251), (267, 120, 116, 285),
    (255, 89, 125, 315), (252, 83, 124, 318),
)  # fmt: skip


@pytest.mark.skipif(not CLIP.exists(), reason=f"needs {CLIP}")
def test_the_box_turns_with_the_cup(tmp_path: Path) -> None:
    (tmp_path / "cup.mp4").write_bytes(gzip.decompress(CLIP.read_bytes()))
    config = TrackerConfig(device="cpu", overrides=("refinement.rotation=true",))
    tracker, boxes = Tracker.from_config(config), []
    for frame in open_frames(tmp_path / "cup.mp4"):
        boxes.append(tracker.track(frame).box if boxes else (305.0, 105.0, 110.0, 280.0))
        if len(boxes) == 1:
            tracker.initialize(frame, boxes[0])
    overlaps = iou(np.array(boxes)[::10], np.array(TRUTH, float))
    assert overlaps[7] >= 0.8
    assert overlaps.mean() > 0.8
