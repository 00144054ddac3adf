import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ltr.data.image_loader import encode_jpeg
from pytracking.api.multi_tracker import MultiTracker
from pytracking.video.frame_source import FrameSource
from pytracking.web import session as session_module
from pytracking.web.protocol import (
    Ack,
    Add,
    Camera,
    Demo,
    Pause,
    Picture,
    Play,
    ProtocolError,
    Remove,
    Reset,
    Restore,
    Seek,
)
from pytracking.web.session import MAX_TARGETS, MAX_UNSEEN, MAX_WAITING, Session
from pytracking.web.video_playback import VideoPlayback
from tests.fakes.pages import RecordingLink
from tests.fakes.trackers import FakeTracker
from tests.fakes.videos import numbered_frame

BOX = (10.0, 12.0, 20.0, 16.0)
JPEG = encode_jpeg(numbered_frame(3))


class HeldTargets(MultiTracker):
    """Real targets that wait, before they track, until ``go`` is set."""

    def __init__(self) -> None:
        super().__init__(FakeTracker())
        self.go, self.busy = threading.Event(), threading.Event()
        self.go.set()

    def track(self, frame, ids=None):
        self.busy.set()
        assert self.go.wait(10)
        return super().track(frame, ids)


def run(scene: Callable[[Session, RecordingLink, HeldTargets], Awaitable[None]]) -> None:
    """Play a scene with a session that is running."""

    async def play() -> None:
        link, targets = RecordingLink(), HeldTargets()
        with ThreadPoolExecutor(1) as worker:
            session = Session(targets, worker, link)
            work = asyncio.create_task(session.run())
            try:
                await scene(session, link, targets)
            finally:
                targets.go.set()
                work.cancel()
                await asyncio.wait([work])

    asyncio.run(play())


def film(frames: int = 5, fps: float = 500.0) -> VideoPlayback:
    return VideoPlayback(
        FrameSource("made", lambda: iter([numbered_frame(i % 20) for i in range(frames)]), frames, fps), (64, 48)
    )


def test_a_target_is_learned_in_its_picture_and_followed_in_the_next():
    async def scene(session, link, targets):
        session.receive(Picture(4, JPEG))
        session.receive(Add(4, BOX))
        session.receive(Picture(5, JPEG))
        await link.until("result", 3)
        assert [m["type"] for m in link.messages] == ["result", "added", "result", "result"]
        empty, learned, followed = link.of("result")
        assert (empty["frame"], empty["targets"]) == (4, [])
        assert (learned["frame"], learned["targets"][0]["box"]) == (4, list(BOX))
        assert learned["targets"][0]["state"] == "tracking"
        assert (followed["frame"], followed["targets"][0]["score"]) == (5, 0.25)
        assert followed["targets"][0]["box"] != list(BOX)

    run(scene)


def test_the_newest_picture_wins_and_orders_keep_their_place():
    async def scene(session, link, targets):
        targets.go.clear()
        session.receive(Picture(0, JPEG))
        await asyncio.to_thread(targets.busy.wait, 10)
        for number in range(1, 60):
            session.receive(Picture(number, JPEG))
        session.receive(Add(59, BOX))  # in a picture that is still waiting: it must not be dropped for a newer one
        for number in range(60, 90):
            session.receive(Picture(number, JPEG))
        targets.go.set()
        await link.until("result", 4)
        assert [m["frame"] for m in link.of("result")] == [0, 59, 59, 89]
        assert link.of("error") == []

    run(scene)


def test_a_box_drawn_in_an_older_picture_leaves_the_others_of_that_picture():
    async def scene(session, link, targets):
        for number in (0, 1):
            session.receive(Picture(number, JPEG))
            await link.until("result", number + 1)
        session.receive(Add(0, BOX))
        session.receive(Picture(2, JPEG))
        await link.until("result", 4)
        session.receive(Add(0, BOX))
        await link.until("result", 5)
        moved, drawn = link.of("result")[-2:]
        assert moved["frame"] == 2
        assert moved["targets"][0]["box"] != list(BOX)
        assert [(t["id"], t["box"], t["state"]) for t in drawn["targets"]] == [
            (0, list(BOX), "tracking"),
            (1, list(BOX), "tracking"),
        ]

    run(scene)


def test_removing_and_resetting():
    async def scene(session, link, targets):
        session.receive(Picture(0, JPEG))
        for _ in range(3):
            session.receive(Add(0, BOX))
        session.receive(Remove(1))
        result = await link.until("result", 5)
        assert [t["id"] for t in result["targets"]] == [0, 2]
        session.receive(Remove(1))
        assert "no target 1" in (await link.until("error"))["message"]
        session.receive(Reset())
        assert (await link.until("result", 6))["targets"] == []
        assert targets.ids == []

    run(scene)


def test_what_cannot_be_done_is_told_and_the_rest_goes_on():
    async def scene(session, link, targets):
        session.receive(Picture(0, b"no jpeg"))
        error = await link.until("error")
        assert error["frame"] == 0
        assert "not a complete JPEG" in error["message"]
        session.receive(Picture(1, JPEG))
        for number in range(2, 8):
            await link.until("result", number - 1)
            session.receive(Picture(number, JPEG))
        session.receive(Add(1, BOX))
        assert "no longer available" in (await link.until("error", 2))["message"]
        assert targets.ids == []

    run(scene)


def test_targets_are_limited():
    async def scene(session, link, targets):
        session.receive(Picture(0, JPEG))
        for _ in range(MAX_TARGETS + 1):
            session.receive(Add(0, BOX))
        assert f"{MAX_TARGETS} targets" in (await link.until("error"))["message"]
        assert len(targets.ids) == MAX_TARGETS

    run(scene)


def test_a_page_that_does_not_wait_for_answers_is_refused():
    async def scene(session, link, targets):
        for _ in range(MAX_WAITING):
            session.receive(Reset())
        with pytest.raises(ProtocolError, match="too many messages"):
            session.receive(Reset())

    run(scene)


def test_a_video_shows_its_first_frame_and_plays_when_told():
    async def scene(session, link, targets):
        session.receive(film(frames=4))
        await link.until("result")
        assert link.messages[0] == {
            "type": "video",
            "width": 64,
            "height": 48,
            "frames": 4,
            "fps": 500.0,
            "suggestion": None,
        }
        assert link.messages[1] == 0  # the picture comes before what is found in it
        session.receive(Add(0, BOX))
        await link.until("added")
        assert targets.ids == [0]
        session.receive(Play())
        for number in range(4):
            await link.until("result", 2 + number if number else 1)
            session.receive(Ack(number))
        assert await link.until("ended") == {"type": "ended", "frames": 4, "broken": ""}
        assert [m for m in link.messages if isinstance(m, int)] == [0, 1, 2, 3]
        session.receive(Seek(0))
        again = await link.until("result", 6)
        assert (again["frame"], again["targets"]) == (0, link.of("result")[1]["targets"])
        assert link.messages.count(0) == 2

    run(scene)


async def pause(session, link):
    """Pause the video, and wait until the frame that was on its way is reported."""
    session.receive(Pause())
    session.receive(Restore(99))  # refused, once all before it is done
    await link.until("error", len(link.of("error")) + 1)


async def play_until(session, link, last):
    session.receive(Play())
    while (seen := link.of("result")[-1]["frame"]) < last:
        session.receive(Ack(seen))
        await link.until("result", len(link.of("result")) + 1)


def test_what_was_found_is_shown_again_and_a_target_drawn_later_is_followed_beside_it():
    async def scene(session, link, targets):
        session.receive(film(frames=6))
        await link.until("result")
        session.receive(Add(0, BOX))
        await link.until("result", 2)
        await play_until(session, link, 5)
        before = {m["frame"]: m["targets"] for m in link.of("result")}
        await pause(session, link)
        count = len(link.of("result"))
        session.receive(Seek(2))
        session.receive(Add(2, (30.0, 20.0, 16.0, 12.0)))
        await link.until("result", count + 2)
        await play_until(session, link, 5)
        after = {m["frame"]: m["targets"] for m in link.of("result")[count:]}
        assert [[t["id"] for t in after[number]] for number in range(2, 6)] == [[0, 1]] * 4
        assert [after[number][0] for number in range(2, 6)] == [before[number][0] for number in range(2, 6)]
        assert targets[0].frames == 5  # frames are tracked once
        session.receive(Seek(1))  # where target 1 is not yet
        shown = await link.until("result", len(link.of("result")) + 1)
        assert [t["id"] for t in shown["targets"]] == [0]

    run(scene)


def test_steps_are_tracked_and_jumps_are_not():
    async def scene(session, link, targets):
        session.receive(film(frames=9))
        await link.until("result")
        session.receive(Add(0, BOX))
        for count, frame in enumerate((1, 2, 7, 8), 3):
            session.receive(Seek(frame))
            result = await link.until("result", count)
            assert (result["frame"], len(result["targets"])) == (frame, int(frame != 7))
        assert sorted(frame for frame, found in session.found().items() if found) == [0, 1, 2, 8]

    run(scene)


def test_removed_targets_can_be_restored_with_all_that_was_found():
    async def scene(session, link, targets):
        session.receive(film(frames=6))
        await link.until("result")
        for _ in range(2):
            session.receive(Add(0, BOX))
        await link.until("result", 3)
        await play_until(session, link, 3)
        await pause(session, link)
        found = session.found()
        session.receive(Remove(1))
        session.receive(Reset())
        await link.until("result", len(link.of("result")) + 2)
        assert targets.ids == []
        assert not any(session.found().values())
        for number in (1, 0):
            session.receive(Restore(number))
        restored = await link.until("result", len(link.of("result")) + 2)
        assert [t["id"] for t in restored["targets"]] == [0, 1]
        assert session.found() == found
        await play_until(session, link, 5)
        assert targets[0].frames == targets[1].frames == 5
        session.receive(Add(link.of("result")[-1]["frame"], BOX))
        await link.until("added", 3)
        assert targets.ids == [0, 1, 2]
        session.receive(Restore(7))
        error = await link.until("error", len(link.of("error")) + 1)
        assert "target 7 can no longer be followed" in error["message"]

    run(scene)


def test_the_demo_clip_is_at_hand():
    async def scene(session, link, targets):
        session.receive(Demo())
        assert len((await link.until("video"))["suggestion"]) == 4
        assert (await link.until("result"))["frame"] == 0

    run(scene)


def test_a_video_waits_for_a_slow_page():
    async def scene(session, link, targets):
        session.receive(film())
        session.receive(Play())
        await link.until("result", MAX_UNSEEN)
        await asyncio.sleep(0.1)
        assert len(link.of("result")) == MAX_UNSEEN
        session.receive(Ack(0))
        await link.until("result", MAX_UNSEEN + 1)

    run(scene)


def test_pause_holds_though_much_is_waiting():
    async def scene(session, link, targets):
        session.receive(film(frames=50))
        await link.until("result")
        session.receive(Ack(0))
        session.receive(Play())
        await link.until("result", 2)
        await pause(session, link)
        there = len(link.of("result"))
        session.receive(Ack(1))
        session.receive(Ack(2))
        await asyncio.sleep(0.1)
        assert len(link.of("result")) == there <= 3

    run(scene)


def test_the_camera_takes_over_from_a_video():
    async def scene(session, link, targets):
        session.receive(film())
        session.receive(Play())
        await link.until("result")
        session.receive(Camera())
        session.receive(Picture(100, JPEG))
        count = 0
        while not count or link.of("result")[-1]["frame"] != 100:
            count += 1
            await link.until("result", count)
        for command in (Play(), Seek(0), Pause()):  # of a video that is gone
            session.receive(command)
        session.receive(Picture(101, JPEG))
        await link.until("result", count + 1)
        assert link.of("result")[-1]["frame"] == 101

    run(scene)


def test_a_session_that_fails_lets_the_server_know(monkeypatch):
    async def play():
        def fail(jpeg):
            raise ZeroDivisionError

        monkeypatch.setattr(session_module, "decode_picture", fail)
        with ThreadPoolExecutor(1) as worker:
            session = Session(MultiTracker(FakeTracker()), worker, RecordingLink())
            session.receive(Picture(0, JPEG))
            with pytest.raises(ZeroDivisionError):
                await asyncio.wait_for(session.run(), 10)

    asyncio.run(play())
