"""The settings and versions that results depend on."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np

from pytracking.tracker.base.config import TrackerConfig


@dataclass(frozen=True)
class RunInfo:
    """Settings of a running tracker: the part of a result's JSON stamp that is the same for all sequences.

    Fields have the stamp's names. None means that the tracker has no such setting; the JSON leaves it out.
    """

    tracker: str = ""
    parameter: str = ""
    seed: int = 0
    device: str = "cpu"
    threads: int | None = None  # of the CPU
    settings: Mapping[str, Any] | None = None  # the parameters
    network_sha256: str | None = None
    accelerator: str | None = None
    precision: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)  # of Python and libraries

    @classmethod
    def of(cls, config: TrackerConfig, versions: Mapping[str, str], **facts: Any) -> Self:
        """For a tracker built from a complete ``config``; ``versions`` are those of its libraries."""
        versions = {"python": platform.python_version(), "numpy": np.__version__, **versions}
        return cls(config.tracker, str(config.parameter), config.seed, versions=versions, **facts)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """From a stamp of any version: missing fields get their default, unknown ones are ignored."""
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def summary(self) -> str:
        """One line: device, threads, accelerator, precision, seed, network."""
        names = ("device", "threads", "accelerator", "precision", "seed", "network_sha256")
        return ", ".join(f"{name} {value}" for name in names if (value := getattr(self, name)) is not None)

    def differences(self, other: Self) -> list[str]:
        """Names of the fields that prevent restoring the other's state because they differ; the machine may differ."""
        names = ("tracker", "settings", "network_sha256", "seed")
        return [name for name in names if getattr(self, name) != getattr(other, name)]
