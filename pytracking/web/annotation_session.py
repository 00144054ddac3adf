"""An annotation in work: its changes and their undo, the filling by tracking, and the file that keeps it."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ltr.utils.errors import InputError
from pytracking.annotation import editing
from pytracking.annotation.editing import Part, Project
from pytracking.annotation.model import AnnotatedBox, AnnotatedTrack
from pytracking.annotation.project_file import ProjectFile
from pytracking.api.boxes import check_box
from pytracking.api.tracker import Tracker
from pytracking.pipeline.autofill import Span, fill_span, spans_around, spans_of
from pytracking.video.frame_source import FrameSource
from pytracking.web.annotation_protocol import (
    Draw,
    Edit,
    Follow,
    Hide,
    Redo,
    Relabel,
    Remove,
    Stop,
    TakeBack,
    Undo,
    track_message,
)

MAX_UNDO = 200
SAVE_DELAY = 0.5  # seconds, in which more changes are saved together
REPORT = 0.25  # seconds between reports of progress

log = logging.getLogger(__name__)


class CanceledError(Exception):
    """The filling is not wanted any more."""


class AnnotationSession:
    """One video, its annotations, and the tracker that fills them. All methods are called in the event loop.

    Args:
        project: to begin with.
        source: the video; its length and frame size are known to ``project``.
        tracker: it is cloned.
        path: of the file, which every change is soon written to.
        worker: for tracking.
    """

    def __init__(self, project: Project, source: FrameSource, tracker: Tracker, path: Path, worker: Executor) -> None:
        self.project, self._file = project, ProjectFile(path)
        self._source, self._tracker, self._worker = source, tracker, worker
        width, height = project.annotations.video.size or (0, 0)
        self._blank = np.broadcast_to(np.uint8(0), (height, width, 3))
        self._before: list[Part] = []  # of the target that was changed; the others may be filled meanwhile
        self._after: list[Part] = []
        self._spans: list[Span] = []  # to fill; the first one is in work
        self._done = self._here = 0  # frames tracked: of the spans before, and of the first one
        self._run = 0  # counts up when the filling is canceled
        self.next_change = asyncio.Event()
        self._unsaved = False
        self.message = ""  # what went wrong last
        self.save_error = ""

    @property
    def path(self) -> Path:
        """The file that keeps the annotations."""
        return self._file.path

    # ---- what the page sees

    def state(self, sent: dict[int, tuple[AnnotatedTrack, frozenset[int]]]) -> dict[str, Any]:
        """What the page shows. Of the tracks, those that differ from ``sent``, which is brought up to date."""
        tracks, current = [], {}
        for track in self.project.annotations.tracks:
            ends = frozenset(frame for target, frame in self.project.ends if target == track.id)
            current[track.id] = (track, ends)
            known = sent.get(track.id)
            if known is None or known[0] is not track or known[1] != ends:
                tracks.append(track_message(track, self.project))
        sent.clear()
        sent.update(current)
        busy = None
        if self._spans:
            total = self._done + sum(span.work for span in self._spans[1:]) + self._spans[0].work
            busy = {"target": self._spans[0].target, "done": self._done + self._here, "total": max(total, 1)}
        return {
            "ids": list(current),
            "tracks": tracks,
            "busy": busy,
            "undo": bool(self._before),
            "redo": bool(self._after),
            "saved": not self._unsaved,
            "save_error": self.save_error,
            "path": str(self.path),
            "message": self.message,
        }

    def _tell(self) -> None:
        self.next_change.set()
        self.next_change = asyncio.Event()

    # ---- changes

    def edit(self, edit: Edit) -> int | None:
        """Make a change; the id of the target, if the change is a drawn box. InputError if it cannot be made."""
        self.message = ""
        match edit:
            case Draw(target, label, frame, box):
                return self._draw(target, label, frame, check_box(box, self._blank))
            case TakeBack(target, frame):
                self._replace(editing.take_back(self.project, target, frame), target)
                before, after = self._around(target, frame)
                if before is not None and after is not None:
                    self._fill(spans_around(self.project, target, before)[-1:])
            case Hide(target, frame):
                self._replace(editing.hide(self.project, target, frame), target)
            case Relabel(target, label):
                self._replace(editing.relabel(self.project, target, label), target, only_label=True)
            case Remove(target):
                self._replace(editing.remove(self.project, target), target)
            case Follow(target, back):
                spans = spans_of(self.project, target, back)
                canceled = self._cancel(target)
                self._replace(self.project, target)
                self._fill([*spans, *(span for span in canceled if span not in spans)])
            case Stop():
                self._cancel()
                self._tell()
            case Undo():
                self._go(self._before, self._after)
            case Redo():
                self._go(self._after, self._before)
        return None

    def _around(self, target: int, frame: int) -> tuple[int | None, int | None]:
        known = any(track.id == target for track in self.project.annotations.tracks)
        return self.project.around(target, frame) if known else (None, None)

    def _draw(self, target: int | None, label: str, frame: int, box: editing.Box) -> int:
        drawn, target_id = editing.draw(self.project, target, label, frame, box)
        canceled = self._cancel(target_id)
        self._replace(drawn, target_id)
        spans = spans_around(drawn, target_id, frame)
        before, after = drawn.around(target_id, frame)
        for span in canceled:  # go on with what was canceled, from the new keyframe where that is nearer
            if span.between:
                inside = span.key < frame < span.last
                spans += [] if inside or span in spans else [span]
            elif span.last > span.key and after is None:
                spans = [s for s in spans if s.between or s.last < s.key] + [replace(span, key=max(span.key, frame))]
            elif span.last < span.key and before is None:
                spans = [s for s in spans if s.between or s.last > s.key] + [replace(span, key=min(span.key, frame))]
        self._fill(spans)
        return target_id

    def _replace(self, project: Project, target: int, only_label: bool = False) -> None:
        """Make ``project``, in which ``target`` is changed, the current one, as a step that can be undone; unless its
        label alone is, its filling ends."""
        if not only_label:
            self._cancel(target)
        self._before = [*self._before, editing.part_of(self.project, target, only_label)][-MAX_UNDO:]
        self._after = []
        self._set(project)

    def _go(self, back: list[Part], forth: list[Part]) -> None:
        if not back:
            return
        part = back.pop()
        if not part.only_label:
            self._cancel(part.target)
        forth.append(editing.part_of(self.project, part.target, part.only_label))
        self._set(editing.with_part(self.project, part))

    def _set(self, project: Project) -> None:
        self.project = project
        self._unsaved = True
        self._tell()

    # ---- filling

    def _cancel(self, target: int | None = None) -> list[Span]:
        """Take the spans of ``target`` (None: of all) out of the work; those spans."""
        taken = [span for span in self._spans if target is None or span.target == target]
        if taken and taken[0] is self._spans[0]:
            self._run += 1
        self._spans = [span for span in self._spans if span not in taken]
        if not self._spans:
            self._done = self._here = 0
        return taken

    def _fill(self, spans: list[Span]) -> None:
        """Add ``spans`` to the work. What was followed beyond a keyframe before gives way to what is found now."""
        for span in spans:
            if not span.between:
                low, high = sorted((span.key, span.last))
                self._set(editing.cleared(self.project, span.target, low, high))
        self._spans += spans
        self._tell()

    async def run(self) -> None:
        """Fill and save until canceled; then, save what is left."""
        try:
            await asyncio.gather(self._run_spans(), self._run_saving())
        finally:
            self._run += 1
            if self._unsaved:
                self._file.save_at_the_end(self.project)

    async def _run_spans(self) -> None:
        while True:
            while not self._spans:
                await self.next_change.wait()
            span, run = self._spans[0], self._run
            try:
                await asyncio.get_running_loop().run_in_executor(self._worker, self._worker_of(span, run))
            except CanceledError:
                pass
            except InputError as error:
                self.message = str(error)
            except Exception:
                log.exception("filling failed")
                self.message = "The tracker failed; the terminal says why."
            if run == self._run:
                self._done += span.work
                self._spans = self._spans[1:]
            self._here = 0
            if not self._spans:
                self._done = 0
            self._tell()

    def _worker_of(self, span: Span, run: int) -> Callable[[], None]:
        """What the worker does for ``span``: its results come back to the event loop."""
        loop, project = asyncio.get_running_loop(), self.project
        count, due = 0, 0.0

        def progress() -> None:
            nonlocal count, due
            count += 1
            if run != self._run:
                raise CanceledError
            if time.monotonic() > due:
                due = time.monotonic() + REPORT
                loop.call_soon_threadsafe(self._report, run, count)

        def work() -> None:
            for part in fill_span(self._source, self._tracker, project, span, progress):
                loop.call_soon_threadsafe(self._take, run, span.target, part)

        return work

    def _report(self, run: int, count: int) -> None:
        if run == self._run:
            self._here = count
            self._tell()

    def _take(self, run: int, target: int, boxes: dict[int, AnnotatedBox]) -> None:
        if run == self._run:
            self._set(editing.fill(self.project, target, boxes))

    # ---- saving

    async def _run_saving(self) -> None:
        while True:
            while not self._unsaved:
                await self.next_change.wait()
            await asyncio.sleep(SAVE_DELAY)
            project, path = self.project, self.path
            try:
                if await asyncio.to_thread(self._file.save, project):
                    self.message = f"Another program has changed {path}: this page goes on in {self.path}"
                self._unsaved, self.save_error = self.project is not project, ""
            except (OSError, InputError) as error:
                self.save_error = f"{self.path} cannot be written: {getattr(error, 'strerror', None) or error}"
                await asyncio.sleep(SAVE_DELAY)
            self._tell()
