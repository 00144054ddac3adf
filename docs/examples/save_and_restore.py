"""Stop in the middle of a video and go on later: python docs/examples/save_and_restore.py clip.mp4 100,80,60,90"""

import sys
import tempfile
from itertools import islice
from pathlib import Path

from pytracking import Tracker
from pytracking.video.frame_source import open_frames

path, box = sys.argv[1], [float(part) for part in sys.argv[2].split(",")]
frames = iter(open_frames(path))
saved = Path(tempfile.mkdtemp()) / "running.safetensors"  # tensors and JSON: reading it runs no code

tracker = Tracker("dimp", "dimp_ncep_mobile")
tracker.initialize(next(frames), box)
for frame in islice(frames, 3):
    tracker.track(frame)
tracker.save(saved)

later = Tracker("dimp", "dimp_ncep_mobile")  # in another process, or on another device
later.restore(saved)
frame = next(frames)
print(f"goes on at {later.track(frame).box}")
print(f"as without {tracker.track(frame).box}")
