"""Loading of DiMP: the logic of a frame with the numerical functions that run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ltr.utils.errors import InputError
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.tracker.base.arrays import as_numpy
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.base.output import Box, TrackOutput
from pytracking.tracker.base.run_info import RunInfo
from pytracking.tracker.base.tracker import TrackerModel
from pytracking.tracker.dimp.backend import Backend, load_backend
from pytracking.tracker.dimp.debug import DebugHook
from pytracking.tracker.dimp.dimp import DiMP
from pytracking.tracker.dimp.target_state import TargetState, check_state


class DiMPTracker:
    """One target of a :class:`DiMP` (:class:`~pytracking.tracker.base.tracker.BaseTracker`).

    Args:
        dimp: shared with other targets.
        seed: of every ``initialize``.
    """

    def __init__(self, dimp: DiMP, seed: int = 0) -> None:
        self.dimp, self.seed = dimp, seed
        self.debug = DebugHook()
        self.state: TargetState | None = None

    def initialize(self, frame: np.ndarray, box: Box) -> None:
        """Learn the target ``box`` (x, y, w, h; pixels) of ``frame`` (RGB uint8 ``[H, W, 3]``)."""
        hook = None if type(self.debug) is DebugHook else self.debug  # which would ignore it all
        self.state = self.dimp.initialize(frame, box, self.seed, hook)

    def track(self, frame: np.ndarray) -> TrackOutput:
        """Find the target in the next frame (RGB uint8 ``[H, W, 3]``)."""
        return self.dimp.track([self.started], frame, [self.debug])[0]

    @property
    def stages(self) -> dict[str, tuple[object, str]]:
        """The stages of a frame. ``network``: backbone, classification features and the box branch's convolutions, as
        one graph; ``update``: of memory and filter.
        """
        dimp, functions = self.dimp, self.dimp.functions
        return {
            "crop": (functions, "crop"),
            "network": (functions, "extract_features"),
            "classifier": (functions, "classify_target"),
            "localise": (dimp, "_localize_target"),
            "refine": (functions, "refine_target_box"),
            "update": (dimp, "_update_classifier"),
        }

    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of the state as named arrays."""
        return self.started.state_dict(self.dimp.functions)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from the state (arrays or tensors) of a tracker with the same network and parameters; InputError if
        it does not fit."""
        arrays = {name: as_numpy(value) for name, value in state.items()}
        check_state(arrays, self.dimp.settings, self.dimp.params.memory.size)
        self.state = TargetState.from_state_dict(arrays, self.dimp.functions)

    @property
    def started(self) -> TargetState:
        """The state; InputError before ``initialize``."""
        if self.state is None:
            raise InputError("the tracker has no target yet: call initialize first")
        return self.state


class DiMPModel(TrackerModel):
    """The model that all targets share; no call changes its network."""

    def __init__(self, params: DiMPParams, config: TrackerConfig) -> None:
        self.config = config
        self.backend = self.load(config.override(params))
        self.dimp = DiMP(*(getattr(self.backend, name) for name in ("functions", "settings", "params", "calibration")))

    def load(self, params: DiMPParams) -> Backend:
        """The numerical functions for ``params``."""
        return load_backend(params, self.config)

    def new_tracker(self) -> DiMPTracker:
        """A tracker of one target."""
        return DiMPTracker(self.dimp, self.config.seed)

    def track_batch(self, trackers: Sequence[DiMPTracker], frame: np.ndarray) -> list[TrackOutput]:
        """Find the targets of ``trackers`` in one batch."""
        return self.dimp.track([each.started for each in trackers], frame, [each.debug for each in trackers])

    def run_info(self) -> RunInfo:
        """The settings that results depend on."""
        backend = self.backend
        return RunInfo.of(
            self.config,
            backend.versions,
            settings=backend.params.in_stamps(),
            network_sha256=backend.network_sha256,
            device=backend.device,
            threads=backend.threads,
            accelerator=backend.accelerator,
            precision=self.config.precision,
        )
