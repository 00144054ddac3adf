"""Settings as frozen dataclasses: old names of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ltr.utils.errors import InputError


def renamed(values: Mapping[str, Any], old_names: Mapping[str, str], where: str) -> dict[str, Any]:
    """``values`` of an older version, with the fields' names of now; nested tables are copied, not changed.

    Args:
        values: nested tables.
        old_names: old -> new, ``{"processing.output_size": "network.crop_side"}``; "" for a field that is no more.
        where: names ``values`` in errors.

    Raises:
        InputError: an old and a new name, or two old ones, say different things of one field.
    """
    found = _copied(values)
    for old, new in old_names.items():
        table = _table_of(found, old, make=False)
        name = old.rpartition(".")[2]
        if not isinstance(table, dict) or name not in table:
            continue
        value, target = table.pop(name), _table_of(found, new, make=True)
        name = new.rpartition(".")[2]
        if not new or not isinstance(target, dict):
            continue
        if target.setdefault(name, value) != value:
            raise InputError(f"{where}: {old} is now {new}, and both are given: {value!r} and {target[name]!r}")
    return found


def _copied(value: Any) -> Any:
    return {key: _copied(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _table_of(values: Any, path: str, make: bool) -> Any:
    """The table that holds the field ``path``; where there is none, a new one or None."""
    for group in path.split(".")[:-1]:
        if not isinstance(values, dict):
            return None
        values = values.setdefault(group, {}) if make else values.get(group)
    return values
