"""Several targets at once, each with an id."""

from __future__ import annotations

import threading
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never

from ltr.utils.errors import InputError
from pytracking.api.tracker_checkpoint import read_snapshot, write_snapshot
from pytracking.features.freed_memory import release_freed_memory
from pytracking.tracker.base.output import Box, TrackOutput

if TYPE_CHECKING:
    from pytracking.api.frames import Frame
    from pytracking.api.tracker import Tracker


class MultiTracker:
    """Follows any number of targets with one network::

        targets = MultiTracker(Tracker("dimp", "dimp_ncep_mobile"))
        targets.add(frame, (100, 80, 60, 90))  # id 0
        targets.add(frame, (300, 90, 50, 50))  # id 1; others may come in any later frame
        outputs = targets.track(next_frame)  # {0: TrackOutput(...), 1: TrackOutput(...)}
        targets.remove(0)

    The targets do not know of each other, and what becomes of one does not depend on the others. Several
    ``MultiTracker`` may be made of one tracker and share its network; each can be called from any thread (its calls
    wait for each other).

    Args:
        tracker: what each target gets a copy of. It is not itself used or changed.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._targets: dict[int, Tracker] = {}
        self._next_id = 0
        self._lock = threading.Lock()

    def __reduce_ex__(self, protocol: object) -> Never:
        """Of pickle and copy."""
        raise TypeError(
            "a MultiTracker cannot be pickled or copied: make another of its Tracker here, save and restore between "
            "processes"
        )

    @property
    def ids(self) -> list[int]:
        """The targets that are followed, in ascending order."""
        return sorted(self._targets)

    def __getitem__(self, target_id: int) -> Tracker:
        """The tracker of a target, to look at; KeyError where there is none of that id."""
        return self._targets[target_id]

    def add(self, frame: Frame, box: Box, target_id: int | None = None) -> int:
        """Learn a target, to be followed from the next :meth:`track` on; its id.

        Args:
            frame, box: as for ``Tracker.initialize``.
            target_id: its id, at least 0; that of a target that is followed learns it anew. By default a number that
                no target has had: 0, 1, ...
        Raises:
            ValueError: the frame, box or id is not of this kind; nothing has changed.
        """
        if target_id is not None:
            target_id = _checked_id(target_id)
        with self._lock:
            target_id = self._next_id if target_id is None else target_id
            target = self._tracker.another()
            target.initialize(frame, box)
            self._targets[target_id] = target
            self._next_id = max(self._next_id, target_id + 1)
            return target_id

    def remove(self, target_id: int) -> None:
        """Follow this target no longer. ValueError where there is none of that id."""
        with self._lock:
            if target_id not in self._targets:
                raise InputError(f"no target {target_id}; there are {self.ids}")
            del self._targets[target_id]
            release_freed_memory()

    def clear(self) -> None:
        """Follow no target any longer; new ones are numbered from 0 again."""
        with self._lock:
            self._targets.clear()
            self._next_id = 0
            release_freed_memory()

    def track(self, frame: Frame) -> dict[int, TrackOutput]:
        """Find all targets in the next frame: their outputs by id, in ascending order."""
        with self._lock:
            ids = self.ids
            outputs = self._tracker.track_all([self._targets[target_id] for target_id in ids], frame)
            return dict(zip(ids, outputs, strict=True))

    def save(self, path: str | Path) -> None:
        """Write all running targets to ``path`` (.safetensors), without the network."""
        with self._lock:
            states = {target_id: self._targets[target_id].state_dict() for target_id in self.ids}
        write_snapshot(Path(path), states, self._tracker.run_info())

    def restore(self, path: str | Path) -> None:
        """Follow what :meth:`save` (or ``Tracker.save``) wrote, and nothing else; raises as ``Tracker.restore``."""
        restored = {}
        for target_id, state in read_snapshot(Path(path), self._tracker.run_info()).items():
            restored[target_id] = self._tracker.another()
            restored[target_id].load_state_dict(state)
        with self._lock:
            self._targets = restored
            self._next_id = max(restored, default=-1) + 1


def _checked_id(target_id: Any) -> int:
    """``target_id`` as an int; ValueError where it is no whole number of at least 0."""
    if not isinstance(target_id, Integral) or isinstance(target_id, bool) or target_id < 0:
        raise InputError(f"target_id: expected a whole number of 0 or more, got {target_id!r}")
    return int(target_id)
