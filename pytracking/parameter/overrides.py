"""Parameters with some of them changed by name."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass, replace
from typing import Any

from ltr.utils.errors import InputError


def parse_changes(texts: Iterable[str]) -> dict[str, Any]:
    """Changes for :func:`override` from a command line, ``refinement.method=ascent`` for instance.

    Values are JSON, and text where they are not. ValueError names one that is not of this form.
    """
    changes: dict[str, Any] = {}
    for text in texts:
        path, equals, value = text.partition("=")
        *groups, name = path.split(".")
        if not equals or not name:
            raise InputError(f"--set {text}: expected NAME=VALUE, refinement.method=ascent for instance")
        inner = changes
        for group in groups:
            inner = inner.setdefault(group, {})
            if not isinstance(inner, dict):
                raise InputError(f"--set {text}: {group} was set before")
        try:
            inner[name] = json.loads(value)
        except (json.JSONDecodeError, RecursionError):
            inner[name] = value
    return changes


def override(params: Any, changes: Mapping[str, Any], where: str = "") -> Any:
    """A copy of a (nested) frozen dataclass with some fields changed; ValueError names a field that is unknown or of
    another type.
    """
    known = vars(params)
    values = {}
    for name, value in changes.items():
        if name not in known:
            raise InputError(f"unknown parameter {where}{name}; known are {', '.join(known)}")
        if is_dataclass(known[name]) and isinstance(value, Mapping):
            value = override(known[name], value, f"{where}{name}.")
        if isinstance(known[name], tuple):
            value = _as_tuple(value)
        accepted = (float, int) if isinstance(known[name], float) else type(known[name])
        if not isinstance(value, accepted):
            raise InputError(f"parameter {where}{name}: expected {type(known[name]).__name__}, got {value!r}")
        values[name] = value
    return replace(params, **values)


def _as_tuple(value: Any) -> Any:
    """Lists, which is what JSON has, as tuples."""
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value
