"""The settings and versions that results depend on."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np

from pytracking.tracker.base.config import TrackerConfig


@dataclass(frozen=True)
class RunInfo:
    """Settings of a running tracker: the part of a result's JSON stamp that is the same for all sequences.

    Fields have the stamp's names, in the order of reports. None means that the tracker has no such setting; the JSON
    leaves it out.
    """

    tracker: str | None = None
    parameter: str | None = None
    network_sha256: str | None = None
    device: str | None = None
    threads: int | None = None  # of the CPU
    seed: int | None = None
    accelerator: str | None = None
    precision: str | None = None
    realtime: Mapping[str, float | None] | None = None  # fps, latency
    versions: Mapping[str, str] | None = None  # of Python and libraries
    settings: Mapping[str, Any] | None = None  # the parameters
    more: Mapping[str, Any] = field(default_factory=dict)  # anything else that the file says

    @classmethod
    def of(cls, config: TrackerConfig, versions: Mapping[str, str], **facts: Any) -> Self:
        """For a tracker built from a complete ``config``; ``versions`` are those of its libraries."""
        versions = {"python": platform.python_version(), "numpy": np.__version__, **versions}
        about = {"device": "cpu", "threads": config.threads, "seed": config.seed, "versions": versions, **facts}
        return cls(config.tracker, str(config.parameter), **about)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """From a stamp of any version: missing fields are None, unknown ones are kept in ``more``."""
        known = {f.name for f in fields(cls)} - {"more"}
        more = {name: value for name, value in values.items() if name not in known}
        return cls(**{name: value for name, value in values.items() if name in known}, more=more)

    def to_json(self) -> dict[str, Any]:
        """As JSON values, the same as a file gives back (lists for tuples)."""
        said = {name: value for name, value in vars(self).items() if name != "more" and value is not None}
        return as_json_values({**said, **self.more})

    def summary(self) -> str:
        """One line: device, threads, accelerator, precision, seed, network."""
        names = ("device", "threads", "accelerator", "precision", "seed", "network_sha256")
        return ", ".join(f"{name} {value}" for name in names if (value := getattr(self, name)) is not None)

    def differences(self, other: Self) -> list[str]:
        """Names of the fields that prevent restoring the other's state: those with :meth:`changes`; the machine may
        differ."""
        changed = {change.partition(":")[0].partition(".")[0] for change in self.changes(other)}
        return [name for name in ("tracker", "settings", "network_sha256", "seed") if name in changed]

    def changes(self, now: Self) -> list[str]:
        """Choices of this run, read from a stamp, that are other ones ``now``, a line each: "seed: there 0, now 1".

        A stamp leaves out parameters that are None (search_area). Fields of groups that only one of the two has are of
        another version of the toolkit, and no changes. A moved network is the same.
        """
        here, there = (dict(_choices(info.to_json())) for info in (now._with_none(self), self._with_none(now)))
        moved = ("parameter", "settings.network") if now.network_sha256 else ()
        names = [name for name in there if name in here and name not in moved and there[name] != here[name]]
        return [f"{name}: there {_brief(there[name])}, now {_brief(here[name])}" for name in names]

    def _with_none(self, other: Self) -> Self:
        """With None for the parameters that only ``other`` has, unless a version added them."""
        if not self.settings or not other.settings:
            return self
        missing = {name: None for name in other.settings if name not in self.settings and name not in _ADDED}
        return replace(self, settings={**self.settings, **missing})


_ADDED = frozenset({"search"})  # parameters outside groups, never None, that stamps of older versions do not have


def as_json_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` as they are read back from a JSON file."""
    return dict(json.loads(json.dumps(values)))


def _choices(values: Mapping[str, Any], group: str = "") -> Iterator[tuple[str, Any]]:
    """Names with dots and values of all settings in ``values``, JSON; not the versions."""
    for name, value in values.items():
        if isinstance(value, Mapping) and group + name != "versions":
            yield from _choices(value, f"{group}{name}.")
        elif group + name != "versions":
            yield f"{group}{name}", value


def _brief(value: object) -> str:
    return text if len(text := str(value)) <= 40 else f"{text[:12]}..."
