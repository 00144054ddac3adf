"""Loading of DiMP: the network on its device, with its accelerator."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
import torch
from torch import Tensor

from ltr.models.tracking.dimpnet import DiMPnet
from ltr.models.tracking.settings import DiMPnetSettings
from ltr.utils.config import check, load
from ltr.utils.device import choose_device
from ltr.utils.errors import InputError
from pytracking.features import fork_guard
from pytracking.features.accelerators import accelerate, choose_accelerator, int8_graph
from pytracking.features.frame_network import FrameNetwork
from pytracking.features.net_wrappers import find_network, load_for_tracking
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.base.output import Box, TrackOutput
from pytracking.tracker.base.run_info import RunInfo
from pytracking.tracker.base.tracker import TrackerModel
from pytracking.tracker.dimp.confidence import Calibration
from pytracking.tracker.dimp.debug import DebugHook
from pytracking.tracker.dimp.dimp import DiMP
from pytracking.tracker.dimp.target_state import TargetState, check_state
from pytracking.tracker.dimp.torch_functions import TorchFunctions


class DiMPTracker:
    """One target of a :class:`DiMP` (:class:`~pytracking.tracker.base.tracker.BaseTracker`).

    Args:
        dimp: shared with other targets.
        device: where the state's arrays are.
        seed: of every ``initialize``.
    """

    def __init__(self, dimp: DiMP, device: torch.device, seed: int = 0) -> None:
        self.dimp, self.device, self.seed = dimp, device, seed
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

    def state_dict(self) -> dict[str, Tensor]:
        """A copy of the state as named tensors."""
        return self.started.state_dict()

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from the state of a tracker with the same network and parameters; InputError if it does not fit."""
        check_state(state, self.dimp.settings, self.dimp.params.memory.size)
        self.state = TargetState.from_state_dict(state, self.device)

    @property
    def started(self) -> TargetState:
        """The state; InputError before ``initialize``."""
        if self.state is None:
            raise InputError("the tracker has no target yet: call initialize first")
        return self.state


class DiMPModel(TrackerModel):
    """The model that all targets share; no call changes its network."""

    def __init__(self, params: DiMPParams, config: TrackerConfig) -> None:
        fork_guard.TORCH.check()
        params = config.override(params)
        self.config = config
        self.device = choose_device(config.device)
        self.accelerator = choose_accelerator(config.accelerator, self.device)
        given = {name: getattr(params, name) for name in ("search_area", "crop_side", "crop_mode", "max_shrink")}
        of_network = {name: value for name, value in given.items() if value is not None}
        network, settings, self.card = load_for_tracking(params.network, self.device, of_network)
        self.params = params.for_prediction(self.card.box_prediction)
        settings = self.prepare(network, settings)
        size = settings.crop_side
        int8 = int8_graph(find_network(params.network), self.card.sha256)
        extractor = accelerate(FrameNetwork(network), size, self.device, self.accelerator, config.precision, int8)
        self.functions = TorchFunctions(network, size, self.params.refinement, self.device, extractor)
        self.dimp = DiMP(self.functions, settings, self.params, self._calibration(settings))

    def _calibration(self, settings: DiMPnetSettings) -> Calibration | None:
        """The card's: it is of the network's own classifier, and of the energies of posterior means."""
        fits = settings.classifier.objective != "online" and self.params.refinement.method == "mean"
        if self.card.confidence is None or not fits:
            return None
        where = f"card of {self.params.network}: confidence"
        calibration = load(Calibration, self.card.confidence, where)
        check(calibration, where)
        return calibration

    def prepare(self, network: DiMPnet, settings: DiMPnetSettings) -> DiMPnetSettings:
        """The settings of a loaded ``network``; a subclass may change both."""
        if settings.classifier.objective == "online":
            raise InputError(f"{self.params.network}: has no classifier of its own; it is for tracker atom")
        return settings

    def new_tracker(self) -> DiMPTracker:
        """A tracker of one target."""
        return DiMPTracker(self.dimp, self.device, self.config.seed)

    def track_batch(self, trackers: Sequence[DiMPTracker], frame: np.ndarray) -> list[TrackOutput]:
        """Find the targets of ``trackers`` in one batch."""
        return self.dimp.track([each.started for each in trackers], frame, [each.debug for each in trackers])

    def run_info(self) -> RunInfo:
        """The settings that results depend on."""
        versions = {"torch": str(torch.__version__)}
        if self.accelerator != "torch":
            versions[self.accelerator] = version(self.accelerator)
        return RunInfo.of(
            self.config,
            versions,
            settings=self.params.in_stamps(),
            network_sha256=self.card.sha256,
            device=str(self.device),
            threads=torch.get_num_threads(),
            accelerator=self.accelerator,
            precision=self.config.precision,
        )
