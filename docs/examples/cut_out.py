"""Cut a target out of a video, always in the middle: python docs/examples/cut_out.py clip.mp4 100,80,60,90 close.mp4

The picture is as large as twice the target in the first frame.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from pytracking import track
from pytracking.video.frame_source import open_frames
from pytracking.video.writer import VideoWriter

path, box, out = sys.argv[1], [float(part) for part in sys.argv[2].split(",")], Path(sys.argv[3])
SMOOTHING = 0.7  # of the middle from frame to frame: 0 follows at once, 0.9 slowly

side = 2 * round(max(box[2:]))
source = open_frames(path)
middle = None
with VideoWriter(out, source.fps, source.sound) as writer:
    for frame, output in zip(source, track(source, box), strict=True):
        x, y, w, h = output.box
        now = np.array([x + w / 2, y + h / 2])
        middle = now if middle is None else SMOOTHING * middle + (1 - SMOOTHING) * now
        writer.write(np.asarray(cv2.getRectSubPix(frame, (side, side), middle.tolist()), np.uint8))
print(out)
