"""The public tracker, loaded by name."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_args

from ltr.utils.errors import InputError
from ltr.utils.numbers import check_seed
from pytracking.api.boxes import check_box
from pytracking.api.frames import Channels, as_rgb
from pytracking.api.tracker_checkpoint import read_snapshot, write_snapshot
from pytracking.tracker.base.config import TrackerConfig, as_texts
from pytracking.tracker.base.output import TrackOutput
from pytracking.tracker.base.run_info import RunInfo
from pytracking.tracker.base.tracker import Debuggable, Restorable, Staged
from pytracking.tracker.families import FAMILIES, complete, load_parameters

if TYPE_CHECKING:
    import numpy as np

    from pytracking.api.boxes import BoxLike
    from pytracking.api.frames import Frame


class Tracker:
    """A tracker of one target. ``initialize`` can be called repeatedly; the network is loaded once.

    For several targets see :class:`~pytracking.api.multi_tracker.MultiTracker`. Clones share only the network, which no
    call changes, so each can run in its own thread.

    Args:
        name: the family, ``"dimp"`` or another of :mod:`pytracking.tracker.families`; without ``parameter``, also the
            name of parameters or the path of a .safetensors network.
        parameter: its parameters, or the path of a .safetensors network; by default the shipped network.
        device: ``"auto"`` (CUDA if available), ``"cpu"``, ``"cuda"``, ``"mps"``, ...
        seed: of all random numbers, 0 to 2**32 - 1; the same seed gives the same boxes.
        channels: color order of the frames, ``"RGB"`` or ``"BGR"`` (as ``cv2.imread`` and ``cv2.VideoCapture`` give).
        accelerator: ``"auto"``, ``"onnxruntime"``, ``"openvino"`` or ``"torch"`` (see ``docs/speed.md``).
        precision: of the network's arithmetic: ``"f32"``, ``"bf16"``, ``"f16"`` or ``"int8"``.
        overrides: parameters to change, nested ones as mappings: ``Tracker(refinement={"method": "ascent"})``.

    Only DiMP supports device, accelerator, precision, overrides, the debug hook, saving and restoring; other families
    raise InputError.

    Raises:
        InputError: unknown tracker, parameters, override, channels, device, accelerator or precision (the message
            lists the known ones), or an invalid seed.
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
        """The tracker of ``config``; its ``threads`` are torch's in the whole process."""
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

    def clone(self) -> Self:
        """An uninitialized tracker with the same configuration, for another target; it shares the network."""
        clone = object.__new__(type(self))
        clone.__dict__.update(self.__dict__)
        clone._tracker = self._model.new_tracker()
        if isinstance(self._tracker, Debuggable):
            clone.debug = self._tracker.debug.clone()
        clone._started = False
        return clone

    another = clone  # the old name

    def __repr__(self) -> str:
        doing = "tracks a target" if self._started else "not initialized"
        c = self.config
        return f"<Tracker {c.tracker} {c.parameter}, seed {c.seed}, {self.channels}: {doing}>"

    def __reduce_ex__(self, protocol: object) -> Any:
        """Reject pickle and copy: a compiled network belongs to its process."""
        raise TypeError("a Tracker cannot be pickled or copied: use clone(); between processes, save and restore")

    def initialize(self, frame: Frame, box: BoxLike) -> None:
        """Learn a target.

        Args:
            frame: uint8, numpy ``[H, W, 3]`` or torch ``[3, H, W]``, in the color order ``channels``; or a PIL image.
                Gray ``[H, W]`` and a fourth channel (alpha, ignored) are accepted, too.
            box: (x, y, w, h) in pixels: left, top, width, height; not two corners, which would not be detected. A
                quarter of it or more must lie inside the frame.
        Raises:
            InputError: the frame or the box is invalid.
        """
        image = as_rgb(frame, self.channels)
        self._tracker.initialize(image, check_box(box, image))
        self._started = True

    def track(self, frame: Frame) -> TrackOutput:
        """Find the target in the next frame, of the same kind as for :meth:`initialize`.

        A frame of another size is taken as the same view, rescaled; if its aspect ratio differs, with a warning. The
        box of the output is in pixels of this frame.
        """
        self._check_started("track")
        return self._tracker.track(as_rgb(frame, self.channels))

    def track_batch(self, clones: Sequence[Tracker], frame: Frame) -> list[TrackOutput]:
        """Outputs of ``track`` for each of ``clones`` (from :meth:`clone`); DiMP processes them as one batch."""
        for clone in clones:
            clone._check_started("track_batch")
        image = as_rgb(frame, self.channels)
        return self._model.track_batch([clone._tracker for clone in clones], image)

    track_all = track_batch  # the old name

    @property
    def debug(self) -> Any:
        """The debug hook, which can be set (see :mod:`pytracking.tracker.dimp.debug`)."""
        return self._capable(Debuggable).debug

    @debug.setter
    def debug(self, hook: Any) -> None:
        self._capable(Debuggable).debug = hook

    @property
    def stages(self) -> dict[str, tuple[object, str]]:
        """The stages of ``track`` that can be timed, as object and method name; empty for some trackers."""
        return self._tracker.stages if isinstance(self._tracker, Staged) else {}

    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of the target's state, as named numpy arrays."""
        self._check_started("state_dict")
        return self._capable(Restorable).state_dict()

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Continue from the :meth:`state_dict` of a tracker with the same network and parameters."""
        self._capable(Restorable).load_state_dict(state)
        self._started = True

    def save(self, path: str | Path) -> None:
        """Write the target's state to ``path`` (.safetensors), without the network."""
        write_snapshot(Path(path), {0: self.state_dict()}, self.run_info())

    def restore(self, path: str | Path) -> None:
        """Continue from the state that :meth:`save` wrote; :meth:`track` then gives the same as in the saved tracker.

        Raises:
            FileNotFoundError: no such file.
            InputError: the file is not of this kind, or is of another network, other parameters or several targets.
        """
        targets = read_snapshot(Path(path), self.run_info())
        if len(targets) != 1:
            raise InputError(f"{path}: holds {len(targets)} targets; MultiTracker restores them")
        self.load_state_dict(*targets.values())

    def stamp(self) -> dict[str, Any]:
        """The settings that results depend on, as JSON values: parameters, network, versions, device, seed."""
        return self.run_info().to_json()

    def run_info(self) -> RunInfo:
        """The same as a dataclass."""
        return self._model.run_info()

    def _capable(self, capability: Any) -> Any:
        """The underlying tracker, if it has the ``capability``; InputError otherwise."""
        if not isinstance(self._tracker, capability):
            raise InputError(
                f"trackers of {self.config.tracker} support no saving, restoring or debug hook; those of dimp do"
            )
        return self._tracker

    def _check_started(self, call: str) -> None:
        if not self._started:
            raise InputError(f"{call} was called before initialize")
