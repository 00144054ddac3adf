"""Training state on disk: written atomically, loaded without running code."""

from __future__ import annotations

import json
import os
import pickle
import random
import shutil
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ltr.models.weights import load_weights
from ltr.utils.config import renamed
from ltr.utils.errors import InputError
from ltr.utils.files import atomic_write, check_regular

# Settings that do not change the result of a run.
RESUME_IGNORED = ("num_workers", "output")


class Checkpoints:
    """The checkpoints of one run: ``folder/checkpoint.pt`` is the newest, ``checkpoint-0007.pt`` that after 7 epochs.

    Args:
        folder: of the run.
        settings: as JSON values; a checkpoint of other settings is refused (except ``RESUME_IGNORED``).
        keep: number of numbered checkpoints to keep.
        kind: class of the settings, with the old field names (:func:`ltr.utils.config.renamed`).
    """

    def __init__(self, folder: Path, settings: dict[str, Any], keep: int = 1, kind: Any = None) -> None:
        self.folder = folder
        self.path = folder / "checkpoint.pt"
        self.settings = settings
        self.keep = keep
        self.kind = kind

    def prepare(self) -> None:
        """Make the folder, write ``settings.json``, and remove temporary files of a killed run.

        Raises:
            OSError: the folder is not writable; reported before the first epoch.
        """
        text = json.dumps(self.settings, indent=1) + "\n"
        atomic_write(self.folder / "settings.json", lambda temporary: temporary.write_text(text))
        for leftover in self.folder.glob(".*.tmp"):
            leftover.unlink()

    def save(self, parts: dict[str, Any]) -> None:
        """Write the state of ``parts`` (network, optimizer, progress, ...).

        Raises:
            OSError: it could not be written (a full disk); the previous checkpoint is kept.
        """
        state = {name: part.state_dict() for name, part in parts.items()}
        state["settings"] = json.dumps(self.settings)
        try:
            atomic_write(self.path, lambda temporary: torch.save(state, temporary))
        except (OSError, RuntimeError) as error:  # torch's writer raises RuntimeError on a full disk
            reason = str(error).partition("\n")[0]
            before = "the one before it is untouched; go on from it with --resume" if self.path.exists() else "none yet"
            raise OSError(f"cannot write the checkpoint {self.path} ({reason}); {before}") from error

    def keep_epoch(self, epoch: int) -> None:
        """Keep the newest checkpoint as that of ``epoch`` finished epochs, and remove the oldest ones."""
        if self.keep:
            atomic_write(self.folder / f"checkpoint-{epoch:04}.pt", self._copy)
        for old in self.numbered()[: -self.keep or None]:
            old.unlink()

    def _copy(self, target: Path) -> None:
        try:
            os.link(self.path, target)  # takes no space
        except OSError:
            shutil.copyfile(self.path, target)

    def numbered(self) -> list[Path]:
        """The checkpoints of single epochs, the newest last."""
        return sorted(self.folder.glob("checkpoint-*.pt"))

    def load(self, parts: dict[str, Any]) -> None:
        """Restore ``parts``.

        Raises:
            FileNotFoundError: there is nothing to resume.
            ValueError: the checkpoint is damaged, or belongs to other settings.
        """
        check_regular(self.path)
        if not self.path.is_file():
            raise FileNotFoundError(f"nothing to resume: {self.path} does not exist")
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            if not isinstance(state, dict):
                raise KeyError(f"a {type(state).__name__}")
            settings = renamed(json.loads(state["settings"]), self.kind, str(self.path))
            missing = [name for name in parts if name not in state]
            if missing:
                raise KeyError(f"no {', '.join(missing)}")
        except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, KeyError) as error:
            reason = str(error).partition("\n")[0]
            older = ", ".join(path.name for path in self.numbered())
            advice = f"; older ones, to be copied over it: {older}" if older else ""
            raise InputError(f"{self.path}: not a readable checkpoint ({reason}){advice}") from error
        changed = differences(_resume_key(settings), _resume_key(self.settings))
        if changed:
            raise InputError(f"{self.path} was made with other settings: {'; '.join(changed)}{self._longer(changed)}")
        for name, part in parts.items():
            if isinstance(part, torch.nn.Module):
                load_weights(part, state[name], self.path)
            else:
                part.load_state_dict(state[name])

    def _longer(self, changed: list[str]) -> str:
        """Advice for a run whose number of epochs was raised."""
        network = self.folder / "network.safetensors"
        if "start" not in self.settings or not any(line.startswith("optim.epochs ") for line in changed):
            return ""
        return f"; to train longer: another --run with --start {network}" if network.exists() else ""


def _resume_key(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in RESUME_IGNORED}


def differences(old: Any, new: Any, name: str = "") -> list[str]:
    """The differences of two JSON values, one line each."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(old.keys() | new.keys())
        return [line for key in keys for line in differences(old.get(key), new.get(key), f"{name}.{key}".lstrip("."))]
    if isinstance(old, list) and isinstance(new, list) and any(isinstance(item, dict) for item in (*old, *new)):
        pairs = enumerate(zip_longest(old, new))
        return [line for i, (was, now) in pairs for line in differences(was, now, f"{name}.{i}")]
    return [] if old == new else [f"{name} was {_brief(old)}, is {_brief(new)}"]


def _brief(value: Any) -> str:
    """A table as text, for example "kind=video path=mine"."""
    if not isinstance(value, dict):
        return str(value)
    said = {key: item for key, item in value.items() if key != "class" and item not in ("", None, [], {})}
    return " ".join(f"{key}={_brief(item)}" for key, item in said.items())


def seed_everything(seed: int) -> None:
    """Seed torch, numpy and Python."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - other libraries may draw from it
    torch.manual_seed(seed)


def seed_step(generator: torch.Generator, *key: int) -> None:
    """Seed ``generator`` and torch's default one (dropout) for one step, by ``key`` (seed, epoch, step, process).

    The random numbers of a step then depend on its key alone, so a run can be resumed before any step.
    """
    low, high = np.random.SeedSequence(key).generate_state(2, np.uint32).tolist()
    state = (low << 31) ^ high
    generator.manual_seed(state)
    torch.manual_seed(state)
