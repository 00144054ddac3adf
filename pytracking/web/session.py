"""The session of one page: executes its commands in order."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from typing import Protocol, TypeVar

from ltr.utils.errors import InputError
from pytracking.api.multi_tracker import MultiTracker
from pytracking.api.tracker import Tracker
from pytracking.tracker.base.output import Box, TrackOutput
from pytracking.video.frame_source import Image
from pytracking.web.pictures import decode_picture, encode_picture
from pytracking.web.protocol import (
    Ack,
    Add,
    Camera,
    Command,
    Demo,
    Pause,
    Picture,
    Play,
    ProtocolError,
    Remove,
    Reset,
    Restore,
    Seek,
    added_message,
    error_message,
    picture_message,
    result_message,
)
from pytracking.web.video_playback import VideoPlayback, open_demo

MAX_TARGETS = 8
MAX_WAITING = 32  # messages; a page waits for answers, so it never has as many
RECENT = 4  # pictures kept, since the user may draw a box on them
MAX_UNSEEN = 2  # pictures sent and not acknowledged
MAX_REMOVED = 2 * MAX_TARGETS  # removed targets that can be restored
Result = TypeVar("Result")


class Connection(Protocol):
    """The WebSocket of the page."""

    async def send_str(self, data: str) -> None:
        """Send a text message; waits while the send buffer is full."""

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary message."""


class Session:
    """The targets and pictures of one page.

    :meth:`receive` queues messages and never waits; :meth:`run` handles them in order. A queued picture is replaced by
    the next one, so a camera that is faster than the tracker drops pictures and adds no delay.

    Args:
        targets: tracks them; used in ``worker`` only.
        worker: for decoding and tracking; sessions that share it take turns.
        connection: to the page.
    """

    def __init__(self, targets: MultiTracker, worker: Executor, connection: Connection) -> None:
        self._targets, self._worker, self._connection = targets, worker, connection
        self._waiting: deque[Picture | Command | VideoPlayback] = deque()
        self._wake = asyncio.Event()
        self._recent: OrderedDict[int, tuple[Image, dict[int, TrackOutput]]] = OrderedDict()
        self._outputs: dict[int, TrackOutput] = {}
        self._video: VideoPlayback | None = None
        self._found: dict[int, dict[int, TrackOutput]] = {}  # in the video, by frame and id
        self._begins: dict[int, int] = {}  # by id: the frame in which a target was drawn
        self._removed: dict[int, Tracker] = {}
        self._unseen: set[int] = set()

    @property
    def video(self) -> VideoPlayback | None:
        """The video that is shown; None: the camera."""
        return self._video

    async def send(self, text: str) -> None:
        """Send the page a message out of turn; not if it has just left."""
        with suppress(ConnectionError):
            await self._connection.send_str(text)

    def found(self) -> dict[int, dict[int, TrackOutput]]:
        """What was found in the video, by frame and id, without removed targets."""
        return {frame: self._found_in(frame) for frame in self._found}

    def _found_in(self, frame: int) -> dict[int, TrackOutput]:
        ids = self._targets.ids
        return {target_id: output for target_id, output in self._found.get(frame, {}).items() if target_id in ids}

    def receive(self, message: Picture | Command | VideoPlayback) -> None:
        """Queue a message, or an uploaded video to show; ProtocolError if the queue is full."""
        match message:
            case Pause() if self._video:
                self._video.playing = False  # at once, since queued messages may take a second
            case Ack(frame):
                self._unseen.discard(frame)
            case Picture() | Seek() if self._waiting and type(self._waiting[-1]) is type(message):
                self._waiting[-1] = message
            case _ if len(self._waiting) >= MAX_WAITING:
                raise ProtocolError("too many messages at once")
            case _:
                self._waiting.append(message)
        self._wake.set()

    async def run(self) -> None:
        """Handle received messages until canceled."""
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
        """Seconds until the video's next picture; None if it is paused or waits for acknowledgments."""
        if self._video is None or len(self._unseen) >= MAX_UNSEEN:
            return None
        return self._video.delay(time.monotonic())

    async def _answer(self, message: Picture | Command | VideoPlayback) -> None:
        try:
            match message:
                case Picture(number, jpeg):
                    image = await self._work(lambda: decode_picture(jpeg))
                    await self._report(number, image, *await self._find(image))
                case VideoPlayback():
                    await self._show(message)
                case _:
                    await self._handle_command(message)
        except InputError as error:
            frame = message.number if isinstance(message, Picture) else None
            await self._connection.send_str(error_message(str(error), frame))

    async def _handle_command(self, command: Command) -> None:
        match command:
            case Add(frame, box):
                await self._add(frame, box)
            case Remove(number):
                await self._remove([number])
            case Restore(number):
                await self._restore(number)
            case Reset():
                await self._remove(self._targets.ids)
            case Camera():
                self._video = None
                await self._reset()
            case Demo():
                await self._show(await asyncio.to_thread(open_demo))
            case Play() if self._video:
                self._video.play()
            case Seek(frame) if self._video:
                follow = frame == self._video.number + 1
                self._unseen.clear()
                self._video.seek(frame)
                await self._next_picture(follow)

    async def _add(self, frame: int, box: Box) -> None:
        if len(self._targets.ids) >= MAX_TARGETS:
            raise InputError(f"{MAX_TARGETS} targets are tracked already, which is the limit")
        if frame not in self._recent:
            raise InputError("this picture is no longer available; draw the box again")
        image, found = self._recent[frame]
        number = await self._work(lambda: self._targets.add(image, box))
        self._outputs[number] = found[number] = TrackOutput(box, 1.0, "tracking")
        self._begins[number] = frame
        if self._video:
            self._found.setdefault(frame, {})[number] = self._outputs[number]
        await self._connection.send_str(added_message(number))
        ids = self._targets.ids  # the outputs of this picture, which need not be the newest one
        await self._send_results(frame, {id: output for id, output in found.items() if id in ids})

    async def _remove(self, ids: list[int]) -> None:
        """Remove targets. Their ids are not reused, so that they can be restored."""

        def remove() -> None:
            for target_id in ids:
                self._removed[target_id] = self._targets.remove(target_id)

        await self._work(remove)
        for target_id in list(self._removed)[:-MAX_REMOVED]:
            del self._removed[target_id]
        self._outputs = {id: output for id, output in self._outputs.items() if id not in ids}
        await self._send_results()

    async def _restore(self, number: int) -> None:
        if number not in self._removed:
            raise InputError(f"target {number} can no longer be followed; draw it again")
        if len(self._targets.ids) >= MAX_TARGETS:
            raise InputError(f"{MAX_TARGETS} targets are tracked already, which is the limit")
        self._targets.put_back(number, self._removed.pop(number))
        if self._video:
            self._outputs = self._found_in(self._video.number)
        await self._send_results()

    async def _find(self, image: Image, ids: list[int] | None = None) -> tuple[dict[int, TrackOutput], float]:
        """The targets (or those of ``ids``) in ``image``, and the seconds of tracking."""

        def timed() -> tuple[dict[int, TrackOutput], float]:
            begin = time.perf_counter()
            return self._targets.track(image, ids), time.perf_counter() - begin

        return await self._work(timed)

    async def _report(self, number: int, image: Image, outputs: dict[int, TrackOutput], seconds: float) -> None:
        self._outputs = outputs
        self._recent[number] = image, dict(outputs)
        self._recent.move_to_end(number)
        while len(self._recent) > RECENT:
            self._recent.popitem(last=False)
        await self._send_results(number, outputs, seconds)

    async def _next_picture(self, follow: bool = True) -> None:
        """Send the next frame of the video. Targets not found in it before are tracked, if ``follow``."""
        assert self._video is not None
        image = await asyncio.to_thread(self._video.read)
        if image is None:
            await self._connection.send_str(self._video.ended_message())
            return
        number = self._video.number
        known = self._found.setdefault(number, {})
        wanted = [id for id in self._targets.ids if id not in known and self._begins[id] < number] if follow else []
        self._unseen.add(number)
        _, (outputs, seconds) = await asyncio.gather(self._send_picture(number, image), self._find(image, wanted))
        known.update(outputs)
        await self._report(number, image, self._found_in(number), seconds)

    async def _send_picture(self, number: int, image: Image) -> None:
        await self._connection.send_bytes(picture_message(number, await asyncio.to_thread(encode_picture, image)))

    async def _show(self, video: VideoPlayback) -> None:
        """Show the first picture of ``video``, paused."""
        await self._reset()
        self._video = video
        self._unseen.clear()
        await self._connection.send_str(video.message())
        await self._next_picture()

    async def _reset(self) -> None:
        """Discard everything of the current source."""
        await self._work(self._targets.clear)
        self._outputs, self._found, self._begins, self._removed = {}, {}, {}, {}
        self._recent.clear()

    async def _send_results(
        self, frame: int | None = None, outputs: dict[int, TrackOutput] | None = None, seconds: float = 0.0
    ) -> None:
        """Send the outputs of a frame; None: those of the newest one."""
        number = next(reversed(self._recent), 0) if frame is None else frame
        await self._connection.send_str(result_message(number, self._outputs if outputs is None else outputs, seconds))

    async def _work(self, job: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._worker, job)
