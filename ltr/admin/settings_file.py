"""Settings from a file: a run's ``settings.json``, or a part of one, in JSON or TOML."""

from __future__ import annotations

import inspect
import json
import math
import tomllib
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ltr.trainers.settings import TrainSettings
from ltr.utils.config import renamed
from ltr.utils.errors import InputError

S = TypeVar("S", bound=TrainSettings)
SCALARS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", Path: "a path"}


def read_values(path: Path) -> dict[str, Any]:
    """The values of a settings file, by its suffix JSON or TOML; ValueError where it is neither."""
    readers = {".json": lambda text: json.loads(text, object_pairs_hook=_no_key_twice), ".toml": tomllib.loads}
    if path.suffix not in readers:
        raise InputError(f"settings: expected a .json or a .toml file, got {path}")
    try:
        values = readers[path.suffix](path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:  # those of both readers, and of the encoding; too many brackets
        raise InputError(f"settings: {path}: {error}") from error
    if not isinstance(values, dict):
        raise InputError(f"settings: {path}: expected a table of settings, got {type(values).__name__}")
    return values


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        raise InputError(f"given twice: {', '.join(sorted({name for name in names if names.count(name) > 1}))}")
    return values


def with_values(settings: S, values: Mapping[str, Any], where: str) -> S:
    """``settings`` with the fields that ``values`` name: nested tables change single fields, while lists and
    dictionaries (``sources``, ``part_lr``) are replaced as a whole. ``class`` says which class a table is of, as in
    ``settings.json``; the training method may be chosen by name, ``"nce"`` or ``{"method": "nce", "num_samples": 64}``.

    Raises:
        ValueError: fields are unknown or of another type: all of them in one message, with what is accepted.
    """
    problems: list[str] = []
    rest, name = renamed(values, settings.OLD_NAMES, where), settings.method_field
    method = rest.get(name)
    if isinstance(method, str) or (isinstance(method, Mapping) and "method" in method):
        table = {"method": method} if isinstance(method, str) else dict(method)
        try:
            settings = settings.with_method(table.pop("method"))
        except ValueError as error:
            problems.append(str(error))
        rest[name] = table
    changed = _table(type(settings), rest, settings, "", problems)
    if problems:
        raise InputError(f"{where}: " + "; ".join(problems + changed.problems()))
    return changed


def _table(cls: type, value: Any, current: Any, name: str, problems: list[str]) -> Any:
    """``value`` as an object of the dataclass ``cls``, of a subclass where that is abstract; what ``value`` does not
    name is as in ``current``."""
    if not isinstance(value, Mapping):
        problems.append(f"{name or 'settings'}: expected a table, got {value!r}")
        return current
    values, prefix = dict(value), f"{name}." if name else ""
    classes = {c.__name__: c for c in (_subclasses(cls) if inspect.isabstract(cls) else [cls])}
    chosen = classes.get(values.pop("class", type(current).__name__ if current else cls.__name__))
    if chosen is None:
        problems.append(f"{prefix}class: expected one of {', '.join(classes)}, got {value.get('class')!r}")
        return current
    base: Any = current if type(current) is chosen else None
    known, hints = {field.name: field for field in fields(chosen)}, get_type_hints(chosen)
    unknown = [key for key in values if key not in known]
    problems += [f"{prefix}{key}: unknown (known are {', '.join(known)})" for key in unknown]
    before = len(problems)
    converted = {
        key: _convert(hints[key], item, getattr(base, key, None), prefix + key, problems)
        for key, item in values.items()
        if key in known
    }
    if base is None:
        missing = [f for f in known.values() if f.default is MISSING and f.default_factory is MISSING]
        problems += [f"{prefix}{f.name}: is missing" for f in missing if f.name not in values]
        if len(problems) > before:
            return current
    try:
        return replace(base, **converted) if base is not None else chosen(**converted)
    except ValueError as error:
        problems.append(f"{name}: {error}")
        return current


def _subclasses(cls: type) -> list[type]:
    found: list[type] = []
    derived: type
    for derived in cls.__subclasses__():
        found += [derived] if is_dataclass(derived) else []
        found += _subclasses(derived)
    return found


def _convert(hint: Any, value: Any, current: Any, name: str, problems: list[str]) -> Any:
    """``value`` as what ``hint`` says; ``current``, and a problem, where it is something else."""
    if inspect.isclass(hint) and (is_dataclass(hint) or inspect.isabstract(hint)) and not get_origin(hint):
        return _table(hint, value, current, name, problems)
    found: list[str] = []
    result = _plain(hint, value, name, found)
    if found:
        nested = [problem for problem in found if not problem.startswith(f"{name}: ")]
        problems += nested or [f"{name}: expected {_expected(hint)}, got {value!r}"]
        return current
    return result


def _plain(hint: Any, value: Any, name: str, problems: list[str]) -> Any:
    """``value`` as a number, text, choice, list or dictionary."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        for argument in arguments:
            tried: list[str] = []
            result = _plain(argument, value, name, tried)
            if not tried:
                return result
    elif origin is Literal and any(value == choice and type(value) is type(choice) for choice in arguments):
        return value
    elif origin in (tuple, Sequence) and isinstance(value, list | tuple):
        any_number = origin is Sequence or arguments[-1] is Ellipsis
        kinds = [arguments[0]] * len(value) if any_number else list(arguments)
        if len(kinds) == len(value):
            items = zip(kinds, value, strict=True)
            return tuple(_convert(kind, item, None, f"{name}.{i}", problems) for i, (kind, item) in enumerate(items))
    elif origin is Mapping and isinstance(value, Mapping):
        return {key: _convert(arguments[1], item, None, f"{name}.{key}", problems) for key, item in value.items()}
    elif hint is type(None) and value is None:
        return None
    elif hint is float and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    elif hint in (bool, int, str) and type(value) is hint:
        return value
    elif hint is Path and isinstance(value, str | Path):
        return Path(value)
    problems.append(f"{name}: not of this kind")
    return None


def _expected(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(_expected(argument) for argument in arguments)
    if origin is Literal:
        return f"one of {', '.join(arguments)}"
    if origin in (tuple, Sequence):
        number = "" if origin is Sequence or arguments[-1] is Ellipsis else f" of {len(arguments)}"
        return f"a list{number}, each item {_expected(arguments[0])}"
    if origin is Mapping:
        return f"a table, each value {_expected(arguments[1])}"
    return SCALARS.get(hint, "null" if hint is type(None) else "a table")
