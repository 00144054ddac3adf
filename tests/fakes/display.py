"""A virtual display, for tests of windows."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

SIZE = "800x600x24"


@contextmanager
def virtual_display() -> Iterator[str]:
    """The name of a display of its own (":97"); the test is skipped, visibly, without Xvfb and xdotool."""
    missing = [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)} (Debian: apt install xvfb xdotool)")
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", SIZE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert server.stdout is not None
    try:
        yield f":{server.stdout.readline().strip()}"
    finally:
        server.terminate()
        server.wait(10)
        server.stdout.close()


def xdotool(display: str, *arguments: str) -> str:
    """Run xdotool on a display; what it prints."""
    return subprocess.run(
        ["xdotool", *arguments], env={"DISPLAY": display}, capture_output=True, text=True, check=True, timeout=20
    ).stdout.strip()


def find_window(display: str, title: str, size: str, seconds: float = 120.0) -> str:
    """The X id of the window called ``title``, once it is there and of ``size`` ("320x240")."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            window = xdotool(display, "search", "--onlyvisible", "--name", f"^{title}$")
            if f"Geometry: {size}" in xdotool(display, "getwindowgeometry", window):
                return window
        except subprocess.CalledProcessError:
            pass  # not there yet
        time.sleep(0.1)
    raise AssertionError(f"no window {title!r} of {size} after {seconds} s")
