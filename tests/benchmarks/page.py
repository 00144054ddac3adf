"""Frames a second on the page of run_webcam --web, with the shipped network.

    python tests/benchmarks/page.py

The camera of headless Chromium plays the demo clip, 640 px wide; the demo's target is drawn by mouse, once, twice
and four times.
Prints one Markdown row per number of targets: answered pictures a second, the median time from sending a picture to
its answer, the median time of the tracker alone, the part of all time that the tracker was at work (the rest is
JPEG, network, drawing, and the browser's share of a busy processor); and, for comparison, the frames a second and the
median time of ``MultiTracker.track`` on the same pictures without a page, measured before and after it.
"""

import json
import tempfile
import time
from itertools import islice
from pathlib import Path
from statistics import median

import cv2

from ltr.data.image_loader import encode_jpeg
from pytracking.api.builder import build_tracker
from pytracking.api.multi_tracker import MultiTracker
from pytracking.api.tracker import Tracker
from pytracking.evaluation.datasets.demo import demo_sequence
from pytracking.tracker.base.config import TrackerConfig
from pytracking.video.frame_source import Image
from tests.fakes.browser import chromium
from tests.fakes.pages import served

WIDTH, SECONDS = 640, 20.0


def write_clip(path: Path) -> tuple[tuple[float, float, float, float], list[Image]]:
    """The demo clip as a camera's file; left, top, right and bottom of its first box in parts of the picture, and the
    pictures."""
    sequence, pictures = demo_sequence(), []
    with path.open("wb") as file:
        for image in islice(sequence.open(), 120):
            height, width = image.shape[:2]
            size = (WIDTH, height * WIDTH // width // 2 * 2)
            pictures.append(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
            file.write(encode_jpeg(pictures[-1]))
    x, y, w, h = sequence.first_box
    return (x / width, y / height, (x + w) / width, (y + h) / height), pictures


def measure_api(
    tracker: Tracker, pictures: list[Image], corners: tuple[float, float, float, float], targets: int
) -> list[float]:
    """Seconds of each frame through the API."""
    height, width = pictures[0].shape[:2]
    left, top, right, bottom = corners
    box = (left * width, top * height, (right - left) * width, (bottom - top) * height)
    followed, seconds = MultiTracker(tracker), []
    for _ in range(targets):
        followed.add(pictures[0], box)
    for picture in pictures[1:]:
        begin = time.perf_counter()
        followed.track(picture)
        seconds.append(time.perf_counter() - begin)
    return seconds


def measure(browser, url: str, corners: tuple[float, float, float, float], targets: int) -> str:
    """One row of the table."""
    page = browser.new_page()
    sent: dict[int, float] = {}
    answers: list[tuple[float, float]] = []  # seconds: round trip, tracker

    def told(text: str | bytes) -> None:
        message = json.loads(text) if isinstance(text, str) else {}
        if message.get("type") == "result" and len(message["targets"]) == targets and message["frame"] in sent:
            answers.append((time.perf_counter() - sent.pop(message["frame"]), message["seconds"]))

    def said(data: str | bytes) -> None:
        if isinstance(data, bytes):
            sent[int.from_bytes(data[:4], "big")] = time.perf_counter()

    page.on("websocket", lambda socket: (socket.on("framesent", said), socket.on("framereceived", told)))
    page.goto(url)
    page.click("#start-camera")
    page.wait_for_timeout(1500)
    for _ in range(targets):
        place = page.locator("#overlay").bounding_box()
        for action, x, y in (("down", *corners[:2]), ("up", *corners[2:])):
            page.mouse.move(place["x"] + x * place["width"], place["y"] + y * place["height"])
            getattr(page.mouse, action)()
        page.wait_for_timeout(4000)
    answers.clear()
    page.wait_for_timeout(1000 * SECONDS)
    trips, tracker = zip(*answers, strict=True)
    page.close()
    rate, alone = len(answers) / SECONDS, sum(tracker) / SECONDS
    return f"| {targets} | {rate:.1f} | {1000 * median(trips):.0f} | {1000 * median(tracker):.0f} | {100 * alone:.0f} %"


def main() -> None:
    tracker = build_tracker(TrackerConfig())
    with tempfile.TemporaryDirectory() as folder, served(lambda: MultiTracker(tracker)) as url:
        camera = Path(folder) / "camera.mjpeg"
        corners, pictures = write_clip(camera)
        with chromium(camera) as browser:
            print("| targets | frames a second | round trip, ms | tracker, ms | at work | API, frames a second | ms |")
            print("|--:|--:|--:|--:|--:|--:|--:|")
            for targets in (1, 2, 4):
                alone = measure_api(tracker, pictures, corners, targets)
                row = measure(browser, url, corners, targets)
                alone += measure_api(tracker, pictures, corners, targets)
                print(f"{row} | {len(alone) / sum(alone):.1f} | {1000 * median(alone):.0f} |", flush=True)


if __name__ == "__main__":
    main()
