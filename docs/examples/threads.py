"""Follow a target in several videos at once, with one network: python docs/examples/threads.py BOX a.mp4 b.mp4 ...

BOX, x,y,w,h, is the target's in the first frame of each video.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from pytracking import Tracker
from pytracking.video.frame_source import open_frames

box = [float(part) for part in sys.argv[1].split(",")]
network = Tracker("dimp", "dimp_ncep_mobile")


def follow(path: str) -> str:
    """Where the target of a video ends up."""
    tracker = network.clone()  # shares the network and nothing else, so each thread has its own
    frames = iter(open_frames(path))
    tracker.initialize(next(frames), box)
    outputs = [tracker.track(frame) for frame in frames]
    return f"{path}: {len(outputs)} frames, then at {[round(value) for value in outputs[-1].box]}"


with ThreadPoolExecutor() as pool:
    for line in pool.map(follow, sys.argv[2:]):
        print(line)
