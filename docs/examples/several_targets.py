"""Follow several targets, one from a later frame on: python docs/examples/several_targets.py clip.mp4 BOX BOX

Each BOX is x,y,w,h. The first is a target of the first frame, the second of the sixth. A target that has been lost for
50 frames is given up.
"""

import sys
from collections import Counter

from pytracking import MultiTracker, Tracker
from pytracking.video.frame_source import open_frames

first_box, second_box = ([float(part) for part in text.split(",")] for text in sys.argv[2:4])
targets = MultiTracker(Tracker("dimp", "dimp_ncep_mobile"))  # one network, however many targets
lost: Counter[int] = Counter()

for number, frame in enumerate(open_frames(sys.argv[1])):  # a file, folder, glob, camera index or URL
    for target_id, output in targets.track(frame).items():
        lost[target_id] = lost[target_id] + 1 if output.state == "lost" else 0
        print(f"frame {number}: target {target_id} {output.state}, at {[round(value) for value in output.box]}")
        if lost[target_id] == 50:
            targets.remove(target_id)
    if number == 0:
        targets.add(frame, first_box)
    if number == 5:
        print(f"target {targets.add(frame, second_box)} begins")
