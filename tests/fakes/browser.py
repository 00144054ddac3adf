"""Headless Chromium with a camera that is a file, for the tests of the page."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ltr.data.image_loader import encode_jpeg
from tests.fakes.videos import numbered_frame

playwright = pytest.importorskip("playwright.sync_api")  # skips the tests that import this, visibly
expect = playwright.expect
expect.set_options(timeout=30_000)  # ms, for busy machines

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = """
    --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync
    --use-fake-device-for-media-stream --use-fake-ui-for-media-stream
"""


def write_camera(path: Path, frames: int = 10, height: int = 240, width: int = 320) -> Path:
    """A file for --use-file-for-fake-video-capture, which Chromium plays again and again."""
    path.write_bytes(b"".join(encode_jpeg(numbered_frame(1 + i, height, width)) for i in range(frames)))
    return path


@contextmanager
def chromium(camera: Path) -> Iterator:
    """A Playwright browser; the test is skipped, visibly, where there is no Chromium.

    camera: an .mjpeg file.
    """
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("needs Chromium (Debian: apt install chromium)")
    flags = [*FLAGS.split(), f"--use-file-for-fake-video-capture={camera}"]
    with playwright.sync_playwright() as session:
        browser = session.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()
