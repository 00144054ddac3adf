"""Turn a camera after a target: python docs/examples/follow_camera.py clip.mp4 100,80,60,90

Prints how fast to pan and tilt, in -1..1: write your camera's call (ONVIF, VISCA, servos) where it is printed. SRC may
be a camera's index or an rtsp:// URL.
"""

import sys

from pytracking import Tracker
from pytracking.video.frame_source import open_frames

path, box = sys.argv[1], [float(part) for part in sys.argv[2].split(",")]
GAIN = 2.0  # speed for an offset of half a picture
DEAD = 0.05  # smaller offsets, in halves of the picture, do not move the camera


def speed(offset: float) -> float:
    """Speed in -1..1 for an offset of the target from the middle, in halves of the picture."""
    return 0.0 if abs(offset) < DEAD else max(-1.0, min(1.0, GAIN * offset))


tracker = Tracker()
frames = iter(open_frames(path))
tracker.initialize(next(frames), box)
for frame in frames:
    output = tracker.track(frame)
    height, width = frame.shape[:2]
    x, y, w, h = output.box
    if output.state == "lost":  # stand still, and look for it here
        pan = tilt = 0.0
    else:
        pan, tilt = speed(2 * (x + w / 2) / width - 1), speed(2 * (y + h / 2) / height - 1)
    print(f"{output.state:9} pan {pan:+.2f} tilt {tilt:+.2f}")
