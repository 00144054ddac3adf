"""Parameter files of pytracking (``parameter/dimp/NAME.py``), read as text: nothing in them is run."""

from __future__ import annotations

import ast
import operator
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ltr.utils.errors import InputError, printable_errors
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.parameter.dimp.from_pytracking import from_pytracking

MAX_FILE = 100_000  # bytes; pytracking's have less than 5000
MAX_VALUES = 1000  # in one parameter
MAX_DEPTH = 10  # of lists in lists
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@printable_errors()
def read_parameter_file(path: Path) -> DiMPParams:
    """The parameters that ``path`` assigns (``params.NAME = VALUE``), and the network of its ``net_path``.

    Raises:
        FileNotFoundError: no such file.
        InputError: it is no parameter file, a value is more than numbers and texts, or an option is lacking here.
    """
    if not path.is_file():
        raise FileNotFoundError(f"parameter file {path} is missing")
    if path.stat().st_size > MAX_FILE:
        raise InputError(f"{path}: not a parameter file of pytracking: it has more than {MAX_FILE} bytes")
    try:
        text = path.read_text(encoding="utf-8-sig")
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"{path}: not a parameter file of pytracking ({error})") from error
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "parameters"]
    if len(functions) != 1:
        raise InputError(f"{path}: not a parameter file of pytracking: it has no function parameters()")
    values: dict[str, Any] = {}
    network = ""
    for statement in functions[0].body:
        name = _assigned(statement)
        if name == "net":
            network = _network(statement)
        elif name:
            try:
                values[name] = _value(statement.value, values)  # type: ignore[attr-defined]
                _check_size(values[name])
            except (ValueError, ArithmeticError, TypeError, RecursionError) as error:
                known = isinstance(error, ValueError | ZeroDivisionError)
                reason = error if known else "its value cannot be computed; expected a number, text, list or table"
                raise InputError(f"{path}, line {statement.lineno}: {name}: {reason}") from None
        elif not _is_frame(statement):
            accepted = "params.NAME = VALUE, params = ... or return params"
            got = text.split("\n")[statement.lineno - 1].strip()[:100]
            raise InputError(f"{path}, line {statement.lineno}: expected {accepted}, got {got}")
    if not network:
        raise InputError(f"{path}: it names no network (params.net with a net_path)")
    return from_pytracking(values, network, str(path))


def _assigned(statement: ast.stmt) -> str:
    """NAME of ``params.NAME = ...``; "" for other statements."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "params":
            return target.attr
    return ""


def _is_frame(statement: ast.stmt) -> bool:
    """Whether it is a docstring, ``params = ...`` or ``return params``."""
    if isinstance(statement, ast.Assign):
        return all(isinstance(target, ast.Name) and target.id == "params" for target in statement.targets)
    return isinstance(statement, ast.Return | ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _network(statement: ast.stmt) -> str:
    """The name of the network in ``NetWithBackbone(net_path='dimp50.pth', ...)``, without suffixes."""
    for node in ast.walk(statement):
        if isinstance(node, ast.keyword) and node.arg == "net_path" and isinstance(node.value, ast.Constant):
            return Path(str(node.value.value)).name.split(".")[0]
    return ""


def _value(node: ast.expr, known: dict[str, Any]) -> Any:
    """A number, text, list, table, arithmetic of numbers, or a parameter that was assigned before."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str | None):
        return node.value
    if isinstance(node, ast.Tuple | ast.List):
        return [_value(item, known) for item in node.elts]
    if isinstance(node, ast.Dict) and all(node.keys):
        return {
            _value(key, known): _value(item, known) for key, item in zip(node.keys, node.values, strict=True) if key
        }
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_number(node.operand, known)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_number(node.left, known), _number(node.right, known))
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in known:
        return known[node.attr]
    raise ValueError(f"expected a number, text, list or table, got {ast.unparse(node)}")


def _number(node: ast.expr, known: dict[str, Any]) -> float:
    value = _value(node, known)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected a number, got {ast.unparse(node)}")
    return value


def _check_size(value: Any, depth: int = 0) -> int:
    """How many values ``value`` holds; ValueError where it, or an integer in it, is too large for a message."""
    if isinstance(value, int) and abs(value) > sys.float_info.max:
        raise ValueError(f"expected a number of at most {sys.float_info.max:.1e}")
    items = [*value.keys(), *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    if depth > MAX_DEPTH or (size := 1 + sum(_check_size(item, depth + 1) for item in items)) > MAX_VALUES:
        raise ValueError(f"expected at most {MAX_VALUES} values, in lists nested at most {MAX_DEPTH} times")
    return size
