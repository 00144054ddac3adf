"""The server of run_webcam --web: the page, its WebSocket, and uploaded videos."""

import asyncio
import json
import logging
import secrets
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import WSCloseCode, WSMsgType, hdrs, web

from ltr.utils.errors import InputError
from pytracking.api.multi_tracker import MultiTracker
from pytracking.visualization.boxes import LOST_COLOR, PALETTE
from pytracking.web.access import guard, is_local, listen, new_runner
from pytracking.web.assets import asset_routes
from pytracking.web.downloads import CanceledError, parse_overlay, render
from pytracking.web.protocol import (
    ProtocolError,
    error_message,
    parse_command,
    parse_picture,
    rendering_message,
)
from pytracking.web.session import MAX_TARGETS, Session
from pytracking.web.uploads import (
    ACCEPTED,
    MAX_BYTES,
    NotStoredError,
    PageGoneError,
    StalledError,
    TooLargeError,
    UploadError,
    open_upload,
    store,
)

MAX_SESSIONS = 4  # concurrent pages, which share one worker
MAX_MESSAGE = 4 * 2**20  # bytes; a picture from our page has about 60 kB
HEARTBEAT = 10.0  # seconds; a page that does not answer within half of that is disconnected
PATIENCE = 15.0  # seconds until a stalled upload fails
CLOSING = 1.0  # seconds to wait for a page's answer when closing

log = logging.getLogger(__name__)


@dataclass
class ServerState:
    """State shared by all requests. sessions: of the open pages by secret name, each with its folder for a video."""

    new_targets: Callable[[], MultiTracker]
    worker: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "tracking"))
    sessions: dict[str, tuple[Session, Path]] = field(default_factory=dict)
    sockets: set[web.WebSocketResponse] = field(default_factory=set)


STATE = web.AppKey("state", ServerState)


def build_app(new_targets: Callable[[], MultiTracker], token: str | None = None) -> web.Application:
    """The application. new_targets: called once for each page. token: see :func:`~pytracking.web.access.guard`."""
    app = web.Application(middlewares=[guard(token)])
    app[STATE] = ServerState(new_targets)
    app.add_routes(
        [
            *asset_routes("index.html"),
            web.get("/socket", _socket),
            web.post("/video/{session}", _upload),
            web.post("/annotated/{session}", _annotate),
            web.get("/annotated/{session}/{name}", _download),
        ]
    )
    app.on_shutdown.append(_close_connections)
    app.on_cleanup.append(_stop_worker)
    return app


async def _close_connections(app: web.Application) -> None:
    message = b"the server was stopped"
    closing = [connection.close(code=WSCloseCode.GOING_AWAY, message=message) for connection in app[STATE].sockets]
    await asyncio.gather(*closing, return_exceptions=True)


async def _stop_worker(app: web.Application) -> None:
    app[STATE].worker.shutdown(wait=False, cancel_futures=True)


async def _socket(request: web.Request) -> web.StreamResponse:
    state = request.app[STATE]
    connection = web.WebSocketResponse(max_msg_size=MAX_MESSAGE, heartbeat=HEARTBEAT, timeout=CLOSING, compress=False)
    await connection.prepare(request)
    if len(state.sessions) >= MAX_SESSIONS:
        await connection.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"all places are taken: close another page")
        return connection
    try:
        folder = tempfile.TemporaryDirectory(prefix="ebm-tracking-", ignore_cleanup_errors=True)
    except OSError as error:
        log.error("no folder for a page's video: %s", error)
        await connection.close(code=WSCloseCode.INTERNAL_ERROR, message=b"the server's disk is full")
        return connection
    state.sockets.add(connection)
    try:
        with folder:
            async with _open_session(state, connection, Path(folder.name)) as session:
                await _listen(connection, session)
    finally:
        state.sockets.discard(connection)
    return connection


@asynccontextmanager
async def _open_session(state: ServerState, connection: web.WebSocketResponse, folder: Path) -> AsyncIterator[Session]:
    name = secrets.token_urlsafe(16)
    targets = state.new_targets()
    session = Session(targets, state.worker, connection)
    state.sessions[name] = (session, folder)
    work = asyncio.create_task(_run(session, connection))
    try:
        await connection.send_str(_hello(name))
        yield session
    finally:
        del state.sessions[name]
        work.cancel()
        state.worker.submit(targets.clear)
        await asyncio.wait([work])


def _hello(session: str) -> str:
    hello = {
        "type": "hello",
        "session": session,
        "colours": PALETTE,
        "lost_colour": LOST_COLOR,
        "max_targets": MAX_TARGETS,
        "max_bytes": MAX_BYTES,
        "accepted": ACCEPTED,
    }
    return json.dumps(hello)


async def _run(session: Session, connection: web.WebSocketResponse) -> None:
    """Run the session; if it fails, send its page an error."""
    try:
        await session.run()
    except ConnectionError:
        pass  # the page disconnected
    except Exception:
        log.exception("a page's session failed")
        with suppress(ConnectionError):
            await connection.send_str(error_message("The server failed; its terminal says why."))
            await connection.close(code=WSCloseCode.INTERNAL_ERROR)


async def _listen(connection: web.WebSocketResponse, session: Session) -> None:
    """Pass messages of the page to its session until it disconnects or sends an invalid one."""
    try:
        async for message in connection:
            if message.type is WSMsgType.BINARY:
                session.receive(parse_picture(message.data))
            elif message.type is WSMsgType.TEXT:
                session.receive(parse_command(message.data))
    except ProtocolError as error:
        log.warning("a page was disconnected: %s", error)
        await connection.close(code=WSCloseCode.POLICY_VIOLATION, message=str(error).encode()[:120])


async def _upload(request: web.Request) -> web.StreamResponse:
    """Take a video file as the body; answers 204, or the status and message of an UploadError."""
    state, name = request.app[STATE], request.match_info["session"]
    try:
        await _take_video(request, state, name)
    except UploadError as error:
        if error.status == NotStoredError.status:
            log.error("%s", error)
        return web.Response(status=error.status, text=str(error))
    return web.Response(status=204)


async def _take_video(request: web.Request, state: ServerState, name: str) -> None:
    """Store the body in the folder of session ``name``, and show it in place of the previous video."""
    session, folder = _session_of(state, name)
    if (request.content_length or 0) > MAX_BYTES:
        raise TooLargeError
    path = folder / secrets.token_hex(8)
    await store(_chunks(request, state, name), path)
    try:
        video = await asyncio.to_thread(open_upload, path)
    except UploadError:
        path.unlink(missing_ok=True)
        raise
    _session_of(state, name)
    for old in folder.iterdir():
        if old != path:
            old.unlink()
    session.receive(video)


async def _annotate(request: web.Request) -> web.StreamResponse:
    """Make the annotated video of a page; answers its address, or an error message."""
    state, name = request.app[STATE], request.match_info["session"]
    try:
        session, folder = _session_of(state, name)
        overlay = parse_overlay(await request.text())
        if session.video is None:
            raise InputError("there is no video")
        for old in folder.glob("*.mp4"):
            old.unlink()
        tasks = set[asyncio.Task]()

        def report(part: float) -> None:
            task = asyncio.create_task(session.send(rendering_message(part)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        def wanted() -> bool:
            return name in state.sessions and request.transport is not None

        path = await render(session.video.source, session.found(), overlay, folder, report, wanted)
    except CanceledError:
        return web.Response(status=499, text="canceled")
    except (InputError, UnicodeDecodeError) as error:
        return web.Response(status=getattr(error, "status", 400), text=str(error))
    except OSError as error:
        log.error("%s", error)
        return web.Response(status=NotStoredError.status, text="the server cannot store the video")
    return web.json_response({"url": f"/annotated/{name}/{path.name}"})


async def _download(request: web.Request) -> web.StreamResponse:
    state, name = request.app[STATE], request.match_info["session"]
    if name not in state.sessions:
        raise web.HTTPNotFound(text="that page is no longer connected")
    _, folder = state.sessions[name]
    wanted = request.match_info["name"]
    path = next((file for file in folder.glob("*.mp4") if file.name == wanted), None)
    if path is None:
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={hdrs.CONTENT_DISPOSITION: "attachment"})


def _session_of(state: ServerState, name: str) -> tuple[Session, Path]:
    if name not in state.sessions:
        raise PageGoneError("that page is no longer connected")
    return state.sessions[name]


async def _chunks(request: web.Request, state: ServerState, name: str) -> AsyncIterator[bytes]:
    """The body of an upload; raises if it stalls or its page disconnects."""
    chunks = aiter(request.content.iter_chunked(2**16))
    while True:
        try:
            chunk = await asyncio.wait_for(anext(chunks, b""), PATIENCE)
        except TimeoutError:
            raise StalledError(f"the upload has stalled for {PATIENCE:g} s") from None
        if not chunk:
            return
        _session_of(state, name)
        yield chunk


@dataclass(frozen=True)
class Address:
    """Where to listen. certificate, key: PEM files for https; port 0: any free port."""

    host: str = "localhost"
    port: int = 8000
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext | None:
        """The TLS context, None without a certificate."""
        if self.certificate is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise InputError(f"--certificate {self.certificate}, --key {self.key}: {error}") from None
        return context


async def serve(new_targets: Callable[[], MultiTracker], address: Address, announce: Callable[[str], object]) -> None:
    """Serve until canceled. announce: called with the URL, including the token if any, when the server is ready."""
    token = None if is_local(address.host) else secrets.token_urlsafe(16)
    context = address.context()
    runner = new_runner(build_app(new_targets, token))
    await runner.setup()
    try:
        await listen(runner, address.host, address.port, context)
        host = socket.gethostname() if address.host in ("0.0.0.0", "::") else address.host
        host = f"[{host}]" if ":" in host else host
        url = f"{'https' if context else 'http'}://{host}:{runner.addresses[0][1]}/"
        announce(f"{url}?token={token}" if token else url)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
