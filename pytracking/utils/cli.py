"""Command-line handling: from a dataclass of arguments to an exit code."""

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, TypeVar, get_args

import tyro
from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec, PrimitiveTypeInfo

from ltr.utils.cli import EXPECTED_ERRORS, NOT_READ, drop_output, error_message, flush_output
from ltr.utils.files import keep_font_list_in_cache
from pytracking.utils.extras import DISTRIBUTION, __version__

Arguments = TypeVar("Arguments")

WRONG_USAGE = 2
INTERRUPTED = 130  # what shells report for a command ended by Ctrl-C


@dataclass(frozen=True, kw_only=True)
class CommandArguments:
    """What the arguments of all commands have in common."""

    debug: bool = False
    """show the traceback of every error"""


def run_command(
    arguments: type[Arguments],
    command: Callable[[Arguments], int],
    argv: Sequence[str] | None,
    description: str | None,
) -> int:
    """Parse ``argv`` (None: the command line) into the dataclass ``arguments``, call ``command``; the exit code.

    Bad input (InputError, OSError, a missing package) gives one message on stderr and exit code 1, with a traceback if
    ``--debug`` is set (also ``--debug N``, see :func:`debug_as_flag`). Ctrl-C gives 130, standard output that nobody
    reads any more 141, without a message. Wrong usage raises SystemExit(2). Any other exception is a bug and shows its
    traceback.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is loaded: idle threads sleep, not spin
    keep_font_list_in_cache()
    if sys.stderr is None:  # closed by the caller; progress bars write to it
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    words = debug_as_flag(sys.argv[1:] if argv is None else argv)
    if words == ["--version"]:
        print(f"{DISTRIBUTION} {__version__}")
        return 0
    check_boxes_joined(words)
    config = (tyro.conf.FlagCreatePairsOff, tyro.conf.OmitArgPrefixes)
    debug = False
    try:
        parsed = tyro.cli(arguments, args=words, description=description, config=config, registry=_REGISTRY)
        debug = getattr(parsed, "debug", False)
        code = command(parsed)
        flush_output()
        return code
    except BrokenPipeError:
        drop_output()
        return NOT_READ
    except EXPECTED_ERRORS as error:
        if debug:
            traceback.print_exc()
        print(f"error: {error_message(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def debug_as_flag(words: Sequence[str]) -> list[str]:
    """``words`` with pytracking's ``--debug N`` replaced by the flag ``--debug``, or removed if N is 0."""
    kept: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        name, _, level = word.partition("=")
        if word == "--debug" and left and left[0].isdecimal():
            level = left.pop(0)
        if name != "--debug" or not level.isdecimal():
            kept.append(word)
        elif int(level):
            kept.append("--debug")
    return kept


def check_boxes_joined(words: Sequence[str]) -> None:
    """Exit with a hint if the numbers of ``--box`` are separate words, which would be stray arguments."""
    for index, word in enumerate(words):
        numbers = list(takewhile(_is_number, words[index + 1 :])) if word == "--box" else []
        if len(numbers) > 1:
            joined = ",".join(number.strip(",") for number in numbers)
            print(f"error: --box {' '.join(numbers)}: write --box {joined}", file=sys.stderr)
            raise SystemExit(WRONG_USAGE)


def _is_number(word: str) -> bool:
    try:
        float(word.strip(","))
    except ValueError:
        return False
    return True


_REGISTRY = ConstructorRegistry()


@_REGISTRY.primitive_rule
def _number(kind: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[Any] | None:
    """As tyro reads numbers, but for the words of its errors."""
    expected = {int: "a whole number", float: "a number"}.get(kind.type)  # type: ignore[call-overload]
    if expected is None:
        return None

    def read(words: list[str]) -> Any:
        try:
            return kind.type(words[0])  # type: ignore[operator]
        except ValueError:
            raise ValueError(f"expected {expected}, got {words[0]}") from None

    return PrimitiveConstructorSpec(
        nargs=1,
        metavar="INT" if kind.type is int else "FLOAT",
        instance_from_str=read,
        is_instance=lambda value: isinstance(value, int | float if kind.type is float else int),
        str_from_instance=lambda value: [str(value)],
    )


@_REGISTRY.primitive_rule
def _optional(kind: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[Any] | None:
    """Show ``X | None`` as X in the help, since leaving out the option means None."""
    members = [member for member in get_args(kind.type) if member is not type(None)]
    if len(members) != 1 or len(get_args(kind.type)) != 2:
        return None
    found = ConstructorRegistry.get_primitive_spec(PrimitiveTypeInfo.make(members[0], kind.markers))
    if not isinstance(found, PrimitiveConstructorSpec):
        return None
    return replace(
        found,
        is_instance=lambda value: value is None or found.is_instance(value),
        str_from_instance=lambda value: ["none"] if value is None else found.str_from_instance(value),
    )
