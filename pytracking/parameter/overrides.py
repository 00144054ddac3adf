"""Parameters with some of them changed by name."""

from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from typing import Any


def override(params: Any, changes: Mapping[str, Any], where: str = "") -> Any:
    """A copy of a (nested) frozen dataclass with some fields changed; ValueError names a field that is unknown or of
    another type.
    """
    known = vars(params)
    values = {}
    for name, value in changes.items():
        if name not in known:
            raise ValueError(f"unknown parameter {where}{name}; known are {', '.join(known)}")
        if is_dataclass(known[name]) and isinstance(value, Mapping):
            value = override(known[name], value, f"{where}{name}.")
        accepted = (float, int) if isinstance(known[name], float) else type(known[name])
        if not isinstance(value, accepted):
            raise ValueError(f"parameter {where}{name}: expected {type(known[name]).__name__}, got {value!r}")
        values[name] = value
    return replace(params, **values)
