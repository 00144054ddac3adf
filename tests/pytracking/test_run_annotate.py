import asyncio

import pytest
from aiohttp import hdrs
from aiohttp.test_utils import TestClient, TestServer

from ltr.utils.errors import InputError
from pytracking.annotation import formats
from pytracking.annotation.model import AnnotatedBox, AnnotatedTrack, Annotations, VideoInfo
from pytracking.run_annotate import Arguments, open_annotations
from pytracking.video.frame_source import FrameSource, open_frames
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
    return open_annotations(Arguments(str(video), **options), open_frames(video))


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


def test_what_cannot_be_annotated(video, tmp_path):
    formats.write(Annotations((TRACK,), VideoInfo((64, 48), 99)), tmp_path / "other.json")
    with pytest.raises(InputError, match=r"other\.json: is of another video: frames 99, and 20"):
        begin(video, boxes=tmp_path / "other.json")
    with pytest.raises(InputError, match="not a live source"):
        open_annotations(Arguments("0"), FrameSource("camera 0", lambda: iter([]), live=True))


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
        source = open_frames(video)
        project, path = open_annotations(Arguments(str(video)), source)
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
