import asyncio
import socket
from pathlib import Path

import cv2
import numpy as np
import pytest
from aiohttp import hdrs, web
from aiohttp.test_utils import TestClient, TestServer

from ltr.utils.errors import InputError
from pytracking.annotation import formats
from pytracking.annotation.model import AnnotatedBox, AnnotatedTrack, Annotations, VideoInfo
from pytracking.pipeline.propagation import follow_on
from pytracking.run_annotate import Arguments, open_annotations, open_source
from pytracking.video.frame_source import FrameSource, open_frames
from pytracking.web.access import listen, new_runner
from pytracking.web.annotation_server import build_app
from pytracking.web.annotation_session import AnnotationSession
from pytracking.web.frame_store import FrameStore
from pytracking.web.pictures import decode_picture
from tests.fakes.drifting import DriftingTracker
from tests.fakes.videos import number_of, numbered_frame, write_video

TRACK = AnnotatedTrack(2, "ball", {3: AnnotatedBox((1, 2, 9, 9))})
VIDEO = VideoInfo((64, 48), 20)


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "clip.mp4", frames=20)


def begin(video, **options):
    arguments = Arguments(str(video), **options)
    return open_annotations(arguments, *open_source(arguments))


def test_a_new_project_and_one_with_boxes_of_another_tool(video, tmp_path):
    project, path = begin(video)
    assert (project.annotations.tracks, path) == ((), tmp_path / "clip.mp4.annotations.json")
    assert not path.exists()  # nothing is written before the first change
    formats.write(Annotations((TRACK,), VIDEO), tmp_path / "boxes.xml", "cvat")
    project, path = begin(video, boxes=tmp_path / "boxes.xml", out=tmp_path / "new" / "p.json")
    assert project.annotations.labels == ["ball"]
    assert project.annotations.video.source == str(video)


def test_nothing_of_the_user_is_overwritten(video, tmp_path):
    formats.write(Annotations((TRACK,), VIDEO), tmp_path / "boxes.json")
    with pytest.raises(InputError, match=r"boxes\.json: is there already, and no project"):
        begin(video, out=tmp_path / "boxes.json")
    with pytest.raises(InputError, match=r"clip\.mp4"):
        begin(video, out=video)
    with pytest.raises(InputError, match=r"--out .* is a folder"):
        begin(video, out=tmp_path)
    with pytest.raises(InputError, match=r"/dev/zero: is a pipe or device; expected a file"):
        begin(video, out=Path("/dev/zero"))


@pytest.mark.parametrize("port", [70000, -1])
def test_a_port_that_there_is_not(port, video):
    with pytest.raises(InputError, match=rf"port {port} of 127\.0\.0\.1: .*; --port names another one, 0 any"):
        asyncio.run(listen_on(port))


def test_a_port_that_is_taken():
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(InputError, match="address already in use; --port names another one"),
    ):
        asyncio.run(listen_on(taken.getsockname()[1]))


async def listen_on(port):
    runner = new_runner(web.Application())
    await runner.setup()
    try:
        await listen(runner, "127.0.0.1", port)
    finally:
        await runner.cleanup()


def test_what_cannot_be_annotated(video, tmp_path):
    formats.write(Annotations((TRACK,), VideoInfo((64, 48), 99)), tmp_path / "other.json")
    with pytest.raises(InputError, match=r"other\.json: is of another video: frames 99, and 20"):
        begin(video, boxes=tmp_path / "other.json")
    with pytest.raises(InputError, match="not a live source"):
        open_source(Arguments("0"))
    far = AnnotatedTrack(2, "ball", {3: AnnotatedBox((200, 2, 9, 9))})
    formats.write(Annotations((far,)), tmp_path / "far.json")
    with pytest.raises(InputError, match=r"far\.json: is of another video: target 2 begins in frame 3 at \(200, "):
        begin(video, boxes=tmp_path / "far.json")


def test_images_of_another_size_are_told(tmp_path):
    for number, size in enumerate([(64, 48), (64, 48), (48, 64)]):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.zeros((size[1], size[0], 3), np.uint8))
    source, video = open_source(Arguments(str(tmp_path)))
    assert (video.size, video.num_frames) == ((64, 48), 3)
    store = FrameStore(source)
    store.jpeg(1)
    with pytest.raises(InputError, match=r"frame 2 cannot be read .* has 48 x 64 pixels, not 64 x 48"):
        store.jpeg(2)
    with pytest.raises(InputError, match="has 48 x 64 pixels, not 64 x 48 as the first one"):
        list(follow_on(source, DriftingTracker(), 0, (1, 2, 9, 9), 2))


def test_frames_by_number(video):
    store = FrameStore(open_frames(video))
    for number in (0, 7, 3, 19, 18, 0):
        assert number_of(decode_picture(store.jpeg(number))) == number
    with pytest.raises(InputError, match="no frame 20; the video has 20"):
        store.jpeg(20)
    short = FrameStore(FrameSource("short", lambda: iter([numbered_frame(0)]), 5))
    with pytest.raises(InputError, match="frame 3 cannot be read"):
        short.jpeg(3)


def test_requests(video, tmp_path):
    async def play():
        source, about = open_source(Arguments(str(video)))
        project, path = open_annotations(Arguments(str(video)), source, about)
        session = AnnotationSession(project, source, DriftingTracker(), path, None)
        async with TestClient(TestServer(build_app(session, FrameStore(source)))) as client:
            headers = {hdrs.ORIGIN: f"http://127.0.0.1:{client.port}"}
            about = await (await client.get("/video")).json()
            assert (about["size"], about["frames"], about["source"]) == ([64, 48], 20, "clip.mp4")
            assert set(about["formats"]) == set(formats.FORMATS)
            for place in ("/frame/20", "/frame/x", "/export/nothing"):
                assert (await client.get(place)).status == 404
            draw = '{"type": "draw", "target": null, "label": "a", "frame": 1, "box": [1, 2, 9, 9]}'
            assert (await client.post("/edit", data=draw)).status == 403  # of another site
            assert await (await client.post("/edit", data=draw, headers=headers)).json() == {"target": 0}
            bad = await client.post("/edit", data="{}", headers=headers)
            assert (bad.status, await bad.text()) == (400, "not an edit: '{}'")
            for name, known in formats.FORMATS.items():
                response = await client.get(f"/export/{name}")
                assert response.status == 200, await response.text()
                suffix = ".zip" if known.folder else known.suffix or ".json"
                assert f'filename="clip-{name}{suffix}"' in response.headers[hdrs.CONTENT_DISPOSITION]
                assert len(await response.read()) > 0

    asyncio.run(play())
