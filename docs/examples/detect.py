"""Follow everything that a detector finds: python docs/examples/detect.py clip.mp4

The detector here finds what moves in front of a camera that stands still; put yours in the place of ``detect``.
"""

import sys
from collections import Counter

import cv2
import numpy as np

from pytracking import MultiTracker, Tracker
from pytracking.integrations.detector import start_detected
from pytracking.video.frame_source import open_frames

EVERY, PATIENCE, SMALLEST = 5, 25, 100  # frames between looks; frames until a lost target is given up; square pixels
background = cv2.createBackgroundSubtractorMOG2(detectShadows=False)


def detect(moving: np.ndarray) -> list[tuple[int, ...]]:
    """The boxes x, y, w, h of what moves, the largest first."""
    joined = cv2.morphologyEx(moving, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_RECT, (9, 9)))
    outlines, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = [tuple(cv2.boundingRect(outline)) for outline in outlines]
    return sorted((box for box in boxes if box[2] * box[3] >= SMALLEST), key=lambda box: -box[2] * box[3])


targets = MultiTracker(Tracker())
lost: Counter[int] = Counter()
for number, frame in enumerate(open_frames(sys.argv[1])):
    moving = background.apply(frame)  # in every frame, to learn what stands still
    outputs = targets.track(frame)
    for target, output in outputs.items():
        print(f"frame {number}: target {target} {output.state}, at {[round(value) for value in output.box]}")
        lost[target] = lost[target] + 1 if output.state == "lost" else 0
        if lost[target] == PATIENCE:
            targets.remove(target)
    if number and number % EVERY == 0:
        boxes = detect(moving)
        for target, found in start_detected(targets, frame, boxes, outputs).items():
            print(f"frame {number}: target {target} begins at {list(boxes[found])}")
