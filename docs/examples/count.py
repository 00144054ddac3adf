"""Count how often targets cross a vertical line: python docs/examples/count.py clip.mp4 120 100,80,60,90 20,30,40,40

LINE is in pixels from the left edge; a box for each target. Frames in which a target is lost do not count.
"""

import sys
from itertools import pairwise

from pytracking import Tracker, track

path, line, boxes = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
tracker = Tracker()  # one network for all targets
to_the_right = to_the_left = 0
for text in boxes:
    box = [float(part) for part in text.split(",")]
    seen = [output.box for output in track(path, box, tracker) if output.state != "lost"]
    sides = [x + w / 2 > line for x, _, w, _ in seen]  # of the line, on which the middle of the box is
    to_the_right += sum(after > before for before, after in pairwise(sides))
    to_the_left += sum(after < before for before, after in pairwise(sides))
print(f"to the right {to_the_right}, to the left {to_the_left}")
