"""Follow one target with OpenCV's frames: python docs/examples/one_target.py clip.mp4 100,80,60,90"""

import sys

import cv2

from pytracking import Tracker

path, box = sys.argv[1], [float(part) for part in sys.argv[2].split(",")]
tracker = Tracker("dimp", "dimp_ncep_mobile", channels="BGR")  # cv2 reads BGR; the default is RGB
video = cv2.VideoCapture(path)

read, frame = video.read()
if not read:
    sys.exit(f"cannot read a video from {path}; cv2.VideoCapture opens no folders of images, pytracking.track does")
tracker.initialize(frame, box)  # x, y, w, h in pixels

for number in range(1, 1_000_000):
    read, frame = video.read()
    if not read:
        break
    output = tracker.track(frame)
    x, y, w, h = output.box
    print(f"frame {number}: {output.state:9}  score {output.score:.2f}  x {x:.1f}  y {y:.1f}  w {w:.1f}  h {h:.1f}")
