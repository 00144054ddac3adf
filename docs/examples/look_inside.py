"""Look at what the tracker sees: python docs/examples/look_inside.py clip.mp4 100,80,60,90 panels.png

The picture is of the last frame; run_video --panels makes a video of all frames.
"""

import sys

from PIL import Image

from pytracking import Tracker
from pytracking.tracker.dimp.debug import DebugRecorder
from pytracking.video.frame_source import open_frames
from pytracking.visualization.panels import draw_panels

path, box = sys.argv[1], [float(part) for part in sys.argv[2].split(",")]
tracker = Tracker("dimp", "dimp_ncep_mobile")
tracker.debug = recorder = DebugRecorder()

frames = iter(open_frames(path))
tracker.initialize(next(frames), box)
output = None
for frame in frames:
    output = tracker.track(frame)
seen = recorder.frame  # of the last frame: crop, scores, found, energy, before, after, weights
if output is None or seen is None or seen.scores is None:
    sys.exit(f"{path}: has one frame only, so nothing was tracked")

print(f"{output.state}; score map {seen.scores.shape}, its peak {seen.scores.max():.2f}")
if (
    seen.energy is not None and seen.before is not None and seen.after is not None
):  # a box that was refined; the energy f(x, y) can be asked about any box of the crop
    print(f"f before {seen.energy(seen.before[None])[0]:.2f}, after {seen.energy(seen.after[None])[0]:.2f}")
Image.fromarray(draw_panels(f"{path}, the last frame", seen)).save(sys.argv[3])
