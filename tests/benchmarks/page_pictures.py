"""The pictures of the two pages in docs, of ``pytracking webcam --web`` and ``pytracking annotate``, on the demo clip.

    python tests/benchmarks/page_pictures.py docs/figures

Each is seen on a computer and on a phone, in headless Chromium, with the shipped network. The frames a second are those
of this machine, so it should do nothing else meanwhile.
"""

import io
import re
import sys
import tempfile
from itertools import islice
from pathlib import Path

from PIL import Image

from pytracking.api.builder import build_tracker
from pytracking.api.multi_tracker import MultiTracker
from pytracking.evaluation.datasets.demo import demo_sequence
from pytracking.tracker.base.config import TrackerConfig
from pytracking.video.writer import VideoWriter
from tests.fakes.browser import chromium, expect, write_camera
from tests.fakes.page_actions import DESKTOP, PHONE, SEEK, drag, wait_for_targets
from tests.fakes.pages import served, served_annotation

NUM_FRAMES = 120
KEYS = (0, 110)  # frames of which the truth is known
STONE = (0.66, 0.42, 0.94, 0.62)  # left, top, right, bottom in parts of the frame
HEIGHT, GAP = 720, 24  # pixels


def head(frame: int) -> tuple[float, float, float, float]:
    """The true box of the head in a frame: left, top, right, bottom in parts of the frame."""
    height, width = next(iter(demo_sequence().open())).shape[:2]
    x, y, w, h = demo_sequence().ground_truth[frame]
    return x / width, y / height, (x + w) / width, (y + h) / height


def follow(page) -> None:
    """The demo clip, half played; its head and a stone are followed."""
    page.click("#start-demo")
    expect(page.locator("#hint")).to_contain_text("Tap the dashed box")
    for count, box in enumerate((head(0), STONE), start=1):
        drag(page, *box)
        wait_for_targets(page, count)
    for row, name in zip(page.locator("#targets .name").all(), ("head", "stone"), strict=True):
        row.fill(name)
        row.press("Enter")
    page.click("#play")
    expect(page.locator("#place-in-video")).to_have_text(re.compile(r"^(4[5-9]|[5-9]\d|1\d\d) "))


def annotate(page) -> None:
    """The head in its key frames and between and after them, and a stone. A second page finds it done."""
    expect(page.locator("#place-in-video")).to_have_text(f"0 / {NUM_FRAMES - 1}")
    if not page.locator("#targets li").count():
        page.fill("#label", "head")
        for frame in KEYS:
            go(page, frame)
            drag(page, *head(frame))
            expect(page.locator("#targets .state")).to_have_text("Keyframe")
        page.click("#follow")
        page.keyboard.press("Escape")
        page.fill("#label", "stone")
        go(page, 20)
        drag(page, *STONE)
        wait_for_targets(page, 2)
        page.click("#follow")
    page.wait_for_timeout(1000)
    page.wait_for_selector("#busy", state="hidden", timeout=240_000)
    page.click("#targets li:first-child .select")
    go(page, 62)


def go(page, frame: int) -> None:
    page.evaluate(SEEK, frame)
    expect(page.locator("#place-in-video")).to_have_text(f"{frame} / {NUM_FRAMES - 1}")


def take(browser, scene, url: str, path: Path) -> None:
    """Write the pictures of a page on a computer and on a phone, side by side."""
    shots = []
    for shape in (DESKTOP, PHONE):
        page = browser.new_page(**shape)
        page.goto(url)
        page.wait_for_selector("#connection[data-state=open]")
        scene(page)
        shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        shots.append(shot.resize((shot.width * HEIGHT // shot.height, HEIGHT), Image.Resampling.LANCZOS))
        page.close()
    whole = Image.new("RGB", (sum(shot.width for shot in shots) + GAP, HEIGHT), "white")
    whole.paste(shots[0], (0, 0))
    whole.paste(shots[1], (shots[0].width + GAP, 0))
    whole.save(path, quality=85)
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB")


def main(out: Path) -> None:
    tracker = build_tracker(TrackerConfig())
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        with VideoWriter(clip, demo_sequence().open().fps or 25) as writer:
            for image in islice(demo_sequence().open(), NUM_FRAMES):
                writer.write(image)
        with (
            chromium(write_camera(Path(folder) / "camera.mjpeg")) as browser,
            served(lambda: MultiTracker(tracker)) as live,
            served_annotation(clip, tracker) as annotation,
        ):
            take(browser, follow, live, out / "webcam.jpg")
            take(browser, annotate, annotation, out / "annotation.jpg")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
