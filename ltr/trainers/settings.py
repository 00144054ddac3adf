"""Settings that every training task has; a task's own settings derive from :class:`TrainSettings`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self, TypeVar

from ltr.utils.config import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, UnitInterval, changed
from ltr.utils.errors import InputError

WARMUP_START = 1 / 3  # fraction of the learning rate in the first step of a warm-up; Detectron's


@dataclass(frozen=True)
class OptimSettings:
    """The optimizer, its learning rates over the epochs, and the size of a step's batch.

    New fields are None by default: the checkpoints of older versions, which lack them, can then be resumed.
    """

    epochs: PositiveInt = 50
    batch_size: PositiveInt = 10
    lr: PositiveFloat = 1e-3
    part_lr: Mapping[str, PositiveFloat] = field(
        default_factory=dict
    )  # by prefix of the parameter's name; the longest wins
    weight_decay: NonNegativeFloat = 0.0
    schedule: Literal["constant", "step", "cosine"] = "step"
    step_epochs: PositiveInt | tuple[PositiveInt, ...] = (
        15  # "step": epochs between two drops, or the epochs that drops follow
    )
    step_factor: float = 0.2
    clip_norm: PositiveFloat | None = None  # largest norm of a step's gradient
    accumulate: PositiveInt = 1  # parts of a batch, processed one after another to save memory
    ema: float | None = None  # decay (0.999) of a running mean of the weights, which is validated and kept instead
    momentum: UnitInterval | None = None  # of stochastic gradient descent; None: Adam
    bias_lr_factor: PositiveFloat | None = None  # the learning rate of biases is so many times that of their part
    bias_weight_decay: NonNegativeFloat | None = None  # of biases, if another
    warmup_steps: PositiveInt | None = None  # first steps, in which the learning rate grows linearly from a third

    def warmup(self, step: int) -> float:
        """The factor of the learning rates in step ``step`` (from 0)."""
        done = min(1.0, step / self.warmup_steps) if self.warmup_steps else 1.0
        return WARMUP_START + (1 - WARMUP_START) * done

    def problems(self) -> list[str]:
        """What is wrong with these settings, one line each."""
        found = []
        if self.accumulate > 0 and self.batch_size % self.accumulate:
            found.append(f"accumulate: a batch of {self.batch_size} has no {self.accumulate} equal parts")
        if self.ema is not None and not 0 < self.ema < 1:
            found.append(f"ema: expected a decay between 0 and 1, got {self.ema}")
        return found


@dataclass(frozen=True)
class OutputSettings:
    """Checkpoints and logging; they do not change the result."""

    keep: NonNegativeInt = 1  # number of checkpoints of single epochs (checkpoint-0007.pt) that are kept
    save_minutes: PositiveFloat = 10.0  # between checkpoints within an epoch
    log_every: PositiveInt = 50  # steps between two points of the TensorBoard curves
    pictures_every: PositiveInt = 500  # steps between two images of samples in TensorBoard


@dataclass(frozen=True)
class TrainSettings:
    """Settings of the trainer, common to all tasks."""

    OLD_NAMES: ClassVar[Mapping[str, str]] = {}  # of fields, in files of older versions: see ltr.utils.config.renamed
    method_field: ClassVar[str] = ""  # the field of the training method, if the task has several

    optim: OptimSettings = field(default_factory=OptimSettings)
    num_workers: NonNegativeInt = 1  # processes that make samples
    validate_every: PositiveInt = 1  # epochs
    best_by: str = ""  # validation number that chooses the best network; "-" before it: lower is better
    precision: Literal["float32", "bf16", "fp16"] = "float32"  # of the convolutions: half the memory and time on a GPU
    output: OutputSettings = field(default_factory=OutputSettings)

    def with_method(self, name: str) -> Self:
        """These settings with the training method ``name`` and its values; ValueError lists the known ones."""
        raise InputError(f"method: this task has one method only, not {name!r}")


S = TypeVar("S", bound=TrainSettings)
M = TypeVar("M")


def with_values(settings: S, values: Mapping[str, Any], where: str) -> S:
    """:func:`ltr.utils.config.changed` that also accepts a training method by name: ``"nce"`` or
    ``{"method": "nce", "num_samples": 64}``."""
    found: list[str] = []
    rest, name = dict(values), settings.method_field
    method = rest.get(name)
    if isinstance(method, str) or (isinstance(method, Mapping) and "method" in method):
        table = {"method": method} if isinstance(method, str) else dict(method)
        others = {key: value for key, value in rest.items() if key != name}
        with suppress(InputError):  # reported below
            settings = changed(settings, others, where)  # a method's values may depend on them
        try:
            settings = settings.with_method(table.pop("method"))
        except InputError as error:
            found.append(str(error))
        rest[name] = table
    return changed(settings, rest, where, found)


def named_method(methods: Mapping[str, M], name: str, what: str) -> M:
    """The method ``name``; ValueError lists the known ones, as values of the setting ``what``."""
    if name not in methods:
        raise InputError(f"{what}: expected one of {', '.join(methods)}, got {name!r}")
    return methods[name]
