"""Tracking of several targets, each with an id."""

from __future__ import annotations

import threading
from collections.abc import Collection
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never

from ltr.utils.errors import InputError
from pytracking.api.tracker_checkpoint import read_snapshot, write_snapshot
from pytracking.features.freed_memory import release_freed_memory
from pytracking.tracker.base.output import TrackOutput

if TYPE_CHECKING:
    from pytracking.api.boxes import BoxLike
    from pytracking.api.frames import Frame
    from pytracking.api.tracker import Tracker


class MultiTracker:
    """Tracks any number of targets with one network::

        targets = MultiTracker(Tracker("dimp", "dimp_ncep_mobile"))
        targets.add(frame, (100, 80, 60, 90))  # id 0
        targets.add(frame, (300, 90, 50, 50))  # id 1; targets can be added in any frame
        outputs = targets.track(next_frame)  # {0: TrackOutput(...), 1: TrackOutput(...)}
        targets.remove(0)

    Targets are independent of each other. Several ``MultiTracker`` can be made of one tracker and share its network.
    Each can be called from any thread; calls are serialized.

    Args:
        tracker: cloned for each target; it is not changed.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._targets: dict[int, Tracker] = {}
        self._next_id = 0
        self._lock = threading.Lock()

    def __reduce_ex__(self, protocol: object) -> Never:
        """Reject pickle and copy."""
        raise TypeError(
            "a MultiTracker cannot be pickled or copied: make another one from its Tracker; between processes, use "
            "save and restore"
        )

    @property
    def ids(self) -> list[int]:
        """Ids of the tracked targets, in ascending order."""
        return sorted(self._targets)

    def __getitem__(self, target_id: int) -> Tracker:
        """The tracker of a target, for inspection; KeyError for an unknown id."""
        return self._targets[target_id]

    def add(self, frame: Frame, box: BoxLike, target_id: int | None = None) -> int:
        """Add a target, which :meth:`track` finds from the next frame on; returns its id.

        Args:
            frame, box: as for ``Tracker.initialize``.
            target_id: its id, at least 0; the id of a tracked target reinitializes that target. By default the next
                unused number: 0, 1, ...
        Raises:
            InputError: the frame, box or id is invalid; nothing has changed.
        """
        if target_id is not None:
            target_id = _checked_id(target_id)
        with self._lock:
            target_id = self._next_id if target_id is None else target_id
            target = self._tracker.clone()
            target.initialize(frame, box)
            self._targets[target_id] = target
            self._next_id = max(self._next_id, target_id + 1)
            return target_id

    def remove(self, target_id: int) -> Tracker:
        """Remove a target; returns its tracker, for :meth:`put_back`. InputError for an unknown id."""
        with self._lock:
            if target_id not in self._targets:
                raise InputError(f"no target {target_id}; known targets are {self.ids}")
            removed = self._targets.pop(target_id)
            release_freed_memory()
            return removed

    def put_back(self, target_id: int, removed: Tracker) -> None:
        """Track a target again that :meth:`remove` gave; in the next frame, it is searched where it was last."""
        with self._lock:
            self._targets[target_id] = removed
            self._next_id = max(self._next_id, target_id + 1)

    def clear(self) -> None:
        """Remove all targets; new ones are numbered from 0 again."""
        with self._lock:
            self._targets.clear()
            self._next_id = 0
            release_freed_memory()

    def track(self, frame: Frame, ids: Collection[int] | None = None) -> dict[int, TrackOutput]:
        """Find all targets (or those of ``ids``) in the next frame; outputs by id, in ascending order."""
        with self._lock:
            ids = self.ids if ids is None else sorted(ids)
            outputs = self._tracker.track_batch([self._targets[target_id] for target_id in ids], frame)
            return dict(zip(ids, outputs, strict=True))

    def save(self, path: str | Path) -> None:
        """Write the state of all targets to ``path`` (.safetensors), without the network."""
        with self._lock:
            states = {target_id: self._targets[target_id].state_dict() for target_id in self.ids}
        write_snapshot(Path(path), states, self._tracker.run_info())

    def restore(self, path: str | Path) -> None:
        """Replace all targets by those that :meth:`save` (or ``Tracker.save``) wrote; raises as ``Tracker.restore``."""
        restored = {}
        for target_id, state in read_snapshot(Path(path), self._tracker.run_info()).items():
            restored[target_id] = self._tracker.clone()
            restored[target_id].load_state_dict(state)
        with self._lock:
            self._targets = restored
            self._next_id = max(restored, default=-1) + 1


def _checked_id(target_id: Any) -> int:
    """``target_id`` as an int; InputError unless it is a whole number of 0 or more."""
    if not isinstance(target_id, Integral) or isinstance(target_id, bool) or target_id < 0:
        raise InputError(f"target_id: expected a whole number of 0 or more, got {target_id!r}")
    return int(target_id)
