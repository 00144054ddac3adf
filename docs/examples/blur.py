"""Blur a face or a number plate: python docs/examples/blur.py clip.mp4 100,80,60,90 blurred.mp4

While the target is lost, its last place stays blurred. Look at the result before you publish it.
"""

import sys
from pathlib import Path

import cv2

from pytracking import track
from pytracking.video.frame_source import open_frames
from pytracking.video.writer import VideoWriter

path, box, out = sys.argv[1], [float(part) for part in sys.argv[2].split(",")], Path(sys.argv[3])
MARGIN = 0.15  # of width and height, on each side

source = open_frames(path)
with VideoWriter(out, source.fps, source.sound) as writer:
    for frame, output in zip(source, track(source, box), strict=True):
        x, y, w, h = output.box
        left, top = max(0, round(x - MARGIN * w)), max(0, round(y - MARGIN * h))
        right, bottom = round(x + w + MARGIN * w), round(y + h + MARGIN * h)
        picture = frame.copy()
        part = picture[top : max(bottom, 0), left : max(right, 0)]
        if part.size:
            part[:] = cv2.GaussianBlur(part, (0, 0), max(w, h) / 6)
        writer.write(picture)
print(out)
