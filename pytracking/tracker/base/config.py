"""Which tracker runs, and how: the options that Python, the commands and worker processes share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from ltr.utils import config
from ltr.utils.errors import InputError
from ltr.utils.numbers import check_seed, check_threads


@dataclass(frozen=True)
class TrackerConfig:
    """The options of a tracker. Hashable and picklable; each field is an option of every command."""

    tracker: str = "dimp"
    """family of trackers: dimp, atom (docs/tracking.md), or opencv (docs/opencv.md)"""
    parameter: str | None = None
    """its parameters, or a .safetensors network of yours; of dimp also a parameter file of pytracking (.py), and
    dimp_ncep_mobile by default"""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, mps; with auto and cuda, processes share out the GPUs"""
    seed: int = 0
    """seed of the tracker's random numbers, the same for every sequence"""
    accelerator: str = "auto"
    """auto, openvino, onnxruntime or torch: what runs the network (docs/speed.md)"""
    precision: str = "f32"
    """f32, bf16, f16 or int8: the network's arithmetic; boxes change slightly (docs/speed.md)"""
    threads: int | None = 1
    """CPU threads of each process; 2 help large networks (docs/speed.md), and boxes come out slightly different"""
    overrides: Annotated[tuple[str, ...], tyro.conf.arg(name="set", metavar="[NAME=VALUE ...]")] = ()
    """parameters to change: refinement.method=ascent (docs/tracking.md)"""
    search: Literal["near", "everywhere"] | None = None
    """where a lost target is searched for: near its last place, or everywhere, as dimp does by default"""

    @property
    def name(self) -> str:
        """Name of the results: the parameters, or the stem of a network file."""
        name = self.parameter or self.tracker
        return Path(name).stem if name.endswith((".safetensors", ".py")) else name

    def options(self) -> list[str]:
        """Command-line words of all options that differ from their default; not the names."""
        words: list[str] = []
        for option in fields(TrackerConfig)[2:]:
            value = getattr(self, option.name)
            if value != option.default:
                words += ["--set", *value] if isinstance(value, tuple) else [f"--{option.name}", str(value)]
        return words

    def check(self, prefix: str = "") -> None:
        """Raise InputError if a number is out of range; ``prefix`` precedes its name (``--`` in commands)."""
        check_seed(self.seed, f"{prefix}seed")
        if self.threads is not None:
            check_threads(self.threads, f"{prefix}threads")

    def override(self, params: Any) -> Any:
        """The frozen dataclass ``params`` with :attr:`search` and :attr:`overrides`; InputError if one is unknown or
        invalid."""
        texts = [f"search={self.search}"] if self.search else []
        changed = config.changed(params, config.parse_changes([*texts, *self.overrides]), "parameters")
        config.check(changed, "parameters")
        return changed

    def reject_unsupported(self) -> None:
        """For families without these options: InputError if device, accelerator, precision, search or overrides are
        set."""
        for name, accepted in {
            "device": ("auto", "cpu"),
            "accelerator": ("auto",),
            "precision": ("f32",),
        }.items():
            if getattr(self, name) not in accepted:
                expected = " or ".join(accepted)
                raise InputError(
                    f"{name}: trackers of {self.tracker} take {expected} only, got {getattr(self, name)!r}"
                )
        if self.search:
            raise InputError(f"search: trackers of {self.tracker} have no such option, got {self.search!r}")
        if self.overrides:
            changed = ", ".join(dict.fromkeys(text.partition("=")[0].partition(".")[0] for text in self.overrides))
            raise InputError(f"trackers of {self.tracker} have no parameters to change, got {changed}")


@dataclass(frozen=True)
class PositionalConfig(TrackerConfig):
    """The same for commands whose first arguments are the tracker's names."""

    tracker: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="TRACKER")] = field()
    """family of trackers: dimp, atom (docs/tracking.md), or opencv (docs/opencv.md)"""
    parameter: Annotated[tyro.conf.Positional[str | None], tyro.conf.arg(metavar="PARAMETER")] = field()
    """its parameters, dimp_ncep_mobile for instance, or a .safetensors network of yours"""


def as_texts(changes: Mapping[str, Any], group: str = "") -> Iterator[str]:
    """``{"refinement": {"method": "ascent"}}`` as command-line text: ``refinement.method="ascent"``. Values are JSON.

    Raises:
        InputError: a value is not a number, text, list or dataclass.
    """
    for name, value in changes.items():
        value = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        if isinstance(value, Mapping) and value:
            yield from as_texts(value, f"{group}{name}.")
            continue
        try:
            yield f"{group}{name}={json.dumps(value)}"
        except TypeError:
            raise InputError(f"parameter {group}{name}: expected a number, text or list, got {value!r}") from None
