"""Make a small moving picture of a video, for a README or a chat: python docs/examples/animation.py out.mp4 moving.webp

Animated WebP, which browsers and GitHub show. A name that ends with .gif gives a GIF, five times as large.
"""

import sys
from pathlib import Path

from PIL import Image

from pytracking.video.frame_source import open_frames

path, out = sys.argv[1], Path(sys.argv[2])
WIDTH, RATE, LARGEST = 480, 10, 60  # pixels, pictures a second, pictures

source = open_frames(path)
step = max(1, round((source.fps or 25) / RATE))
pictures: list[Image.Image] = []
for number, frame in enumerate(source):
    if number % step == 0 and len(pictures) < LARGEST:
        picture = Image.fromarray(frame)
        picture.thumbnail((WIDTH, WIDTH))
        pictures.append(picture)
pictures[0].save(out, save_all=True, append_images=pictures[1:], duration=1000 // RATE, loop=0, quality=50, method=6)
print(f"{out}: {len(pictures)} pictures, {out.stat().st_size / 1e6:.2f} MB")
