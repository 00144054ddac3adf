"""The server of run_webcam --web for tests, with fake targets, and pages that talk to it without a browser."""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import Queue

from pytracking.api.multi_tracker import MultiTracker
from pytracking.run_annotate import Arguments, open_annotations, open_source
from pytracking.web.annotation_server import serve as serve_annotation
from pytracking.web.annotation_session import AnnotationSession
from pytracking.web.frame_store import FrameStore
from pytracking.web.server import Address, serve
from tests.fakes.trackers import FakeTracker


class RecordingLink:
    """Keeps what a session sends. messages: texts as dicts, pictures as their numbers."""

    def __init__(self) -> None:
        self.messages: list[dict | int] = []
        self._changed = asyncio.Condition()

    async def send_str(self, data: str) -> None:
        await self._keep(json.loads(data))

    async def send_bytes(self, data: bytes) -> None:
        await self._keep(int.from_bytes(data[:4], "big"))

    async def _keep(self, message: dict | int) -> None:
        async with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    def of(self, kind: str) -> list[dict]:
        """The texts of one type."""
        return [m for m in self.messages if isinstance(m, dict) and m["type"] == kind]

    async def until(self, kind: str, count: int = 1) -> dict:
        """Wait for the ``count``-th text of a type, at most thirty seconds."""
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(lambda: len(self.of(kind)) >= count), 30)
        return self.of(kind)[count - 1]


ANY_PORT = Address(port=0)


def fake_targets(slow: float = 0.0) -> MultiTracker:
    """Targets that wander by themselves and take ``slow`` seconds each."""
    return MultiTracker(FakeTracker(slow=slow))


@contextmanager
def served(new_targets: Callable[[], MultiTracker] = fake_targets, address: Address = ANY_PORT) -> Iterator[str]:
    """A server in a thread; its URL."""
    with in_thread(lambda announce: serve(new_targets, address, announce)) as url:
        yield url


@contextmanager
def served_annotation(video: Path, tracker: object, port: int = 0, **options: Path) -> Iterator[str]:
    """The server of ``pytracking annotate`` for ``video`` in a thread; its URL. options: as of the command."""
    arguments = Arguments(str(video), **options)
    source, about = open_source(arguments)
    project, path = open_annotations(arguments, source, about)

    def new_session(worker: Executor) -> AnnotationSession:
        return AnnotationSession(project, source, tracker, path, worker)  # type: ignore[arg-type]

    with in_thread(lambda announce: serve_annotation(new_session, FrameStore(source), port, announce)) as url:
        yield url


async def connections_closed() -> None:
    """Wait until the sockets of this loop are closed, at most ten seconds: what a busy browser has not read yet keeps
    one open."""
    selector = asyncio.get_running_loop()._selector  # type: ignore[attr-defined]
    for _ in range(1000):
        await asyncio.sleep(0.01)
        if len(selector.get_map()) <= 1:  # the loop's own
            return


@contextmanager
def in_thread(server: Callable[[Callable[[str], object]], Coroutine]) -> Iterator[str]:
    """Run ``server``, which is called with what announces its URL, until the block ends; the URL."""
    stop: list[Callable[[], object]] = []
    urls: Queue[str] = Queue()

    async def run() -> None:
        task = asyncio.current_task()
        assert task is not None
        stop.append(partial(asyncio.get_running_loop().call_soon_threadsafe, task.cancel))
        try:
            await server(urls.put)
        finally:
            await connections_closed()

    def work() -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(run())

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield urls.get(timeout=30)
    finally:
        stop[0]()
        thread.join(30)
