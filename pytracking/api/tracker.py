"""A tracker by name, ready to run: what programs and commands use."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Self, get_args

from torch import Tensor

from ltr.utils.errors import InputError
from ltr.utils.numbers import check_seed
from pytracking.api.boxes import check_box
from pytracking.api.frames import Channels, Frame, as_rgb
from pytracking.api.tracker_checkpoint import read_snapshot, write_snapshot
from pytracking.tracker.base.config import TrackerConfig, as_texts
from pytracking.tracker.base.output import Box, TrackOutput
from pytracking.tracker.base.run_info import RunInfo
from pytracking.tracker.base.tracker import Debuggable, Restorable, Staged
from pytracking.tracker.families import FAMILIES, complete, load_parameters


class Tracker:
    """A tracker of one target. ``initialize`` may be called again and again; the network is loaded once.

    For several targets see :class:`~pytracking.api.multi_tracker.MultiTracker`. Nothing is shared between
    trackers but the network, which no call changes: each may run in a thread of its own.

    Args:
        name: the family, ``"dimp"`` or another of :mod:`pytracking.tracker.families`; alone, also the name of
            parameters or the path of a .safetensors network.
        parameter: its parameters, or the path of a .safetensors network; by default the network that comes along.
        device: ``"auto"`` (CUDA where there is one), ``"cpu"``, ``"cuda"``, ``"mps"``, ...
        seed: of everything random, 0 to 2**32 - 1; the same seed gives the same boxes.
        channels: the colours of the frames to come, ``"RGB"`` or ``"BGR"`` (what ``cv2.imread`` and
            ``cv2.VideoCapture`` give).
        accelerator: what runs the network: ``"auto"``, ``"torch"`` or ``"openvino"``
            (see :mod:`pytracking.features.accelerators`).
        precision: of the network's arithmetic: ``"f32"``, ``"bf16"`` or ``"f16"``.
        overrides: parameters to change, nested ones by mappings:
            ``Tracker(refinement={"method": "ascent"})``.

    Device, accelerator, precision and overrides, the debug hook, and saving and restoring are DiMP's alone: other
    families refuse them with a ValueError.

    Raises:
        ValueError: unknown tracker, parameters, override, channels, device, accelerator or precision (the message
            lists what exists), or a seed that is none.
        ImportError: the accelerator, or the package that has the tracker, is not installed.
        FileNotFoundError: the network's file is missing.
    """

    def __init__(
        self,
        name: str | PathLike[str] = TrackerConfig.tracker,
        parameter: str | PathLike[str] | None = TrackerConfig.parameter,
        device: str = TrackerConfig.device,
        seed: int = TrackerConfig.seed,
        channels: Channels = "RGB",
        accelerator: str = TrackerConfig.accelerator,
        precision: str = TrackerConfig.precision,
        **overrides: Any,
    ) -> None:
        names = fspath(name), None if parameter is None else fspath(parameter)
        texts = tuple(as_texts(overrides))
        self._build(TrackerConfig(*names, device, check_seed(seed), accelerator, precision, None, texts), channels)

    @classmethod
    def from_config(cls, config: TrackerConfig, channels: Channels = "RGB") -> Self:
        """The tracker of ``config``; its ``threads`` are the process's, and left to the caller."""
        made = object.__new__(cls)
        made._build(config, channels)
        return made

    def _build(self, config: TrackerConfig, channels: Channels) -> None:
        config.check()
        if channels not in get_args(Channels):
            raise InputError(f"channels: expected RGB or BGR, got {channels!r}")
        self.config, self.channels = complete(config), channels
        params = load_parameters(self.config)
        self._model = FAMILIES[self.config.tracker].load(params, self.config)
        self._tracker = self._model.new_tracker()
        self._started = False

    def another(self) -> Self:
        """A tracker like this one, with the same network in memory, for a target of its own."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._tracker = self._model.new_tracker()
        if isinstance(self._tracker, Debuggable):
            twin.debug = self._tracker.debug.clone()
        twin._started = False
        return twin

    def __repr__(self) -> str:
        doing = "follows a target" if self._started else "not initialized"
        c = self.config
        return f"<Tracker {c.tracker} {c.parameter}, seed {c.seed}, {self.channels}: {doing}>"

    def __reduce_ex__(self, protocol: object) -> Any:
        """Of pickle and copy: a compiled network belongs to its process."""
        raise TypeError("a Tracker cannot be pickled or copied: use another() here, save and restore between processes")

    def initialize(self, frame: Frame, box: Box) -> None:
        """Learn a target.

        Args:
            frame: uint8, numpy ``[H, W, 3]`` or torch ``[3, H, W]``, colours as ``channels`` says.
            box: (x, y, w, h) in pixels: left, top, width, height, not two corners (which cannot be told from it).
                It must overlap the frame.
        Raises:
            ValueError: the frame or the box is not of this kind.
        """
        image = as_rgb(frame, self.channels)
        self._tracker.initialize(image, check_box(box, image))
        self._started = True

    def track(self, frame: Frame) -> TrackOutput:
        """Find the target in the next frame, which is of the same kind as for :meth:`initialize`.

        A frame of another size is taken as the same view in other pixels; a warning where its shape differs, too.
        """
        self._check_started("track")
        return self._tracker.track(as_rgb(frame, self.channels))

    def track_all(self, twins: Sequence[Tracker], frame: Frame) -> list[TrackOutput]:
        """What ``track`` of each of ``twins``, trackers that :meth:`another` made, would give.

        DiMP's are worked on together: the network sees all their crops at once.
        """
        for twin in twins:
            twin._check_started("track_all")
        image = as_rgb(frame, self.channels)
        return self._model.track_batch([twin._tracker for twin in twins], image)

    @property
    def debug(self) -> Any:
        """Is shown what the tracker sees and decides; to be set, see :mod:`pytracking.tracker.dimp.debug`."""
        return self._capable(Debuggable).debug

    @debug.setter
    def debug(self, hook: Any) -> None:
        self._capable(Debuggable).debug = hook

    @property
    def stages(self) -> dict[str, tuple[object, str]]:
        """The parts of ``track`` that can be timed, as object and name of a method; none for some trackers."""
        return self._tracker.stages if isinstance(self._tracker, Staged) else {}

    def state_dict(self) -> dict[str, Tensor]:
        """A copy of all that was learned since ``initialize``, as named tensors."""
        self._check_started("state_dict")
        return self._capable(Restorable).state_dict()

    def load_state_dict(self, tensors: dict[str, Tensor]) -> None:
        """Go on from what :meth:`state_dict` of a tracker with the same network and parameters gave."""
        self._capable(Restorable).load_state_dict(tensors)
        self._started = True

    def save(self, path: str | Path) -> None:
        """Write the running tracker to ``path`` (.safetensors), without the network."""
        write_snapshot(Path(path), {0: self.state_dict()}, self.run_info())

    def restore(self, path: str | Path) -> None:
        """Go on from what :meth:`save` wrote, on this device: the next ``track`` gives what it would have given there.

        Raises:
            FileNotFoundError: no such file.
            ValueError: not such a file, or one of another network, other parameters or several targets.
        """
        targets = read_snapshot(Path(path), self.run_info())
        if len(targets) != 1:
            raise InputError(f"{path}: holds {len(targets)} targets; MultiTracker restores them")
        self.load_state_dict(*targets.values())

    def stamp(self) -> dict[str, Any]:
        """Everything a result depends on, as JSON values: parameters, network, versions, device, seed."""
        return self.run_info().to_json()

    def run_info(self) -> RunInfo:
        """The same by name."""
        return self._model.run_info()

    def _capable(self, capability: Any) -> Any:
        """The tracker behind this one, for what not all can; ValueError where it cannot."""
        if not isinstance(self._tracker, capability):
            raise InputError(
                f"trackers of {self.config.tracker} cannot be saved, restored or looked into; those of dimp can"
            )
        return self._tracker

    def _check_started(self, call: str) -> None:
        if not self._started:
            raise InputError(f"{call} was called before initialize")
