import base64
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections import deque
from contextlib import contextmanager
from itertools import repeat
from urllib.parse import urlsplit

import pytest

from pytracking import run_webcam
from pytracking.api.multi_tracker import MultiTracker
from pytracking.run_webcam import follow_live
from pytracking.ui.window import STRIP, BoxDrawing
from pytracking.video.frame_source import FrameSource
from pytracking.video.writer import VideoWriter
from pytracking.visualization.boxes import PALETTE
from tests.fakes.display import find_window, virtual_display, xdotool
from tests.fakes.trackers import FakeTracker
from tests.fakes.videos import numbered_frame

BOX = (10.0, 12.0, 20.0, 16.0)


class ScriptedWindow:
    """A window whose user does one thing a frame: a key, or a box."""

    def __init__(self, *script):
        self.drawing = BoxDrawing()
        self.script, self.shown, self.told = deque(script), [], []

    def show(self, image, top, bottom):
        self.shown.append(image)
        self.told.append(top)

    def key(self):
        action = self.script.popleft() if self.script else "q"
        if isinstance(action, tuple):
            self.drawing._done = action
            return ""
        return action


def follow(*script):
    """Targets and window after ``script``."""
    targets, window = MultiTracker(FakeTracker()), ScriptedWindow(*script)
    endless = FrameSource("made", lambda: repeat(numbered_frame(9)))
    assert follow_live(endless, targets, window) == 0
    return targets, window


def test_targets_come_and_go():
    assert follow("")[0].ids == []
    targets, window = follow(BOX, BOX, "")
    assert targets.ids == [0, 1]
    assert window.told[0] == "draw a box around what to follow"
    assert window.told[-1].endswith(" FPS tracking")
    assert follow(BOX, BOX, "d")[0].ids == [0]
    assert follow(BOX, "d", "d")[0].ids == []
    assert follow(BOX, BOX, "r", "")[0].ids == []


@pytest.mark.parametrize("key", ["q", "esc", "closed"])
def test_ways_out(key):
    _, window = follow("", key, "r")
    assert len(window.shown) == 2


def test_the_picture_stands_still_while_a_box_is_drawn():
    images = iter([numbered_frame(i) for i in range(20)])
    targets, window = MultiTracker(FakeTracker()), ScriptedWindow()
    states = iter([(1, 1, 0, 0), (1, 1, 5, 5), None])
    window.key = lambda: setattr(window.drawing, "selection", next(states, None)) or ""
    follow_live(FrameSource("made", lambda: images, None), targets, window)
    assert (window.shown[0] == window.shown[1]).all()
    assert (window.shown[1] == window.shown[2]).all()


def test_a_source_that_ends_ends_it(capsys):
    source = FrameSource("made", lambda: iter([numbered_frame(1)]))
    window = ScriptedWindow("", "", "")
    assert follow_live(source, MultiTracker(FakeTracker()), window) == 0
    assert len(window.shown) == 1
    assert capsys.readouterr().out == "made: has ended\n"


def test_without_a_display_the_page_is_offered(monkeypatch, capsys):
    monkeypatch.setattr("pytracking.ui.window.sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    assert run_webcam.main([]) == 1
    assert "DISPLAY is not set); --web serves a page instead" in capsys.readouterr().err


def test_without_the_extra_it_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pytracking.web.server", None)
    monkeypatch.setitem(sys.modules, "pytracking.web", None)
    assert run_webcam.main(["--web"]) == 1
    assert "pip install 'aiohttp" in capsys.readouterr().err


@contextmanager
def connected(url):
    """A page that has opened its WebSocket, and answers nothing."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        request = ["GET /socket HTTP/1.1", f"Host: {place.netloc}", f"Origin: http://{place.netloc}"]
        request += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        request += [f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}", "", ""]
        connection.sendall("\r\n".join(request).encode())
        received = b""
        while b'"hello"' not in received:
            received += connection.recv(65536)
        yield


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_page_is_served_until_it_is_stopped(repository, tmp_path, number):
    command = [sys.executable, "pytracking/run_webcam.py", "--web", "--port", "0", "--device", "cpu"]
    environment = {**os.environ, "PYTHONPATH": str(repository), "PYTHONUNBUFFERED": "1", "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=repository, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline()
            url = line.split()[1]
            assert line == f"open {url}   (Ctrl-C ends it)\n"
            with urllib.request.urlopen(url, timeout=10) as page:
                assert b"Follow anything" in page.read()
            with connected(url):
                assert len(list(tmp_path.glob("ebm-tracking-*"))) == 1
                server.send_signal(number)
                assert server.stdout.read() == "\nstopped\n"
                assert server.wait(10) == 0
            assert list(tmp_path.glob("ebm-tracking-*")) == []
        finally:
            server.kill()


def test_what_is_announced(capsys):
    run_webcam.announce("http://localhost:8000/")
    run_webcam.announce("http://laptop:8000/?token=x")
    run_webcam.announce("https://laptop:8000/?token=x")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert "neither https nor localhost" in lines[2]


WINDOW_PROGRAM = """
import json, sys
from pytracking import run_webcam
from pytracking.api import multi_tracker
from tests.fakes.trackers import FakeTracker

class Told(multi_tracker.MultiTracker):
    def add(self, frame, box):
        print(json.dumps(["add", *box]), flush=True)
        return super().add(frame, box)
    def remove(self, target_id):
        print(json.dumps(["remove", target_id]), flush=True)
        super().remove(target_id)
    def clear(self):
        print(json.dumps(["clear"]), flush=True)
        super().clear()

run_webcam.MultiTracker = Told
run_webcam.build_tracker = lambda arguments: FakeTracker()
sys.exit(run_webcam.main(["--camera", sys.argv[1]]))
"""


def test_a_real_window(repository, tmp_path):
    """Under a virtual display, with a mouse and keys that xdotool moves; the camera is a file."""
    with VideoWriter(tmp_path / "camera.mp4", 15) as writer:
        for _ in range(600):
            writer.write(numbered_frame(9, 240, 320))
    with virtual_display() as display:
        environment = {**os.environ, "DISPLAY": display, "PYTHONPATH": str(repository)}
        command = [sys.executable, "-c", WINDOW_PROGRAM, str(tmp_path / "camera.mp4")]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as program:
            window = find_window(display, run_webcam.TITLE, f"320x{240 + 2 * STRIP}")

            def drag(x0, y0, x1, y1):
                for index, (x, y) in enumerate([(x0, y0), ((x0 + x1) // 2, (y0 + y1) // 2), (x1, y1)]):
                    xdotool(display, "mousemove", "--window", window, str(x), str(y + STRIP))
                    if index == 0:
                        xdotool(display, "mousedown", "1")
                xdotool(display, "mouseup", "1")
                return json.loads(program.stdout.readline())

            assert drag(100, 60, 180, 160) == ["add", 100, 60, 80, 100]
            assert drag(260, 200, 200, 140) == ["add", 200, 140, 60, 60]
            xdotool(display, "windowfocus", "--sync", window)
            xdotool(display, "key", "d")
            assert json.loads(program.stdout.readline()) == ["remove", 1]
            xdotool(display, "key", "r")
            assert json.loads(program.stdout.readline()) == ["clear"]
            xdotool(display, "key", "q")
            assert program.wait(20) == 0


def test_targets_are_drawn_in_their_colors():
    _, window = follow(BOX, "", "")
    assert any((image == PALETTE[0]).all(axis=2).any() for image in window.shown[1:])
    assert not (window.shown[0] == PALETTE[0]).all(axis=2).any()
