"""The server of run_webcam --web for tests, with fake targets, and pages that talk to it without a browser."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pytracking.evaluation.multi_tracker import MultiTracker
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
        """Wait for the ``count``-th text of a type, at most ten seconds."""
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(lambda: len(self.of(kind)) >= count), 10)
        return self.of(kind)[count - 1]


@contextmanager
def served(slow: float = 0.0, port: int = 0) -> Iterator[str]:
    """A server in a thread; its URL. slow: seconds that a target takes. port: 0 is any that is free."""
    started, url = threading.Event(), []
    loop = asyncio.new_event_loop()

    def announce(text: str) -> None:
        url.append(text)
        started.set()

    async def run() -> None:
        await serve(lambda: MultiTracker(FakeTracker(slow=slow)), Address(port=port), announce)

    task = loop.create_task(run())

    def work() -> None:
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass
        finally:
            loop.close()
            started.set()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert started.wait(10)
        yield url[0]
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)
