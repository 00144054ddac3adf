"""The server of pytracking annotate: the page, frames, edits, events, and files of other formats."""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from aiohttp import hdrs, web

from ltr.utils.errors import InputError
from pytracking.annotation.formats import FORMATS, write
from pytracking.visualization.boxes import LOST_COLOR, PALETTE
from pytracking.web.access import guard, listen, new_runner
from pytracking.web.annotation_protocol import parse_edit
from pytracking.web.annotation_session import AnnotationSession
from pytracking.web.assets import asset_routes
from pytracking.web.frame_store import FrameStore

HOST = "127.0.0.1"
KEEP_ALIVE = 10.0  # seconds between events, so that a page that has gone is noticed

SESSION = web.AppKey("session", AnnotationSession)
FRAMES = web.AppKey("frames", FrameStore)


def build_app(session: AnnotationSession, frames: FrameStore) -> web.Application:
    """The application for one video."""
    app = web.Application(middlewares=[guard(None)])
    app[SESSION], app[FRAMES] = session, frames
    app.add_routes(
        [
            *asset_routes("annotate.html"),
            web.get("/video", _video),
            web.get("/frame/{number}", _frame),
            web.get("/events", _events),
            web.post("/edit", _edit),
            web.get("/export/{format}", _export),
        ]
    )
    return app


async def serve(
    new_session: Callable[[ThreadPoolExecutor], AnnotationSession],
    frames: FrameStore,
    port: int,
    announce: Callable[[str], object],
) -> None:
    """Serve on this machine until canceled; then, the annotations are saved. announce: called with the URL."""
    with ThreadPoolExecutor(1, "tracking") as worker:
        session = new_session(worker)
        runner = new_runner(build_app(session, frames))
        await runner.setup()
        try:
            await listen(runner, HOST, port)
            announce(f"http://{HOST}:{runner.addresses[0][1]}/")
            await session.run()
        finally:
            await runner.cleanup()


async def _video(request: web.Request) -> web.StreamResponse:
    session = request.app[SESSION]
    video = session.project.annotations.video
    formats = {name: known.what for name, known in FORMATS.items()}
    about = {
        "id": os.path.abspath(video.source),
        "size": video.size,
        "frames": video.num_frames,
        "fps": video.fps,
        "source": Path(video.source).name,
    }
    colors = {"colours": PALETTE, "lost_colour": LOST_COLOR}
    return web.json_response({**about, **colors, "formats": formats})


async def _frame(request: web.Request) -> web.StreamResponse:
    try:
        jpeg = await asyncio.to_thread(request.app[FRAMES].jpeg, int(request.match_info["number"]))
    except ValueError as error:  # InputError is one
        return web.Response(status=404, text=str(error))
    return web.Response(body=jpeg, content_type="image/jpeg")


async def _events(request: web.Request) -> web.StreamResponse:
    """The state after each change, as server-sent events; at first, all of it."""
    response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "text/event-stream"})
    await response.prepare(request)
    session, sent = request.app[SESSION], {}  # type: ignore[var-annotated]
    with suppress(ConnectionError):
        while True:
            change = session.next_change  # before the state, so that none is missed
            await response.write(f"data: {json.dumps(session.state(sent))}\n\n".encode())
            with suppress(TimeoutError):  # then, the same again
                await asyncio.wait_for(change.wait(), KEEP_ALIVE)
    return response


async def _edit(request: web.Request) -> web.StreamResponse:
    try:
        target = request.app[SESSION].edit(parse_edit(await request.text()))
    except (InputError, UnicodeDecodeError) as error:
        return web.Response(status=400, text=str(error))
    return web.json_response({"target": target})


async def _export(request: web.Request) -> web.StreamResponse:
    """The annotations in a format; a folder as a zip file."""
    session, name = request.app[SESSION], request.match_info["format"]
    if name not in FORMATS:
        raise web.HTTPNotFound(text=f"no format {name!r}; there are {', '.join(FORMATS)}")
    try:
        content, suffix = await asyncio.to_thread(partial(exported, session, name))
    except InputError as error:
        return web.Response(status=400, text=str(error))
    stem = session.path.name.partition(".")[0]
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{_plain(stem)}-{name}{suffix}"'}
    return web.Response(body=content, content_type="application/octet-stream", headers=headers)


def _plain(name: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in "-_") else "_" for char in name)


def exported(session: AnnotationSession, name: str) -> tuple[bytes, str]:
    """The file of format ``name``, and its suffix; a folder as a zip file."""
    known = FORMATS[name]
    with tempfile.TemporaryDirectory(prefix="ebm-tracking-") as folder:
        suffix = "" if known.folder else known.suffix or ".json"
        path = Path(folder) / f"annotations{suffix}"
        write(session.project.annotations, path, name)
        if known.folder:
            return Path(shutil.make_archive(str(Path(folder) / "packed"), "zip", path)).read_bytes(), ".zip"
        return path.read_bytes(), suffix
