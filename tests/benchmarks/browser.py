"""Frames a second of the tracker in the browser, with the shipped network.

    python tests/benchmarks/browser.py

The demo clip, 640 px wide, in headless Chromium. Prints one Markdown row per number of targets: seconds that a first
box takes, and frames a second by the median time of a frame, pictures decoded.
"""

import json
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from statistics import median

import cv2

from ltr.data.image_loader import encode_jpeg
from pytracking.evaluation.datasets.demo import demo_sequence
from pytracking.export.web_folder import onnxruntime_web, write_web
from pytracking.parameter.dimp.base import NETWORKS
from tests.fakes.browser import chromium, write_camera

WIDTH, FRAMES = 640, 60

MEASURE = """async ([frames, boxes]) => {
  const { Tracker } = await import("/tracker.js");
  let where;
  const tracker = await new Promise((resolve, reject) => {
    const made = new Tracker({ loading() {}, ready(text) { where = text; resolve(made); }, failed: reject });
  });
  const picture = async (i) => createImageBitmap(await (await fetch(`/clip/${i}.jpg`)).blob());
  const first = [], times = [];
  for (const [id, box] of boxes.entries()) first.push((await tracker.add(await picture(0), id, box)).seconds);
  for (let i = 1; i < frames; i++) times.push((await tracker.track(await picture(i), [...boxes.keys()])).seconds);
  return JSON.stringify({ where, first, times });
}"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def write_clip(folder: Path) -> tuple[float, float, float, float]:
    """The frames as 0.jpg, 1.jpg, ...; the first box."""
    sequence = demo_sequence()
    for number, image in enumerate(islice(sequence.open(), FRAMES)):
        height, width = image.shape[:2]
        size = (WIDTH, height * WIDTH // width)
        (folder / f"{number}.jpg").write_bytes(encode_jpeg(cv2.resize(image, size, interpolation=cv2.INTER_AREA)))
    x, y, w, h = (side * WIDTH / width for side in sequence.first_box)
    return x, y, w, h


def main() -> None:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory() as temporary, chromium(write_camera(Path(temporary, "camera.mjpeg"))) as browser:
        web = Path(temporary, "web")
        with onnxruntime_web(None) as runtime:
            write_web(NETWORKS / "dimp_ncep_mobile", web, runtime)
        (web / "clip").mkdir()
        box = write_clip(web / "clip")
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=web))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print("| targets | runs on | first box, s | frames a second |\n|--:|---|--:|--:|")
        for targets in (1, 2):
            page = browser.new_page()
            page.set_default_timeout(300_000)
            page.goto(f"http://127.0.0.1:{server.server_port}/")
            page.wait_for_selector("#connection[data-state=open]")
            found = json.loads(page.evaluate(MEASURE, [FRAMES, [box] * targets]))
            rate = 1 / median(found["times"])
            print(f"| {targets} | {found['where']} | {median(found['first']):.2f} | {rate:.1f} |", flush=True)
            page.close()
        server.shutdown()


if __name__ == "__main__":
    main()
