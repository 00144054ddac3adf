"""Training state on disk: written whole or not at all, read back without running code."""

from __future__ import annotations

import json
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ltr.admin.files import atomic_write
from ltr.admin.loading import load_weights


class Checkpoints:
    """The checkpoint of one run, ``folder/checkpoint.pt``, with its settings beside it.

    Args:
        folder: of the run.
        settings: as JSON values; a checkpoint of other settings is refused.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        self.path = folder / "checkpoint.pt"
        self.settings = settings

    def save(self, epoch: int, parts: dict[str, Any]) -> None:
        """Write the state of ``parts`` (network, optimizer, ...) after ``epoch`` epochs, and the random states."""
        state = {name: part.state_dict() for name, part in parts.items()}
        state |= {"epoch": epoch, "settings": json.dumps(self.settings), "torch_rng": torch.get_rng_state()}
        atomic_write(self.path, lambda temporary: torch.save(state, temporary))
        text = json.dumps(self.settings, indent=1) + "\n"
        atomic_write(self.folder / "settings.json", lambda temporary: temporary.write_text(text))

    def load(self, parts: dict[str, Any]) -> int:
        """Restore ``parts``; returns the number of finished epochs.

        Raises:
            FileNotFoundError: there is nothing to resume.
            ValueError: the checkpoint is damaged, or belongs to other settings.
        """
        if not self.path.is_file():
            raise FileNotFoundError(f"nothing to resume: {self.path} does not exist")
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            settings = json.loads(state["settings"])
        except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, KeyError) as error:
            reason = str(error).partition("\n")[0]
            raise ValueError(f"{self.path}: not a readable checkpoint ({reason})") from error
        changed = differences(settings, self.settings)
        if changed:
            raise ValueError(f"{self.path} was made with other settings: {'; '.join(changed)}")
        for name, part in parts.items():
            if isinstance(part, torch.nn.Module):
                load_weights(part, state[name], self.path)
            else:
                part.load_state_dict(state[name])
        torch.set_rng_state(state["torch_rng"])
        return int(state["epoch"])


def differences(old: Any, new: Any, name: str = "") -> list[str]:
    """Where two JSON values differ, one line each."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(old.keys() | new.keys())
        return [line for key in keys for line in differences(old.get(key), new.get(key), f"{name}.{key}".lstrip("."))]
    return [] if old == new else [f"{name} was {old}, is {new}"]


def seed_everything(seed: int) -> None:
    """Seed torch, numpy and Python."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - other libraries may draw from it
    torch.manual_seed(seed)


class GeneratorState:
    """A ``torch.Generator`` seen as something with a state dict, so that its draws go on after a resume."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def state_dict(self) -> dict[str, torch.Tensor]:
        """The generator's state."""
        return {"state": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        """Set the generator's state."""
        self.generator.set_state(state["state"])
