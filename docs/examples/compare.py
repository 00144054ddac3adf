"""Compare trackers on a video of your own: python docs/examples/compare.py clip.mp4 100,80,60,90 compared.mp4

Prints the speed of each, and how much its boxes overlap those of the first; writes a video with the boxes of all. With
annotated videos, use run_tracker and run_analysis instead.
"""

import sys
import time
from pathlib import Path

import numpy as np

from pytracking import Tracker, track
from pytracking.analysis.metrics import iou
from pytracking.video.frame_source import open_frames
from pytracking.video.writer import VideoWriter
from pytracking.visualization.boxes import Overlay

path, box, out = sys.argv[1], [float(part) for part in sys.argv[2].split(",")], Path(sys.argv[3])
trackers = {"dimp": Tracker("dimp"), "mil": Tracker("mil")}  # OpenCV's; "csrt", "kcf" and "nano" as well

source = open_frames(path)
tracks = {}
for name, tracker in trackers.items():
    begin = time.perf_counter()
    tracks[name] = list(track(source, box, tracker))
    boxes = {other: np.array([output.box for output in outputs]) for other, outputs in tracks.items()}
    overlap = iou(boxes["dimp"], boxes[name]).mean()
    rate = len(tracks[name]) / (time.perf_counter() - begin)
    print(f"{name:5} {rate:6.1f} frames a second; mean overlap with dimp {100 * overlap:.0f} %")

overlay = Overlay(trail=15)
with VideoWriter(out, source.fps) as writer:
    for frame, *outputs in zip(source, *tracks.values(), strict=True):
        writer.write(overlay.draw(frame, dict(enumerate(outputs))))
print(out)
