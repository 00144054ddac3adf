import asyncio
import errno
import json
import logging
import shutil
import subprocess
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from aiohttp import ClientSession, WSMsgType, hdrs
from aiohttp.test_utils import TestClient, TestServer

from ltr.data.image_loader import encode_jpeg
from ltr.utils.errors import InputError
from pytracking.api.multi_tracker import MultiTracker
from pytracking.tracker.base.output import TrackOutput
from pytracking.video.frame_source import open_frames
from pytracking.visualization.boxes import PALETTE, Overlay
from pytracking.web import server, uploads
from pytracking.web.access import new_runner
from pytracking.web.assets import STATIC
from pytracking.web.protocol import picture_message
from pytracking.web.server import MAX_SESSIONS, STATE, Address, build_app, serve
from tests.fakes.trackers import FakeTracker
from tests.fakes.videos import numbered_frame, write_video

JPEG = encode_jpeg(numbered_frame(3))


class Page:
    """A page without a browser."""

    def __init__(self, client):
        self.client = client
        self.headers = {hdrs.ORIGIN: f"http://127.0.0.1:{client.port}"}

    async def __aenter__(self):
        self.socket = await self.client.ws_connect("/socket", headers=self.headers)
        return self

    async def __aexit__(self, *_):
        await self.socket.close()

    async def send(self, kind, **fields):
        await self.socket.send_str(json.dumps({"type": kind, **fields}))

    async def receive(self, kind):
        """The next text of this type, what comes before it passed over."""
        while True:
            message = await self.socket.receive(timeout=30)
            assert message.type in (WSMsgType.TEXT, WSMsgType.BINARY), message
            if message.type is WSMsgType.TEXT and json.loads(message.data)["type"] == kind:
                return json.loads(message.data)

    async def upload(self, session, data):
        response = await self.client.post(f"/video/{session}", data=data, headers=self.headers)
        return response.status, await response.text()


class Served(TestServer):
    """The application as it is served."""

    async def _make_runner(self, **options):
        return new_runner(self.app)


def run(scene):
    async def play():
        app = build_app(lambda: MultiTracker(FakeTracker()))
        async with TestClient(Served(app)) as client:
            await scene(client)
        assert app[STATE].sessions == {}
        assert app[STATE].sockets == set()

    asyncio.run(play())


def test_the_page_and_all_that_it_loads():
    async def scene(client):
        page = await (await client.get("/")).text()
        for name in ("main.js", "style.css", "icon.svg"):
            assert f"/static/{name}" in page
        for path in STATIC.iterdir():
            response = await client.get(f"/static/{path.name}")
            assert response.status == 200
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            if path.suffix == ".js":
                assert response.content_type in ("text/javascript", "application/javascript")
        odd = [
            f"/static/{name}"
            for name in ("../server.py", "%2e%2e/server.py", "%2e%2e%2fserver.py", "", "%00", "a" * 999)
        ]
        for outside in (*odd, "/video/x"):
            assert (await client.get(outside)).status in (403, 404, 405)

    run(scene)


def test_camera_pictures_are_followed():
    async def scene(client):
        async with Page(client) as page:
            hello = await page.receive("hello")
            assert hello["colours"] == [list(color) for color in PALETTE]
            await page.socket.send_bytes(picture_message(0, JPEG))
            assert (await page.receive("result"))["targets"] == []
            await page.send("add", frame=0, box=[10, 12, 20, 16])
            assert (await page.receive("added"))["id"] == 0
            await page.socket.send_bytes(picture_message(1, JPEG))
            await page.receive("result")
            result = await page.receive("result")
            assert (result["frame"], result["targets"][0]["score"]) == (1, 0.25)

    run(scene)


def test_an_uploaded_video_is_shown_and_gone_with_its_page(tmp_path):
    video = write_video(tmp_path / "a.mp4", frames=3).read_bytes()

    async def scene(client):
        async with Page(client) as page:
            session = (await page.receive("hello"))["session"]
            folder = client.app[STATE].sessions[session][1]
            for count in (3, 3):  # the second in the place of the first
                assert await page.upload(session, video) == (204, "")
                assert (await page.receive("video"))["frames"] == count
            assert len(list(folder.iterdir())) == 1
            assert await page.upload(session, b"#EXTM3U\n/etc/passwd") == (
                415,
                "that is not an MP4, MOV, WebM, MKV or AVI video",
            )
            assert (await page.upload(session, b"\x00\x00\x00\x20ftypisom" + b"x" * 99))[0] == 415
            assert len(list(folder.iterdir())) == 1
            await page.send("play")
            for number in range(3):
                assert (await page.receive("result"))["frame"] == number
                await page.send("seen", frame=number)
            await page.receive("ended")
        for _ in range(100):
            if not folder.exists():
                break
            await asyncio.sleep(0.05)
        assert not folder.exists()
        assert await page.upload(session, video) == (404, "that page is no longer connected")

    run(scene)


def test_the_annotated_video_of_a_page(tmp_path):
    video = write_video(tmp_path / "a.mp4", frames=3, height=240, width=320)
    whole = video.read_bytes()
    wanted = json.dumps({"names": {"0": "ball"}, "trail": 5})

    async def scene(client):
        async with Page(client) as page:
            session = (await page.receive("hello"))["session"]
            ask = partial(client.post, f"/annotated/{session}", headers=page.headers)
            response = await ask(data=wanted)
            assert (response.status, await response.text()) == (400, "there is no video")
            await page.upload(session, whole)
            await page.receive("result")
            await page.send("add", frame=0, box=[40, 50, 80, 90])
            await page.receive("added")
            for bad in ("", "[]", '{"names": {"x": "y"}, "trail": 1}', '{"names": {}, "trail": -1}'):
                assert (await ask(data=bad)).status == 400
            for _ in range(2):  # the second takes the place of the first
                response = await ask(data=wanted)
                url = (await response.json())["url"]
            assert (await page.receive("rendering"))["part"] == 0
            response = await client.get(url)
            assert response.headers[hdrs.CONTENT_DISPOSITION] == "attachment"
            (tmp_path / "annotated.mp4").write_bytes(await response.read())
            folder = client.app[STATE].sessions[session][1]
            assert len(list(folder.glob("*.mp4"))) == 1
            assert (await client.get(f"/annotated/{session}/none.mp4")).status == 404
            assert (await client.get("/annotated/none/none.mp4")).status == 404
            assert (await client.post("/annotated/none", headers=page.headers, data=wanted)).status == 404

    run(scene)
    before, after = list(open_frames(video)), list(open_frames(tmp_path / "annotated.mp4"))
    assert len(after) == len(before) == 3
    found = TrackOutput((40, 50, 80, 90), 1.0, "tracking")
    drawn = Overlay(names={0: "ball"}).draw(before[0], {0: found})
    place = (drawn != before[0]).any(axis=2)
    away = [np.abs(after[0].astype(int) - image)[place].mean() for image in (drawn, before[0])]
    assert away[0] < 0.5 * away[1]
    assert np.abs(after[1].astype(int) - before[1]).mean() < 3  # nothing was found there


def test_an_upload_that_is_too_large_is_not_read(monkeypatch):
    monkeypatch.setattr(server, "MAX_BYTES", 1000)
    monkeypatch.setattr(uploads, "MAX_BYTES", 1000)

    async def scene(client):
        async def pieces():  # without a length that is known before
            yield b"\x00\x00\x00\x20ftypisom"
            yield b"x" * 2000

        async with Page(client) as page:
            session = (await page.receive("hello"))["session"]
            for data in (b"x" * 2000, pieces()):
                status, text = await page.upload(session, data)
                assert status == 413
                assert "is larger than" in text

    run(scene)


def test_an_upload_that_stands_still_or_has_lost_its_page_is_ended(monkeypatch):
    monkeypatch.setattr(server, "PATIENCE", 0.2)
    head = b"\x00\x00\x00\x20ftypisom"

    async def scene(client):
        async def stalled():
            yield head
            await asyncio.Event().wait()

        async with Page(client) as page:
            session = (await page.receive("hello"))["session"]
            folder = client.app[STATE].sessions[session][1]
            assert await page.upload(session, stalled()) == (408, "the upload has stalled for 0.2 s")
            assert list(folder.iterdir()) == []

            async def orphaned():
                yield head
                await page.socket.close()
                while session in client.app[STATE].sessions:
                    await asyncio.sleep(0.01)
                yield b"x" * 1000
                yield b"x" * 1000

            assert await page.upload(session, orphaned()) == (404, "that page is no longer connected")

    run(scene)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_an_upload_of_another_encoding_than_it_says_is_no_video(caplog, encoding):
    async def scene(client):
        async with Page(client) as page:
            session = (await page.receive("hello"))["session"]
            page.headers |= {hdrs.CONTENT_ENCODING: encoding}
            compressed = b"\x1f\x8b" + b"x" * 1000
            assert await page.upload(session, compressed) == (415, f"that is not an {uploads.ACCEPTED} video")
            assert list(client.app[STATE].sessions[session][1].iterdir()) == []

    run(scene)
    assert caplog.text == ""


def test_a_full_disk_is_told(monkeypatch, caplog):
    async def full(chunks, path):
        raise uploads.NotStoredError("the server cannot store the video: No space left on device")

    def no_folder(**options):
        raise OSError(errno.ENOSPC, "No space left on device")

    async def scene(client):
        async with Page(client) as page:
            session = (await page.receive("hello"))["session"]
            monkeypatch.setattr(server, "store", full)
            status, text = await page.upload(session, b"x")
            assert (status, text) == (507, "the server cannot store the video: No space left on device")
        monkeypatch.setattr(server.tempfile, "TemporaryDirectory", no_folder)
        async with Page(client) as page:
            message = await page.socket.receive(timeout=30)
            assert (message.data, message.extra) == (1011, "the server's disk is full")

    with caplog.at_level(logging.ERROR):
        run(scene)
    assert caplog.text.count("No space left on device") == 2


def test_the_targets_of_a_page_are_gone_with_it():
    cleared = asyncio.Event()

    class Noted(MultiTracker):
        def clear(self):
            super().clear()
            loop.call_soon_threadsafe(cleared.set)

    async def play():
        nonlocal loop
        loop = asyncio.get_running_loop()
        async with TestClient(TestServer(build_app(lambda: Noted(FakeTracker())))) as client:
            async with Page(client) as page:
                await page.receive("hello")
            await asyncio.wait_for(cleared.wait(), 30)

    loop = None
    asyncio.run(play())


@pytest.mark.parametrize(
    ("data", "code"),
    [("nonsense", 1008), ('{"type": "add"}', 1008), (b"123", 1008), (b"x" * 1001, 1009)],
    ids=["no JSON", "no command", "no picture", "too large"],
)
def test_nonsense_ends_the_connection(monkeypatch, data, code):
    monkeypatch.setattr(server, "MAX_MESSAGE", 1000)

    async def scene(client):
        async with Page(client) as page:
            await page.receive("hello")
            await (page.socket.send_str if isinstance(data, str) else page.socket.send_bytes)(data)
            message = await page.socket.receive(timeout=30)
            assert message.type is WSMsgType.CLOSE
            assert page.socket.close_code == code
        async with Page(client) as page:  # others are served as before
            await page.receive("hello")

    run(scene)


def test_places_are_limited():
    async def scene(client):
        pages = [Page(client) for _ in range(MAX_SESSIONS)]
        for page in pages:
            await page.__aenter__()
            await page.receive("hello")
        async with Page(client) as late:
            message = await late.socket.receive(timeout=30)
            assert (message.data, message.extra) == (1013, "all places are taken: close another page")
        for page in pages:
            await page.__aexit__()

    run(scene)


def test_a_failure_is_logged_and_told(monkeypatch, caplog):
    monkeypatch.setattr("pytracking.web.session.decode_picture", lambda jpeg: 1 / 0)

    async def scene(client):
        async with Page(client) as page:
            await page.receive("hello")
            await page.socket.send_bytes(picture_message(0, JPEG))
            assert (await page.receive("error"))["message"] == "The server failed; its terminal says why."
            await page.socket.receive(timeout=30)
            assert page.socket.close_code == 1011

    with caplog.at_level(logging.ERROR):
        run(scene)
    assert "ZeroDivisionError" in caplog.text


def announced(address, visit=None):
    """The URL that a server announces; ``visit`` is called with it while the server works."""

    async def play():
        urls = asyncio.Queue()
        work = asyncio.create_task(serve(lambda: MultiTracker(FakeTracker()), address, urls.put_nowait))
        getting = asyncio.create_task(urls.get())
        done, _ = await asyncio.wait([work, getting], timeout=30, return_when=asyncio.FIRST_COMPLETED)
        if work in done:
            getting.cancel()
            work.result()
        if visit:
            await visit(getting.result())
        work.cancel()
        await asyncio.wait([work])
        return getting.result()

    return asyncio.run(play())


def test_addresses():
    assert announced(Address(port=0)).startswith("http://localhost:")
    assert "token" not in announced(Address("127.0.0.1", 0))
    first, second = (announced(Address("0.0.0.0", 0)).partition("?token=")[2] for _ in range(2))
    assert len(first) > 20
    assert first != second


def test_addresses_that_cannot_be_had(tmp_path):
    with pytest.raises(ValueError, match=r"--certificate .*none.pem, --key None: .*No such file"):
        announced(Address(port=0, certificate=Path("none.pem")))
    (tmp_path / "bad.pem").write_text("no certificate")
    with pytest.raises(ValueError, match=r"bad\.pem"):
        announced(Address(port=0, certificate=tmp_path / "bad.pem"))
    with pytest.raises(InputError, match=r"port 0 of 203\.0\.113\.1: .*; --port names another one"):
        announced(Address("203.0.113.1", 0))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_https(tmp_path):
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=here -keyout key.pem -out cert.pem"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)

    async def visit(url):
        async with ClientSession() as client, client.get(url, ssl=False) as response:
            assert "Follow anything" in await response.text()

    address = Address("127.0.0.1", 0, tmp_path / "cert.pem", tmp_path / "key.pem")
    assert announced(address, visit).startswith("https://127.0.0.1:")
