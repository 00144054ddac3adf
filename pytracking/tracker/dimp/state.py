"""Everything a running DiMP has learned, as named tensors: to put it away and to go on later."""

import torch
from torch import Tensor

from pytracking.tracker.dimp.dimp import DiMP
from pytracking.tracker.dimp.memory import Memory
from pytracking.tracker.dimp.probation import Probation

NAMES = {
    "frame_number",
    "generator",
    "box",
    "first_size",
    "filter",
    "first_filter",
    "recognition",
    "probation",
    "rivals",
    "motion",
    "modulation.0",
    "modulation.1",
    *(f"memory.{name}" for name in ("features", "boxes", "weights", "numbers")),
}


def state_dict(tracker: DiMP) -> dict[str, Tensor]:
    """A copy of the state of a tracker that has been initialised; :func:`load_state_dict` takes it."""
    state = {
        "frame_number": torch.tensor(tracker.frame_number),
        "generator": tracker.generator.get_state(),
        "box": tracker.box,
        "first_size": tracker.first_size,
        "filter": tracker.filter,
        "first_filter": tracker.first_filter,
        "recognition": torch.tensor(tracker.recognition, dtype=torch.float64),
        "probation": torch.tensor([tracker.probation.lost, tracker.probation.left]),
        "rivals": torch.tensor(tracker.rivals, dtype=torch.float64).reshape(-1, 2),
        "motion": tracker.motion,
        "modulation.0": tracker.modulation[0],
        "modulation.1": tracker.modulation[1],
        **{f"memory.{name}": value for name, value in tracker.memory.state_dict().items()},
    }
    return {name: value.clone(memory_format=torch.contiguous_format) for name, value in state.items()}


def load_state_dict(tracker: DiMP, state: dict[str, Tensor]) -> None:
    """Make ``tracker``, of the same network and parameters, go on where the ``state`` was taken.

    Raises:
        ValueError: the names are not those of a state.
    """
    if state.keys() != NAMES:
        raise ValueError(f"not the state of a DiMP tracker: expected {sorted(NAMES)}, got {sorted(state)}")
    placed = {name: value.to(tracker.device) for name, value in state.items()}
    memory = {name.removeprefix("memory."): value for name, value in placed.items() if name.startswith("memory.")}
    tracker.memory = Memory.from_state_dict(memory, tracker.params.memory)
    tracker._aim((placed["modulation.0"], placed["modulation.1"]))
    tracker.filter, tracker.first_filter = placed["filter"], placed["first_filter"]
    tracker.recognition = float(state["recognition"])
    tracker.probation = Probation(*state["probation"].tolist())
    tracker.rivals = [(x, y) for x, y in state["rivals"].tolist()]
    tracker.motion = state["motion"].clone()
    tracker.frame_size = None  # that of the next frame
    tracker.box, tracker.first_size = state["box"].clone(), state["first_size"].clone()
    tracker.frame_number = int(state["frame_number"])
    tracker.generator = torch.Generator()
    tracker.generator.set_state(state["generator"].cpu())
