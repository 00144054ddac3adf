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

from aiohttp import WSCloseCode, WSMsgType, web

from ltr.utils.errors import InputError
from pytracking.api.multi_tracker import MultiTracker
from pytracking.visualization.boxes import LOST_COLOUR, PALETTE
from pytracking.web.access import guard, is_local, new_runner
from pytracking.web.assets import asset_routes
from pytracking.web.protocol import ProtocolError, error_message, parse_command, parse_picture
from pytracking.web.session import MAX_TARGETS, Session
from pytracking.web.uploads import (
    ACCEPTED,
    MAX_BYTES,
    NotStoredError,
    PageGoneError,
    StalledError,
    TooLargeError,
    UploadError,
    open_film,
    store,
)

MAX_SESSIONS = 4  # pages at once; they take turns
MAX_MESSAGE = 4 * 2**20  # bytes; a picture of a page of ours has about 60 kB
HEARTBEAT = 10.0  # seconds; a page that does not answer within half of that is gone
PATIENCE = 15.0  # seconds that an upload may stand still
CLOSING = 1.0  # seconds that a page has to answer when the connection is ended

log = logging.getLogger(__name__)


@dataclass
class Desk:
    """What all requests share. sessions: the open pages by their secret names, each with its folder for a video."""

    new_targets: Callable[[], MultiTracker]
    worker: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "tracking"))
    sessions: dict[str, tuple[Session, Path]] = field(default_factory=dict)
    sockets: set[web.WebSocketResponse] = field(default_factory=set)


DESK = web.AppKey("desk", Desk)


def build_app(new_targets: Callable[[], MultiTracker], token: str | None = None) -> web.Application:
    """The application. new_targets: called once for each page. token: see :func:`~pytracking.web.access.guard`."""
    app = web.Application(middlewares=[guard(token)])
    app[DESK] = Desk(new_targets)
    app.add_routes(
        [
            *asset_routes("index.html"),
            web.get("/socket", _socket),
            web.post("/video/{session}", _upload),
        ]
    )
    app.on_shutdown.append(_hang_up)
    app.on_cleanup.append(_stop_worker)
    return app


async def _hang_up(app: web.Application) -> None:
    message = b"the server was stopped"
    closing = [connection.close(code=WSCloseCode.GOING_AWAY, message=message) for connection in app[DESK].sockets]
    await asyncio.gather(*closing, return_exceptions=True)


async def _stop_worker(app: web.Application) -> None:
    app[DESK].worker.shutdown(wait=False, cancel_futures=True)


async def _socket(request: web.Request) -> web.StreamResponse:
    desk = request.app[DESK]
    connection = web.WebSocketResponse(max_msg_size=MAX_MESSAGE, heartbeat=HEARTBEAT, timeout=CLOSING, compress=False)
    await connection.prepare(request)
    if len(desk.sessions) >= MAX_SESSIONS:
        await connection.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"all places are taken: close another page")
        return connection
    try:
        folder = tempfile.TemporaryDirectory(prefix="ebm-tracking-", ignore_cleanup_errors=True)
    except OSError as error:
        log.error("no folder for a page's video: %s", error)
        await connection.close(code=WSCloseCode.INTERNAL_ERROR, message=b"the server's disk is full")
        return connection
    desk.sockets.add(connection)
    try:
        with folder:
            async with _open_session(desk, connection, Path(folder.name)) as session:
                await _listen(connection, session)
    finally:
        desk.sockets.discard(connection)
    return connection


@asynccontextmanager
async def _open_session(desk: Desk, connection: web.WebSocketResponse, folder: Path) -> AsyncIterator[Session]:
    name = secrets.token_urlsafe(16)
    targets = desk.new_targets()
    session = Session(targets, desk.worker, connection)
    desk.sessions[name] = (session, folder)
    work = asyncio.create_task(_run(session, connection))
    try:
        await connection.send_str(_hello(name))
        yield session
    finally:
        del desk.sessions[name]
        work.cancel()
        desk.worker.submit(targets.clear)
        await asyncio.wait([work])


def _hello(session: str) -> str:
    hello = {
        "type": "hello",
        "session": session,
        "colours": PALETTE,
        "lost_colour": LOST_COLOUR,
        "max_targets": MAX_TARGETS,
        "max_bytes": MAX_BYTES,
        "accepted": ACCEPTED,
    }
    return json.dumps(hello)


async def _run(session: Session, connection: web.WebSocketResponse) -> None:
    """Run the session; where it fails, its page hears of it."""
    try:
        await session.run()
    except ConnectionError:
        pass  # the page went away while it was being answered
    except Exception:
        log.exception("a page's session failed")
        with suppress(ConnectionError):
            await connection.send_str(error_message("The server failed; its terminal says why."))
            await connection.close(code=WSCloseCode.INTERNAL_ERROR)


async def _listen(connection: web.WebSocketResponse, session: Session) -> None:
    """Hand on what the page sends, until it leaves or sends nonsense."""
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
    """The body is a video file, whole; 204, or the status and the words of an UploadError."""
    desk, name = request.app[DESK], request.match_info["session"]
    try:
        await _take_video(request, desk, name)
    except UploadError as error:
        if error.status == NotStoredError.status:
            log.error("%s", error)
        return web.Response(status=error.status, text=str(error))
    return web.Response(status=204)


async def _take_video(request: web.Request, desk: Desk, name: str) -> None:
    """Store the body in the folder of session ``name``, and show it there in the place of the one before."""
    session, folder = _session_of(desk, name)
    if (request.content_length or 0) > MAX_BYTES:
        raise TooLargeError
    path = folder / secrets.token_hex(8)
    await store(_chunks(request, desk, name), path)
    try:
        film = await asyncio.to_thread(open_film, path)
    except UploadError:
        path.unlink(missing_ok=True)
        raise
    _session_of(desk, name)
    for old in folder.iterdir():
        if old != path:
            old.unlink()
    session.receive(film)


def _session_of(desk: Desk, name: str) -> tuple[Session, Path]:
    if name not in desk.sessions:
        raise PageGoneError("that page is no longer connected")
    return desk.sessions[name]


async def _chunks(request: web.Request, desk: Desk, name: str) -> AsyncIterator[bytes]:
    """The body of an upload, for as long as it goes on and its page is there."""
    chunks = aiter(request.content.iter_chunked(2**16))
    while True:
        try:
            chunk = await asyncio.wait_for(anext(chunks, b""), PATIENCE)
        except TimeoutError:
            raise StalledError(f"nothing more of the video has arrived for {PATIENCE:g} s") from None
        if not chunk:
            return
        _session_of(desk, name)
        yield chunk


@dataclass(frozen=True)
class Address:
    """Where to listen. certificate, key: PEM files for https; port 0: any that is free."""

    host: str = "localhost"
    port: int = 8000
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext | None:
        """What https needs, or None."""
        if self.certificate is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise InputError(f"--certificate {self.certificate}, --key {self.key}: {error}") from None
        return context


async def serve(new_targets: Callable[[], MultiTracker], address: Address, announce: Callable[[str], object]) -> None:
    """Serve until cancelled. announce: called with the URL, which holds the token if there is one, once it works."""
    token = None if is_local(address.host) else secrets.token_urlsafe(16)
    context = address.context()
    runner = new_runner(build_app(new_targets, token))
    await runner.setup()
    try:
        site = web.TCPSite(runner, address.host, address.port, ssl_context=context)
        await site.start()
        host = socket.gethostname() if address.host in ("0.0.0.0", "::") else address.host
        host = f"[{host}]" if ":" in host else host
        url = f"{'https' if context else 'http'}://{host}:{runner.addresses[0][1]}/"
        announce(f"{url}?token={token}" if token else url)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
