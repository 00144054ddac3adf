"""Checkpoint files of pytracking, read without running anything that they hold.

The names of classes and functions in a file's pickles are read first. Those of pytracking's own classes, which a
checkpoint holds beside the weights, get stand-ins that keep their attributes and do nothing; torch's own tensors are
left to ``torch.load(weights_only=True)``; a file with any other name is refused.
"""

from __future__ import annotations

import pickle
import pickletools
import re
import warnings
import zipfile
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from ltr.utils.errors import InputError
from ltr.utils.files import check_regular

# Of a pickle, without the tensors; pytracking's have less than 1 MiB.
MAX_PICKLE = 1 << 26  # bytes in a zip file
MAX_OPERATIONS = 1 << 20
MAX_VALUES = 1 << 22  # in one value, each as often as it is in it
MAX_DEPTH = 100
_LEGACY_PICKLES = 5  # of a file from before torch 1.6: magic number, protocol, system, content, names of storages
_OF_TORCH = re.compile(  # what torch.load(weights_only=True) makes itself
    r"collections\.(OrderedDict|Counter)|_codecs\.encode|builtins\.(set|complex|bytearray)"
    r"|torch\.(\w+Storage|Size|Tensor|device|bool|b?(float|int|uint|complex)\d+|nn\.parameter\.Parameter"
    r"|_utils\._rebuild_\w+)"
)
_INERT = re.compile(  # settings, statistics and the constructor; numbers and paths among them
    r"(ltr|dlframework)(\.\w+)+|numpy\.(dtype|ndarray|_?core\.multiarray\.(scalar|_reconstruct))"
    r"|pathlib\.(Posix|Windows)Path"
)


class StandIn:
    """An object of a class that is not imported: its attributes, and nothing else."""

    def __new__(cls, *arguments: object) -> StandIn:
        return super().__new__(cls)

    def __init__(self, *arguments: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        if isinstance(state, dict):
            vars(self).update({name: value for name, value in state.items() if isinstance(name, str)})


def read_file(path: Path) -> Any:
    """What ``torch.save`` wrote to ``path``, tensors on the CPU, objects of pytracking as :class:`StandIn`.

    Raises:
        FileNotFoundError: no such file.
        InputError: the file is damaged, of another kind, or names a class or function that is not a checkpoint's.
    """
    check_regular(path)
    if not path.is_file():
        raise FileNotFoundError(f"checkpoint {path} is missing")
    try:
        names = set(_names(path))
    except Exception as error:  # whatever damaged bytes do to the readers of zip files and pickles
        raise _damaged(path, error) from error
    refused = sorted(name for name in names if not _OF_TORCH.fullmatch(name) and not _INERT.fullmatch(name))
    if refused:
        shown = ", ".join(refused[:5]) + (f" and {len(refused) - 5} more" if len(refused) > 5 else "")
        raise InputError(
            f"{path}: refused, nothing of it was run: it names {shown}; a checkpoint of pytracking holds tensors and "
            "objects of pytracking only"
        )
    stand_ins: list[Any] = [(type("StandIn", (StandIn,), {}), name) for name in names if _INERT.fullmatch(name)]
    try:
        with torch.serialization.safe_globals(stand_ins), warnings.catch_warnings(action="ignore"):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever they do to torch's
        if isinstance(error, pickle.UnpicklingError) or "weights_only" in str(
            error
        ):  # torch advises to load it unsafely
            name = re.search(r"GLOBAL (\S+)", str(error))
            what = f"it names {name[1]}" if name else "it holds other things than a checkpoint of pytracking"
            raise InputError(f"{path}: refused, nothing of it was run: {what}") from error
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(f"{path}: not a checkpoint of pytracking, or damaged ({_first_line(error)})")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _names(path: Path) -> Iterator[str]:
    """The classes and functions, ``module.name``, that the pickles of ``path`` refer to."""
    with path.open("rb") as file:
        start = file.read(2)
        file.seek(0)
        if start == b"PK":
            yield from _names_of_pickle(BytesIO(_pickle_of_zip(file)))
        elif start[:1] == b"\x80":
            for _ in range(_LEGACY_PICKLES):
                yield from _names_of_pickle(file)
        else:
            raise ValueError("neither of the formats of torch.save")


def _pickle_of_zip(file: IO[bytes]) -> bytes:
    with zipfile.ZipFile(file) as archive:
        found = [info for info in archive.infolist() if info.filename.rpartition("/")[2] == "data.pkl"]
        if len(found) != 1:
            raise ValueError(f"a zip file with {len(found)} data.pkl")
        if found[0].file_size > MAX_PICKLE:
            raise ValueError(f"its data.pkl has {found[0].file_size} bytes, more than {MAX_PICKLE}")
        return archive.read(found[0])


@dataclass(slots=True)
class _Value:
    """A value that a pickle makes, as far as it is known without making it."""

    text: str = "?"
    size: int = 1  # values in it, with itself, each as often as it is in it
    depth: int = 1


_MARK = _Value()
_IN_PLACE = ("APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD")


def _names_of_pickle(file: IO[bytes]) -> Iterator[str]:
    """Those of one pickle; ``file`` is left behind it. ValueError if it would make too much."""
    stack: list[_Value] = []
    memo: dict[object, _Value] = {}
    for count, (operation, argument, _) in enumerate(pickletools.genops(file)):
        if count == MAX_OPERATIONS:
            raise ValueError(f"a pickle of more than {MAX_OPERATIONS} operations")
        if operation.name in ("GLOBAL", "INST"):
            module, _, name = str(argument).partition(" ")
            yield _modern(module, name)
        elif operation.name == "STACK_GLOBAL":
            yield _modern(stack[-2].text, stack[-1].text)
        if operation.name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif operation.name.endswith("PUT"):
            memo[argument] = stack[-1]
        elif operation.name.endswith("GET"):
            stack.append(memo[argument])
        else:
            _make(operation, argument, stack)


def _make(operation: pickletools.OpcodeInfo, argument: object, stack: list[_Value]) -> None:
    """Change ``stack`` as ``operation`` does."""
    taken: list[_Value] = []  # the last one first
    before = operation.stack_before
    if pickletools.markobject in before:
        while (value := stack.pop()) is not _MARK:
            taken.append(value)
        before = before[: before.index(pickletools.markobject)]
    taken += [stack.pop() for _ in before]
    if operation.name == "MARK":
        stack.append(_MARK)
    elif operation.name == "DUP":
        stack += taken * 2
    elif operation.stack_after:
        made = taken.pop() if operation.name in _IN_PLACE else _Value(argument if isinstance(argument, str) else "?")
        made.size += sum(value.size for value in taken)
        made.depth = max([made.depth, *(value.depth + 1 for value in taken)])
        if made.size > MAX_VALUES or made.depth > MAX_DEPTH:
            raise ValueError(f"a value of more than {MAX_VALUES} values, or nested deeper than {MAX_DEPTH}")
        stack.append(made)


def _modern(module: str, name: str) -> str:
    """The name under Python 3 of what Python 2 may have written."""
    module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
    return f"{module}.{name}"


def tensors(values: object) -> dict[str, Tensor] | None:
    """``values`` if they are tensors by name, without the prefix of several GPUs; otherwise None."""
    if not isinstance(values, Mapping) or not values:
        return None
    if not all(isinstance(name, str) and isinstance(value, Tensor) for name, value in values.items()):
        return None
    prefix = "module." if all(name.startswith("module.") for name in values) else ""
    return {name.removeprefix(prefix): value for name, value in values.items()}
