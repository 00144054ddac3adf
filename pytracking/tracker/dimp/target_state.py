"""The state of one DiMP target, and its conversion to named numpy arrays for saving and restoring."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

from ltr.models.tracking.settings import DiMPnetSettings
from ltr.utils.errors import InputError
from pytracking.tracker.base.arrays import as_numpy
from pytracking.tracker.base.frame_size import Size, size_factors
from pytracking.tracker.dimp.distractors import Distractors
from pytracking.tracker.dimp.far_search import SearchState
from pytracking.tracker.dimp.functions import Array, DiMPFunctions, Modulation
from pytracking.tracker.dimp.identity import Reacquisition
from pytracking.tracker.dimp.memory import Memory
from pytracking.tracker.dimp.rotation import ANGLES, Rotation

GENERATOR = "generator"  # its name; it is no array


@dataclass
class TargetState:
    """All state of one target; the tracker itself has none. Boxes are (x, y, w, h) in image pixels."""

    box: np.ndarray  # in the last frame, float64 [4]
    first_size: np.ndarray  # (w, h) of the first box, float64 [2]
    frame_size: Size  # of the last frame
    motion: np.ndarray  # (x, y) of the center when last seen, pixels a frame, float64 [2]
    filter: Array
    first_filter: Array  # learned from the first frame only
    modulation: Modulation
    memory: Memory
    generator: Any
    distractors: Distractors = field(default_factory=Distractors)
    reacquisition: Reacquisition = Reacquisition()
    identity_score: float = 1.0
    first_energy: float = math.nan  # of the first box, in the first frame; NaN if boxes are not refined
    log_odds: float = math.nan  # running mean, of the box being on the target; NaN before the first frame
    frame_number: int = 0
    search: SearchState = SearchState()
    rotation: Rotation = field(default_factory=Rotation)

    @property
    def expected_size(self) -> np.ndarray:
        """(w, h) that the box will probably have, in image pixels, float64 [2]."""
        return self.rotation.expected_size(self.first_size)

    def fit_to(self, frame_size: Size) -> None:
        """Scale everything in image pixels to frames of this size."""
        if frame_size != self.frame_size:
            factors = np.array(size_factors(self.frame_size, frame_size))
            self.box, self.first_size = self.box * np.tile(factors, 2), self.first_size * factors
            self.motion, self.distractors = self.motion * factors, self.distractors.scaled(factors)
            self.search = self.search.scaled(factors)
            self.frame_size = frame_size

    def state_dict(self, functions: DiMPFunctions) -> dict[str, np.ndarray]:
        """A copy as named arrays, for :meth:`from_state_dict`."""
        leaves = {name: value for name, value in _leaves(self, type(self)) if name != GENERATOR}
        arrays = {name: as_numpy(value).copy(order="C") for name, value in leaves.items()}
        return {**arrays, GENERATOR: functions.save_generator(self.generator)}

    @classmethod
    def from_state_dict(cls, state: Mapping[str, np.ndarray], functions: DiMPFunctions) -> TargetState:
        """The state from its :meth:`state_dict` (checked by :func:`check_state`), for the same ``functions``."""
        return _decode(cls, "", state, functions)  # type: ignore[no-any-return]


def check_state(state: Mapping[str, np.ndarray], network: DiMPnetSettings, memory_size: int) -> None:
    """Raise InputError if ``state`` has other names than a state, or values that do not fit the network.

    Fields with start values may be missing: older versions did not have all of them. ``distractors`` is one that they
    had: the distractors' places.
    """
    expected = dict(_leaf_names(TargetState))
    missing, unknown = expected.keys() - state.keys(), state.keys() - expected.keys() - {"distractors"}
    if unknown or any(not expected[name] for name in missing):
        raise InputError(f"not the state of a DiMP tracker: expected {sorted(expected)}, got {sorted(state)}")
    for name, (dtype, shape) in _stored(network, memory_size).items():
        if name not in state:
            continue
        values = state[name]
        if values.dtype != dtype or not _fits(values, shape) or not np.isfinite(values).all():
            text = f"expected finite {dtype} {list(shape)}, got {values.dtype} {list(values.shape)}"
            raise InputError(f"not the state of a DiMP tracker: {name}: {text}")
    if not (state["box"][2:] > 0).all() or not (state["first_size"] > 0).all():
        raise InputError("not the state of a DiMP tracker: box, first_size: expected a size above 0")
    if len({len(state.get(name, ())) for name in _stored(network, memory_size) if name.startswith("distractors.")}) > 1:
        raise InputError("not the state of a DiMP tracker: distractors: expected arrays of one length")
    angles = state.get("rotation.probabilities", np.ones(1))
    if (angles < 0).any() or not 0.99 < float(angles.sum()) < 1.01:
        raise InputError("not the state of a DiMP tracker: rotation.probabilities: expected a sum of 1")
    num_init, num_added = state["memory.num_init"], state["memory.num_added"]
    if not ((num_init > 0) & (num_init < memory_size)).all() or not (num_added >= 0).all():
        raise InputError(f"not the state of a DiMP tracker: memory.num_init, num_added: not of {memory_size} samples")


def _stored(network: DiMPnetSettings, memory_size: int) -> dict[str, tuple[np.dtype, tuple[int | str, ...]]]:
    """Data type and shape of the stored arrays; ``"n"`` is any number."""
    channels, side = network.classifier.feature_dim, network.feature_size
    f32, f64, i64 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64)
    filter, modulation = (f32, network.filter_shape), (f32, (1, network.box_branch.pred_input_dim, 1, 1))
    return {
        "box": (f64, (4,)),
        "first_size": (f64, (2,)),
        "motion": (f64, (2,)),
        "distractors.ids": (i64, ("n",)),
        "distractors.places": (f64, ("n", 2)),
        "distractors.motions": (f64, ("n", 2)),
        "distractors.scores": (f64, ("n",)),
        "distractors.ages": (i64, ("n",)),
        "distractors.unseen": (i64, ("n",)),
        "search.candidates": (f64, ("n", 4)),
        "search.view": (np.dtype(np.uint8), ("n", "n")),
        "rotation.probabilities": (f64, (len(ANGLES),)),
        "filter": filter,
        "first_filter": filter,
        "modulation.0": modulation,
        "modulation.1": modulation,
        "memory.samples": (f32, (memory_size, 1, channels, side, side)),
        "memory.boxes": (f32, (memory_size, 1, 4)),
        "memory.weights": (f64, (memory_size, 1)),
    }


def _fits(values: np.ndarray, shape: tuple[int | str, ...]) -> bool:
    """Whether ``values`` have ``shape``; ``"n"`` matches any number."""
    return values.ndim == len(shape) and all(n in (size, "n") for n, size in zip(shape, values.shape, strict=False))


def _parts(kind: Any) -> dict[str, Any]:
    """Names and types of the fields of a dataclass or the items of a tuple type; empty for other types."""
    if is_dataclass(kind):
        return get_type_hints(kind)
    return {str(number): part for number, part in enumerate(get_args(kind))} if get_origin(kind) is tuple else {}


def _with_start_value(kind: Any) -> set[str]:
    """Names of the fields of a dataclass that have a start value."""
    if not is_dataclass(kind):
        return set()
    return {f.name for f in fields(kind) if f.default is not MISSING or f.default_factory is not MISSING}


def _leaf_names(kind: Any, name: str = "", optional: bool = False) -> Iterator[tuple[str, bool]]:
    """Dotted names (``memory.boxes``, ...) of all values stored for the type ``kind``, and whether each is optional."""
    parts, started = _parts(kind), _with_start_value(kind)
    for part, its_kind in parts.items():
        yield from _leaf_names(its_kind, f"{name}.{part}".lstrip("."), optional or part in started)
    if not parts:
        yield name, optional


def _leaves(value: Any, kind: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The same names, with their values."""
    parts = _parts(kind)
    for part, its_kind in parts.items():
        held = value[int(part)] if isinstance(value, tuple) else getattr(value, part)
        yield from _leaves(held, its_kind, f"{name}.{part}".lstrip("."))
    if not parts:
        yield name, value


def _decode(kind: Any, name: str, state: Mapping[str, np.ndarray], functions: DiMPFunctions) -> Any:
    """The value of the type ``kind`` stored under ``name``; fields that are not stored have their start values."""
    parts, started = _parts(kind), _with_start_value(kind)
    if parts:
        names = {part: f"{name}.{part}".lstrip(".") for part in parts}
        stored = {
            part: _decode(parts[part], full, state, functions)
            for part, full in names.items()
            if part not in started or any(key == full or key.startswith(f"{full}.") for key in state)
        }
        return tuple(stored.values()) if get_origin(kind) is tuple else kind(**stored)
    values = state[name]
    if name == GENERATOR:
        try:
            return functions.load_generator(values)
        except (RuntimeError, TypeError, ValueError) as error:
            raise InputError(f"not the state of a DiMP tracker: {name}: {error}") from None
    if kind in (int, float):
        if values.size != 1:
            raise InputError(f"not the state of a DiMP tracker: {name}: expected a number, got {list(values.shape)}")
        return kind(values.item())
    return values.copy() if kind is np.ndarray else functions.place(values)
