"""One page: what it has asked for, done one thing after the other."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Protocol, TypeVar

from ltr.utils.errors import InputError
from pytracking.api.multi_tracker import MultiTracker
from pytracking.tracker.base.output import Box, TrackOutput
from pytracking.video.frame_source import Image
from pytracking.web.film import Film
from pytracking.web.pictures import decode_picture, encode_picture
from pytracking.web.protocol import (
    Add,
    Camera,
    Command,
    Pause,
    Picture,
    Play,
    ProtocolError,
    Remove,
    Reset,
    Rewind,
    Seen,
    added_message,
    error_message,
    picture_message,
    result_message,
)

MAX_TARGETS = 8
MAX_WAITING = 32  # messages; a page waits for answers, so that it never gets there
RECENT = 4  # pictures kept, for a box that is drawn on one of them
MAX_UNSEEN = 2  # pictures on their way to the page
Result = TypeVar("Result")


class Link(Protocol):
    """The way to the page: a WebSocket."""

    async def send_str(self, data: str) -> None:
        """Send a text message; waits while the page is behind."""

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary message."""


class Session:
    """The targets and pictures of one page.

    :meth:`receive` takes what the page sends and never waits; :meth:`run` works it off in the order of arrival. Of
    pictures that wait, the newest replaces the one before it, so a camera that is faster than the tracker loses
    pictures and gains no delay.

    Args:
        targets: what follows them; used in ``worker`` only.
        worker: where pictures are decoded and tracking is done. Sessions that share one take turns.
        link: the way to the page.
    """

    def __init__(self, targets: MultiTracker, worker: Executor, link: Link) -> None:
        self._targets, self._worker, self._link = targets, worker, link
        self._waiting: deque[Picture | Command | Film] = deque()
        self._wake = asyncio.Event()
        self._recent: OrderedDict[int, Image] = OrderedDict()
        self._outputs: dict[int, TrackOutput] = {}
        self._film: Film | None = None
        self._drawn: dict[int, Add] = {}  # by id: how the targets in the film came to be
        self._unseen: set[int] = set()

    def receive(self, message: Picture | Command | Film) -> None:
        """Take a message, or an uploaded video to show. ProtocolError where too many wait."""
        match message:
            case Pause() if self._film:
                self._film.playing = False  # at once: what waits may take a second
            case Seen(frame):
                self._unseen.discard(frame)
            case Picture() if self._waiting and isinstance(self._waiting[-1], Picture):
                self._waiting[-1] = message
            case _ if len(self._waiting) >= MAX_WAITING:
                raise ProtocolError("too many messages at once")
            case _:
                self._waiting.append(message)
        self._wake.set()

    async def run(self) -> None:
        """Do what was received, until cancelled."""
        while True:
            delay = self._until_next_picture()
            if self._waiting:
                await self._answer(self._waiting.popleft())
            elif delay == 0:
                await self._next_picture()
            else:
                self._wake.clear()
                try:
                    await asyncio.wait_for(self._wake.wait(), delay)
                except TimeoutError:
                    continue

    def _until_next_picture(self) -> float | None:
        """Seconds until the film goes on; None where it does not: it is stopped, or waits for a page that is behind."""
        if self._film is None or len(self._unseen) >= MAX_UNSEEN:
            return None
        return self._film.delay(time.monotonic())

    async def _answer(self, message: Picture | Command | Film) -> None:
        try:
            match message:
                case Picture(number, jpeg):
                    image = await self._work(lambda: decode_picture(jpeg))
                    await self._report(number, image, *await self._find(image))
                case Film():
                    await self._show(message)
                case _:
                    await self._obey(message)
        except InputError as error:
            frame = message.number if isinstance(message, Picture) else None
            await self._link.send_str(error_message(str(error), frame))

    async def _obey(self, command: Command) -> None:
        match command:
            case Add(frame, box):
                await self._add(frame, box)
            case Remove(number):
                await self._work(lambda: self._targets.remove(number))
                self._outputs.pop(number, None)
                self._drawn.pop(number, None)
                await self._tell()
            case Reset():
                await self._stop_all()
                self._drawn = {}
                await self._tell()
            case Camera():
                self._film = None
                await self._forget()
            case Play() if self._film:
                self._film.play()
            case Rewind() if self._film:
                await self._show(self._film, again=True)

    async def _add(self, frame: int, box: Box) -> None:
        if len(self._targets.ids) >= MAX_TARGETS:
            raise InputError(f"{MAX_TARGETS} targets are followed already, and that is the limit")
        image = self._recent.get(frame)
        if image is None:
            raise InputError("the picture has gone by; draw the box again")
        number = await self._work(lambda: self._targets.add(image, box))
        self._outputs[number] = TrackOutput(box, 1.0, "tracking")
        if self._film:
            self._drawn[number] = Add(frame, box)
        await self._link.send_str(added_message(number))
        await self._tell(frame)

    async def _find(self, image: Image) -> tuple[dict[int, TrackOutput], float]:
        """Where the targets are in ``image``, and the seconds that the tracker took."""

        def timed() -> tuple[dict[int, TrackOutput], float]:
            begin = time.perf_counter()
            return self._targets.track(image), time.perf_counter() - begin

        return await self._work(timed)

    async def _report(self, number: int, image: Image, outputs: dict[int, TrackOutput], seconds: float) -> None:
        self._outputs = outputs
        self._recent[number] = image
        while len(self._recent) > RECENT:
            self._recent.popitem(last=False)
        await self._tell(number, seconds)

    async def _next_picture(self) -> None:
        """One frame on in the uploaded video."""
        assert self._film is not None
        image = await asyncio.to_thread(self._film.read)
        if image is None:
            await self._link.send_str(self._film.ended_message())
            return
        number = self._film.number
        self._unseen.add(number)
        _, (outputs, seconds) = await asyncio.gather(self._send_picture(number, image), self._find(image))
        await self._report(number, image, outputs | await self._learn_again(number, image), seconds)

    async def _learn_again(self, number: int, image: Image) -> dict[int, TrackOutput]:
        """The targets that were drawn in this picture before the film was rewound."""
        followed = self._targets.ids
        missing = {id: add.box for id, add in self._drawn.items() if add.frame == number and id not in followed}
        for target_id, box in missing.items():
            await self._work(partial(self._targets.add, image, box, target_id))
        return {target_id: TrackOutput(box, 1.0, "tracking") for target_id, box in missing.items()}

    async def _send_picture(self, number: int, image: Image) -> None:
        await self._link.send_bytes(picture_message(number, await asyncio.to_thread(encode_picture, image)))

    async def _show(self, film: Film, again: bool = False) -> None:
        """The first picture of ``film``, stopped."""
        await (self._stop_all() if again else self._forget())
        self._film = film
        self._unseen.clear()
        self._recent.clear()
        film.rewind()
        await self._link.send_str(film.message(again))
        await self._next_picture()

    async def _stop_all(self) -> None:
        """Follow nothing. Ids are not given again, since the page has boxes of them."""

        def stop() -> None:
            for target_id in self._targets.ids:
                self._targets.remove(target_id)

        await self._work(stop)
        self._outputs = {}

    async def _forget(self) -> None:
        """All of a source, whose place another one takes."""
        await self._work(self._targets.clear)
        self._outputs, self._drawn = {}, {}
        self._recent.clear()

    async def _tell(self, frame: int | None = None, seconds: float = 0.0) -> None:
        number = next(reversed(self._recent), 0) if frame is None else frame
        await self._link.send_str(result_message(number, self._outputs, seconds))

    async def _work(self, job: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._worker, job)
