"""An annotation in work, without a page."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ltr.utils.errors import InputError
from pytracking.annotation.editing import Project
from pytracking.annotation.model import Annotations, VideoInfo
from pytracking.annotation.project_file import open_project
from pytracking.video.frame_source import open_video
from pytracking.web.annotation_protocol import (
    Draw,
    Follow,
    Hide,
    Redo,
    Relabel,
    Remove,
    Stop,
    TakeBack,
    Undo,
    parse_edit,
)
from pytracking.web.annotation_session import AnnotationSession
from tests.fakes.drifting import DriftingTracker, true_box
from tests.fakes.videos import write_video

FRAMES = 20
VIDEO = VideoInfo((64, 48), FRAMES, 25.0, "a.mp4")


class HeldTracker(DriftingTracker):
    """Waits, before each frame, for ``go``."""

    go = threading.Event()

    def clone(self):
        return HeldTracker()

    def track(self, frame):
        assert self.go.wait(20)
        return super().track(frame)


def run(tmp_path, scene, tracker=None, path="p.json"):
    """Play ``scene`` with a session that is running; what its file holds in the end."""

    async def play():
        source = open_video(write_video(tmp_path / "a.mp4", frames=FRAMES))
        with ThreadPoolExecutor(1) as worker:
            project = Project(Annotations((), VIDEO))
            tracked = tracker or DriftingTracker(signed=True)
            session = AnnotationSession(project, source, tracked, tmp_path / path, worker)
            work = asyncio.create_task(session.run())
            try:
                await scene(session)
            finally:
                HeldTracker.go.set()
                work.cancel()
                await asyncio.wait([work])

    asyncio.run(play())
    return open_project(tmp_path / path, VIDEO)


async def until(session, condition):
    async with asyncio.timeout(20):
        while not condition():
            await session.next_change.wait()


async def idle(session):
    await until(session, lambda: session.state({})["busy"] is None)


def key(frame, target=0):
    return Draw(target, "ball", frame, true_box(frame))


def frames(session, target=0):
    return list(session.project.track(target).boxes)


def test_boxes_between_keyframes_are_filled_as_they_are_drawn_and_kept_in_the_file(tmp_path):
    async def scene(session):
        assert session.edit(key(2, None)) == 0
        assert not session.state({})["busy"]
        session.edit(key(10))
        await idle(session)
        assert frames(session) == list(range(2, 11))
        session.edit(Follow(0, back=False))
        session.edit(Follow(0, back=True))
        await idle(session)
        assert frames(session) == list(range(FRAMES))
        session.edit(Relabel(0, "red ball"))
        assert session.edit(Draw(None, "cat", 0, (1, 2, 9, 9))) == 1
        await until(session, lambda: session.state({})["saved"])
        assert list(open_project(tmp_path / "p.json", VIDEO).track(0).boxes) == frames(session)

    saved = run(tmp_path, scene)
    assert saved.annotations.labels == ["red ball", "cat"]
    boxes = saved.track(0).boxes
    assert [frame for frame, box in boxes.items() if box.keyframe] == [2, 10]
    assert all(boxes[frame].box == pytest.approx(true_box(frame)) for frame in range(2, 11))


def test_a_correction_fills_both_sides_again_as_far_as_before(tmp_path):
    async def scene(session):
        session.edit(key(2, None))
        session.edit(Follow(0, back=False))
        await idle(session)
        before = session.project
        session.edit(key(9))
        await idle(session)
        assert frames(session) == list(range(2, FRAMES))
        boxes = session.project.track(0).boxes
        assert all(boxes[frame].box == pytest.approx(true_box(frame)) for frame in range(2, 10))
        assert boxes[10].box[0] == pytest.approx(true_box(10)[0] + 0.5)  # from 9 on, not from 2
        after = session.project
        session.edit(Undo())
        assert session.project == before
        session.edit(Redo())
        assert session.project == after
        session.edit(TakeBack(0, 9))
        assert frames(session) == [2]

    run(tmp_path, scene)


def test_where_a_target_is_hidden_nothing_is_filled(tmp_path):
    async def scene(session):
        session.edit(key(2, None))
        session.edit(key(10))
        await idle(session)
        session.edit(Hide(0, 6))
        assert frames(session) == [2, 3, 4, 5, 10]
        session.edit(Follow(0, back=False))
        await idle(session)
        assert frames(session) == [2, 3, 4, 5, *range(10, FRAMES)]
        session.edit(Remove(0))
        assert session.project.annotations.tracks == ()
        session.edit(Undo())
        assert session.project.ends == {(0, 5)}

    run(tmp_path, scene)


def test_filling_can_be_stopped_and_goes_on_after_a_correction(tmp_path):
    HeldTracker.go.clear()

    async def scene(session):
        session.edit(key(2, None))
        session.edit(Follow(0, back=False))
        assert session.state({})["busy"] == {"target": 0, "done": 0, "total": FRAMES - 3}
        session.edit(key(5))  # while it is at work: from here to the end
        HeldTracker.go.set()
        await idle(session)
        assert frames(session) == list(range(2, FRAMES))
        assert session.project.keys(0) == [2, 5]
        HeldTracker.go.clear()
        session.edit(Follow(0, back=False))
        session.edit(Stop())
        assert session.state({})["busy"] is None
        session.edit(Remove(0))
        HeldTracker.go.set()
        await asyncio.sleep(0.05)
        assert session.project.annotations.tracks == ()

    run(tmp_path, scene, HeldTracker())


def test_only_changed_tracks_are_told(tmp_path):
    async def scene(session):
        sent = {}
        assert session.state(sent) == session.state({})
        session.edit(key(2, None))
        session.edit(key(4, None))
        assert [track["id"] for track in session.state(sent)["tracks"]] == [0, 1]
        session.edit(Relabel(1, "cat"))
        state = session.state(sent)
        assert (state["ids"], [track["label"] for track in state["tracks"]]) == ([0, 1], ["cat"])
        assert state["tracks"][0]["boxes"] == [[4, *true_box(4), 1, 0.0]]
        session.edit(Remove(0))
        assert (session.state(sent)["ids"], session.state(sent)["tracks"]) == ([1], [])

    run(tmp_path, scene)


def test_what_cannot_be_done_is_refused_and_what_fails_is_told(tmp_path):
    class Failing(DriftingTracker):
        def clone(self):
            return Failing()

        def track(self, frame):
            raise InputError("the video breaks off here")

    async def scene(session):
        for edit, message in (
            (Draw(None, "x", 3, (900, 2, 3, 4)), "outside the 64 x 48 frame"),
            (Draw(None, "x", 99, (1, 2, 3, 4)), "the video has 20 frames"),
            (Remove(4), "no target 4"),
        ):
            with pytest.raises(InputError, match=message):
                session.edit(edit)
        session.edit(Undo())  # nothing
        session.edit(key(2, None))
        session.edit(key(5))
        await idle(session)
        assert session.state({})["message"] == "the video breaks off here"
        assert frames(session) == [2, 5]

    run(tmp_path, scene, Failing())


def test_undo_leaves_what_was_filled_of_another_target_meanwhile(tmp_path):
    async def scene(session):
        session.edit(key(2, None))
        session.edit(key(3, None))
        session.edit(Follow(0, False))
        session.edit(key(5, 1))
        await idle(session)
        assert frames(session, 1) == [3, 4, 5]
        session.edit(Undo())
        assert frames(session, 1) == [3]
        assert frames(session, 0) == list(range(2, FRAMES))
        session.edit(Redo())
        assert frames(session, 1) == [3, 4, 5]
        session.edit(Undo())
        session.edit(Follow(1, False))
        session.edit(Relabel(1, "cup"))
        await idle(session)
        session.edit(Undo())  # of the label alone
        assert session.project.track(1).label == "ball"
        assert frames(session, 1) == list(range(3, FRAMES))
        session.edit(Undo())
        assert frames(session, 1) == [3]
        session.edit(Undo())  # the following of target 0
        assert frames(session, 0) == [2]
        session.edit(Undo())
        assert [track.id for track in session.project.annotations.tracks] == [0]

    run(tmp_path, scene)


def test_a_file_that_cannot_be_written_is_told_and_written_later(tmp_path):
    place = tmp_path / "folder"

    async def scene(session):
        place.write_text("a file in the place of a folder")
        session.edit(key(2, None))
        await until(session, lambda: session.save_error)
        assert "cannot be written" in session.state({})["save_error"]
        place.unlink()
        await until(session, lambda: session.state({})["saved"])
        assert session.save_error == ""

    assert run(tmp_path, scene, path="folder/p.json").keys(0) == [2]


def test_what_another_program_writes_is_not_written_over(tmp_path):
    path = tmp_path / "p.json"

    async def scene(session):
        session.edit(key(2, None))
        await until(session, lambda: session.state({})["saved"])
        path.write_text("mine")
        session.edit(key(4, 0))
        await until(session, lambda: session.path != path)
        assert session.message == f"Another program has changed {path}: this page goes on in {tmp_path / 'p-2.json'}"
        path.unlink()

    assert run(tmp_path, scene) is None
    assert open_project(tmp_path / "p-2.json", VIDEO).keys(0) == [2, 4]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"type": "explode"}',
        '{"type": "draw", "frame": -1}',
        '{"type": "draw", "box": [1, 2, 3, "x"]}',
        '{"type": "follow", "target": 1, "back": 3}',
        '{"type": "undo", "frame": 1}',
        '{"type": "remove"}',
    ],
)
def test_messages_that_are_no_edits(text):
    with pytest.raises(InputError, match="not an edit"):
        parse_edit(text)


def test_labels_are_made_plain():
    edit = parse_edit('{"type": "draw", "target": null, "label": "  a\\u0000b\\n ", "frame": 1, "box": [1, 2, 3, 4]}')
    assert edit == Draw(None, "ab", 1, (1, 2, 3, 4))
    assert parse_edit('{"type": "relabel", "target": 1, "label": "  "}') == Relabel(1, "object")
