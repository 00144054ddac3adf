"""Settings that every training task has; a task's own settings derive from :class:`TrainSettings`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, TypeVar

from ltr.utils.errors import InputError


def not_positive(values: Mapping[str, float]) -> list[str]:
    """A line for each named value that is not a number above 0."""
    wrong = {name: value for name, value in values.items() if not 0 < value < math.inf}
    return [f"{name}: expected more than 0, got {value}" for name, value in wrong.items()]


@dataclass(frozen=True)
class OptimSettings:
    """Adam, its learning rates over the epochs, and the size of a step's batch."""

    epochs: int = 50
    batch_size: int = 10
    lr: float = 1e-3
    part_lr: Mapping[str, float] = field(default_factory=dict)  # by prefix of the parameter's name; the longest wins
    weight_decay: float = 0.0
    schedule: Literal["constant", "step", "cosine"] = "step"
    step_epochs: int | tuple[int, ...] = 15  # "step": epochs between two drops, or the epochs that drops follow
    step_factor: float = 0.2
    clip_norm: float | None = None  # largest norm of a step's gradient
    accumulate: int = 1  # parts that a batch is worked on in, one after another, where memory is short
    ema: float | None = None  # validate and keep a running mean of the weights with this decay (0.999) instead of them

    def problems(self) -> list[str]:
        """What is wrong with these settings, one line each."""
        positive = {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "lr": self.lr,
            "step_epochs": self.step_epochs if isinstance(self.step_epochs, int) else min(self.step_epochs, default=0),
            "accumulate": self.accumulate,
        }
        positive |= {f"part_lr.{name}": value for name, value in self.part_lr.items()}
        if self.clip_norm is not None:
            positive["clip_norm"] = self.clip_norm
        found = [f"optim.{line}" for line in not_positive(positive)]
        if not 0 <= self.weight_decay < math.inf:
            found.append(f"optim.weight_decay: expected at least 0, got {self.weight_decay}")
        if self.accumulate > 0 and self.batch_size % self.accumulate:
            found.append(f"optim.accumulate: a batch of {self.batch_size} has no {self.accumulate} equal parts")
        if self.ema is not None and not 0 < self.ema < 1:
            found.append(f"optim.ema: expected a decay between 0 and 1, got {self.ema}")
        return found


@dataclass(frozen=True)
class OutputSettings:
    """What a run keeps and shows; none of it changes the result."""

    keep: int = 1  # checkpoints of single epochs (checkpoint-0007.pt) that are kept; the newest
    save_minutes: float = 10.0  # between checkpoints within an epoch
    log_every: int = 50  # steps between two points of TensorBoard's curves
    pictures_every: int = 500  # steps between two pictures of samples in TensorBoard

    def problems(self) -> list[str]:
        """What is wrong with these settings, one line each."""
        positive = {
            "save_minutes": self.save_minutes,
            "log_every": self.log_every,
            "pictures_every": self.pictures_every,
        }
        found = [f"output.{line}" for line in not_positive(positive)]
        return found + ([f"output.keep: expected at least 0, got {self.keep}"] if self.keep < 0 else [])


@dataclass(frozen=True)
class TrainSettings:
    """What the trainer needs to know; the rest belongs to the task."""

    OLD_NAMES: ClassVar[Mapping[str, str]] = {}  # of fields, in files of older versions: see ltr.utils.config.renamed
    method_field: ClassVar[str] = ""  # the field that holds the training method, where the task has several

    optim: OptimSettings = field(default_factory=OptimSettings)
    num_workers: int = 1  # processes that make samples
    validate_every: int = 1  # epochs
    best_by: str = ""  # validation number that the best network is chosen by; "-" before it: lower is better
    precision: Literal["float32", "bf16", "fp16"] = "float32"  # of the convolutions: half the memory and time on a GPU
    output: OutputSettings = field(default_factory=OutputSettings)

    def with_method(self, name: str) -> Self:
        """These settings with the training method ``name`` and what belongs to it; ValueError names those there are."""
        raise InputError(f"method: this task has one method only, not {name!r}")

    def problems(self) -> list[str]:
        """What is wrong with these settings, one line each."""
        found = self.optim.problems() + self.output.problems()
        if self.num_workers < 0:
            found.append(f"num_workers: expected at least 0, got {self.num_workers}")
        if self.validate_every < 1:
            found.append(f"validate_every: expected at least 1, got {self.validate_every}")
        return found

    def check(self) -> None:
        """Raise one ValueError that lists everything wrong."""
        found = self.problems()
        if found:
            raise InputError("settings: " + "; ".join(found))


def to_json(settings: Any) -> Any:
    """A (nested) settings dataclass as JSON values; every dataclass says its class, so that the choice is visible."""
    if is_dataclass(settings) and not isinstance(settings, type):
        values = {field.name: to_json(getattr(settings, field.name)) for field in fields(settings)}
        return {"class": type(settings).__name__, **values}
    if isinstance(settings, Mapping):
        return {key: to_json(value) for key, value in settings.items()}
    if isinstance(settings, Path):
        return str(settings)
    if isinstance(settings, list | tuple):
        return [to_json(value) for value in settings]
    return settings


M = TypeVar("M")


def named_method(methods: Mapping[str, M], name: str, what: str) -> M:
    """The method ``name``; ValueError names those there are, as values of the setting ``what``."""
    if name not in methods:
        raise InputError(f"{what}: expected one of {', '.join(methods)}, got {name!r}")
    return methods[name]
