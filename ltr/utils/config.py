"""Settings of trainings and parameters of trackers: frozen dataclasses; checks, changes, JSON.

Bounds are part of the types (``epochs: PositiveInt``); a method ``problems`` of the class checks fields against each
other. One message lists all problems: field, accepted values, value.

Why no library: pydantic dataclasses (2.14) check types and bounds, but changing single nested fields, subclasses by
name and old names need our own code there, too; problems between fields are not reported together with wrong types;
and ``import pydantic.dataclasses`` takes 0.28 s plus 0.17 s for the first class, while the commands that load no
network start in 0.2 s.
"""

from __future__ import annotations

import inspect
import json
import sys
import tomllib
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ltr.utils.errors import InputError

S = TypeVar("S")
SCALARS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", Path: "a path"}


@dataclass(frozen=True)
class Range:
    """The finite numbers that a field accepts: greater than ``above``, at least ``least``, at most ``most``."""

    above: float | None = None
    least: float | None = None
    most: float | None = None

    def holds(self, value: Any) -> bool:
        """Whether ``value`` is a number in this range."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
            return False
        low = (self.above is None or value > self.above) and (self.least is None or value >= self.least)
        return low and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        if self.least is not None and self.most is not None:
            return f"{self.least:g} to {self.most:g}"
        parts = {"more than": self.above, "at least": self.least, "at most": self.most}
        return ", ".join(f"{words} {bound:g}" for words, bound in parts.items() if bound is not None)


PositiveInt = Annotated[int, Range(above=0)]
NonNegativeInt = Annotated[int, Range(least=0)]
PositiveFloat = Annotated[float, Range(above=0)]
NonNegativeFloat = Annotated[float, Range(least=0)]
Width = Annotated[int, Range(least=1, most=8192)]  # channels
MAX_COMPONENTS = 256  # a mixture is evaluated at millions of points at once
ComponentCount = Annotated[int, Range(least=1, most=MAX_COMPONENTS)]
SampleCount = Annotated[int, Range(least=1, most=65536)]
UnitInterval = Annotated[float, Range(least=0, most=1)]


def problems(settings: Any) -> list[str]:
    """The problems of a (nested) settings dataclass, one line each."""
    kind: Any = type(settings)
    found = [line for name, hint in _hints(kind).items() for line in _faults(hint, getattr(settings, name), name)]
    return found + (settings.problems() if hasattr(settings, "problems") else [])


def check(settings: Any, where: str) -> None:
    """Raise one InputError that lists :func:`problems`; ``where`` begins it."""
    found = problems(settings)
    if found:
        raise InputError(f"{where}: " + "; ".join(found))


def _faults(hint: Any, value: Any, name: str) -> Iterator[str]:
    """The problems of one field."""
    if get_origin(hint) is Annotated:
        hint, *ranges = get_args(hint)
        yield from (f"{name}: expected {r}, got {value}" for r in ranges if isinstance(r, Range) and not r.holds(value))
    origin, arguments = get_origin(hint), get_args(hint)
    if is_dataclass(value):
        yield from (f"{name}.{line}" for line in problems(value))
    elif origin is Literal and value not in arguments:
        yield f"{name}: expected {_expected(hint)}, got {value!r}"
    elif origin in (Union, types.UnionType):
        fitting = (argument for argument in arguments if _fits(argument, value))
        yield from _faults(next(fitting, None), value, name)
    elif origin in (tuple, Sequence) and isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _faults(
                arguments[min(i, len(arguments) - 1) if Ellipsis not in arguments else 0], item, f"{name}.{i}"
            )
    elif origin is Mapping and isinstance(value, Mapping):
        for key, item in value.items():
            yield from _faults(arguments[1], item, f"{name}.{key}")


def _fits(hint: Any, value: Any) -> bool:
    tried: list[str] = []
    _plain(hint, value, "", tried)
    return not tried


@cache
def _hints(cls: type) -> dict[str, Any]:
    """The types of a dataclass's fields, with their ranges."""
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: hints[field.name] for field in fields(cls)} if is_dataclass(cls) else {}


def to_json(settings: Any) -> Any:
    """A (nested) settings dataclass as JSON values; every table has its class name under ``class``."""
    if is_dataclass(settings) and not isinstance(settings, type):
        values = {field.name: to_json(getattr(settings, field.name)) for field in fields(settings)}
        return {"class": type(settings).__name__, **values}
    if isinstance(settings, Mapping):
        return {key: to_json(value) for key, value in settings.items()}
    if isinstance(settings, Path):
        return str(settings)
    if isinstance(settings, list | tuple):
        return [to_json(value) for value in settings]
    return settings


def read_values(path: Path, what: str = "settings") -> dict[str, Any]:
    """The values of a .json or .toml file; InputError, with the prefix ``what``, for any other file."""
    readers = {".json": lambda text: json.loads(text, object_pairs_hook=_no_key_twice), ".toml": tomllib.loads}
    if path.suffix not in readers:
        raise InputError(f"{what}: expected a .json or a .toml file, got {path}")
    try:
        values = readers[path.suffix](path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:  # of both readers and the encoding; too deep nesting
        raise InputError(f"{what}: {path}: {error}") from error
    if not isinstance(values, dict):
        raise InputError(f"{what}: {path}: expected a table of {what}, got {type(values).__name__}")
    return values


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        raise InputError(f"given twice: {', '.join(sorted({name for name in names if names.count(name) > 1}))}")
    return values


def parse_changes(texts: Iterable[str]) -> dict[str, Any]:
    """Changes for :func:`changed` from a command line, for example ``refinement.method=ascent``.

    Values are JSON, otherwise text. InputError names an argument of another form.
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
        if isinstance(inner.get(name), dict):  # it would be lost
            raise InputError(f"--set {text}: fields of {name} were set before")
        try:
            inner[name] = json.loads(value, object_pairs_hook=_no_key_twice)
        except (json.JSONDecodeError, RecursionError):
            inner[name] = value
        except ValueError as error:  # a name twice, a number of too many digits
            raise InputError(f"--set {text[:80]}: {error}") from None
    return changes


def changed(settings: S, values: Mapping[str, Any], where: str, known_problems: Iterable[str] = ()) -> S:
    """``settings`` with the fields of ``values``: nested tables change single fields, lists and dictionaries are
    replaced. ``class`` is the class name of a table, as :func:`to_json` writes it.

    Raises:
        InputError: fields are unknown or of another type; one message, with the prefix ``where``, lists all of them
            and the accepted types. :func:`check` checks the values.
    """
    found = list(known_problems)
    result: S = _table(type(settings), renamed(values, settings, where), settings, "", found)
    if found:
        raise InputError(f"{where}: " + "; ".join(found + problems(result)))
    return result


def load(cls: type[S], values: Any, where: str) -> S:
    """An object of the dataclass ``cls`` from the JSON values of :func:`to_json`; raises as :func:`changed` does."""
    found: list[str] = []
    result: S = _table(cls, renamed(values, cls, where), None, "", found)
    if found:
        raise InputError(f"{where}: " + "; ".join(found))
    return result


def _table(cls: type, value: Any, current: Any, name: str, found: list[str]) -> Any:
    """``value`` as an object of ``cls`` (if abstract, of a subclass); missing fields as in ``current``."""
    if isinstance(value, cls):
        return value
    if not isinstance(value, Mapping):
        found.append(f"{name}: expected a table, got {value!r}".removeprefix(": "))
        return current
    values, prefix = dict(value), f"{name}." if name else ""
    classes = {c.__name__: c for c in (_subclasses(cls) if inspect.isabstract(cls) else [cls])}
    chosen = classes.get(str(values.pop("class", type(current).__name__ if current else cls.__name__)))
    if chosen is None:
        found.append(f"{prefix}class: expected one of {', '.join(classes)}, got {value.get('class')!r}")
        return current
    base: Any = current if type(current) is chosen else None
    known, hints = {field.name: field for field in fields(chosen)}, _hints(chosen)
    unknown = [key for key in values if key not in known]
    found += [f"{prefix}{key}: unknown (known are {', '.join(known)})" for key in unknown]
    before = len(found)
    converted = {
        key: _convert(hints[key], item, getattr(base, key, None), prefix + key, found)
        for key, item in values.items()
        if key in known
    }
    if base is None:
        missing = [f for f in known.values() if f.default is MISSING and f.default_factory is MISSING]
        found += [f"{prefix}{f.name}: is missing" for f in missing if f.name not in values]
        if len(found) > before:
            return current
    try:
        return replace(base, **converted) if base is not None else chosen(**converted)
    except ValueError as error:
        found.append(f"{name}: {error}")
        return current


def _subclasses(cls: type) -> list[type]:
    """Those that settings can name: dataclasses that are not abstract."""
    found: list[type] = []
    derived: type
    for derived in cls.__subclasses__():
        found += [derived] if is_dataclass(derived) and not inspect.isabstract(derived) else []
        found += _subclasses(derived)
    return found


def _convert(hint: Any, value: Any, current: Any, name: str, found: list[str]) -> Any:
    """``value`` converted to the type ``hint``; ``current``, and a problem, if it does not fit."""
    if inspect.isclass(hint) and (is_dataclass(hint) or inspect.isabstract(hint)) and not get_origin(hint):
        return _table(hint, value, current, name, found)
    tried: list[str] = []
    result = _plain(hint, value, name, tried)
    if tried:
        nested = [problem for problem in tried if not problem.startswith(f"{name}: ")]
        found += nested or [f"{name}: expected {_expected(hint)}, got {value!r}"]
        return current
    return result


def _plain(hint: Any, value: Any, name: str, found: list[str]) -> Any:
    """``value`` as a number, text, choice, list or dictionary."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _plain(arguments[0], value, name, found)
    if origin in (Union, types.UnionType):
        for argument in arguments:
            tried: list[str] = []
            result = _plain(argument, value, name, tried)
            if not tried:
                return result
    elif hint is Any or (origin is Literal and any(value == c and type(value) is type(c) for c in arguments)):
        return value
    elif origin in (tuple, Sequence) and isinstance(value, list | tuple):
        any_number = origin is Sequence or arguments[-1] is Ellipsis
        kinds = [arguments[0]] * len(value) if any_number else list(arguments)
        if len(kinds) == len(value):
            items = zip(kinds, value, strict=True)
            return tuple(_convert(kind, item, None, f"{name}.{i}", found) for i, (kind, item) in enumerate(items))
    elif origin is Mapping and isinstance(value, Mapping):
        return {key: _convert(arguments[1], item, None, f"{name}.{key}", found) for key, item in value.items()}
    elif hint is type(None) and value is None:
        return None
    elif hint is float and isinstance(value, int | float) and Range().holds(value):
        return float(value)
    elif hint in (bool, int, str) and type(value) is hint:
        return value
    elif hint is Path and isinstance(value, str | Path):
        return Path(value)
    found.append(f"{name}: not of this kind")
    return None


def _expected(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _expected(arguments[0])
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


def renamed(values: Any, settings: Any, where: str) -> Any:
    """``values`` (nested tables) of an older version under today's names of classes and fields.

    Those of fields are in the attribute OLD_NAMES of ``settings`` or of their class:
    ``{"processing.output_size": "network.crop_side"}``; "" for a removed field.

    Raises:
        InputError: an old and a new name, or two old ones, give one field different values.
    """
    found = _with_new_classes(values)
    for old, new in getattr(settings, "OLD_NAMES", {}).items():
        table, name = _table_of(found, old, make=False), old.rpartition(".")[2]
        if not isinstance(table, dict) or name not in table:
            continue
        value, target, name = table.pop(name), _table_of(found, new, make=True), new.rpartition(".")[2]
        if name and isinstance(target, dict):
            kept = target.setdefault(name, value)
            if kept is not value and kept != value:  # NaN is no other value than itself
                raise InputError(f"{where}: {old} is now {new}, and both are given: {value!r} and {kept!r}")
    return found


def _with_new_classes(values: Any) -> Any:
    """A copy of the tables in ``values`` with today's class names."""
    if isinstance(values, list):
        return [_with_new_classes(item) for item in values]
    if not isinstance(values, dict):
        return values
    copied = {key: _with_new_classes(item) for key, item in values.items()}
    if copied.get("class") == "ColourJitter":
        copied["class"] = "ColorJitter"
    return copied


def _table_of(values: Any, path: str, make: bool) -> Any:
    """The table of the field ``path``; if it does not exist, a new one or None."""
    for group in path.split(".")[:-1]:
        if not isinstance(values, dict):
            return None
        values = values.setdefault(group, {}) if make else values.get(group)
    return values
