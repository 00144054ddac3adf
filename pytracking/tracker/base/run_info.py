"""What results depend on."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np

from pytracking.tracker.base.config import TrackerConfig


@dataclass(frozen=True)
class RunInfo:
    """Of a tracker that runs: the part of a result's JSON stamp that does not depend on the sequence.

    Fields are named as there; what a tracker has not is None there, and not in the JSON.
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
        """Of a tracker made of a complete ``config``; versions: of its own libraries."""
        versions = {"python": platform.python_version(), "numpy": np.__version__, **versions}
        return cls(config.tracker, str(config.parameter), config.seed, versions=versions, **facts)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """From a stamp of any version: what it does not say is as by default, what else it says is left out."""
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def summary(self) -> str:
        """One line of what a run is about: device, threads, what computes, seed, network."""
        names = ("device", "threads", "accelerator", "precision", "seed", "network_sha256")
        return ", ".join(f"{name} {value}" for name in names if (value := getattr(self, name)) is not None)

    def differences(self, other: Self) -> list[str]:
        """What must be equal for a tracker to go on from the other's state and is not; the machine may differ."""
        names = ("tracker", "settings", "network_sha256", "seed")
        return [name for name in names if getattr(self, name) != getattr(other, name)]
