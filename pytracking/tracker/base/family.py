"""What a family of trackers has to say of itself; they are listed in :mod:`pytracking.tracker.families`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ltr.utils.errors import InputError
from pytracking.tracker.base.output import BaseTracker


@dataclass(frozen=True)
class Options:
    """What a user chooses besides the parameters; meaning and defaults are those of ``pytracking.Tracker``."""

    device: str = "auto"
    seed: int = 0
    accelerator: str = "auto"
    precision: str = "f32"
    overrides: Mapping[str, Any] = field(default_factory=dict)

    def check_plain(self, family: str) -> None:
        """For a family that runs on the CPU as it is: ValueError unless the seed alone was chosen."""
        for name, accepted in {"device": ("auto", "cpu"), "accelerator": ("auto",), "precision": ("f32",)}.items():
            if getattr(self, name) not in accepted:
                expected = " or ".join(accepted)
                raise InputError(f"{name}: trackers of {family} take {expected} only, got {getattr(self, name)!r}")
        if self.overrides:
            raise InputError(f"trackers of {family} have no parameters to change, got {', '.join(self.overrides)}")


class Model(Protocol):
    """Parameters made ready to run: what all trackers of one name share, and nothing that tracking changes."""

    def tracker(self) -> BaseTracker:
        """A tracker of one target; with the same seed, it gives the same boxes."""

    def stamp(self) -> dict[str, Any]:
        """What its results depend on, as JSON values: ``versions`` of libraries, device, threads, network, ..."""


@dataclass(frozen=True)
class Family:
    """A kind of tracker.

    parameters: what it knows by name. load: makes some of them ready to run; raises ValueError, FileNotFoundError or
    ImportError where that cannot be. of_network: the parameters for a .safetensors file, in a family of our networks.
    """

    parameters: Mapping[str, Any]
    load: Callable[[Any, Options], Model]
    of_network: Callable[[str], Any] | None = None
