"""Tables as aligned text, Markdown, LaTeX and CSV."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

_WIDEST = 100  # characters of a line of text


@dataclass(frozen=True)
class Cell:
    """A word, or a number, which is never NaN.

    deviation: of ``value`` over several runs. interval: the 95 % interval of ``value``. digits: after the point. mark:
    the sign after the cell, † or an asterisk. is_score: the highest one is marked as the best. signed: + before
    numbers that are not negative.
    """

    text: str = "-"
    value: float | None = None
    deviation: float | None = None
    interval: tuple[float, float] | None = None
    digits: int = 2
    mark: str = ""
    is_score: bool = True
    signed: bool = False

    def __str__(self) -> str:
        return f"{self.alone} {self.between}" if self.interval else self.alone

    @property
    def alone(self) -> str:
        """The cell without its interval."""
        sign = "+" if self.signed else ""
        text = self.text if self.value is None else f"{self.value:{sign}.{self.digits}f}"
        if self.deviation is not None:
            text += f" ± {self.deviation:.{self.digits}f}"
        return f"{text} {self.mark}" if self.mark else text

    @property
    def between(self) -> str:
        """The interval, or ""."""
        if self.interval is None:
            return ""
        (low, high), sign = self.interval, "+" if self.signed else ""
        return f"[{low:{sign}.1f}, {high:{sign}.1f}]"

    @property
    def ends(self) -> tuple[str, str]:
        """Low and high of the interval with all digits, or ""."""
        if self.interval is None:
            return "", ""
        low, high = self.interval
        return f"{low:.{self.digits}f}", f"{high:.{self.digits}f}"


@dataclass(frozen=True)
class Table:
    """The first column is left-aligned, the others are numbers. compare: the scores among which the best is marked."""

    caption: str
    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    compare: Literal["row", "column"] | None = None

    @cached_property
    def best(self) -> frozenset[tuple[int, int]]:
        """The positions (row, column) of the highest score, as shown, of each row or column that has several."""
        groups: dict[int, dict[tuple[int, int], float]] = defaultdict(dict)
        for r, row in enumerate(self.rows):
            for c, cell in enumerate(row):
                if cell.is_score and cell.value is not None:
                    groups[r if self.compare == "row" else c][r, c] = round(cell.value, cell.digits)
        several = [group for group in groups.values() if self.compare and len(group) > 1]
        return frozenset(place for group in several for place in group if group[place] == max(group.values()))

    def marked(self, best: str, interval: str, escape: Callable[[str], str]) -> list[list[str]]:
        """The rows, each cell through ``escape``; ``best`` and ``interval`` are templates for marked text."""
        return [
            [
                (best if (r, c) in self.best else "%s") % escape(cell.alone)
                + (interval % escape(cell.between) if cell.interval else "")
                for c, cell in enumerate(row)
            ]
            for r, row in enumerate(self.rows)
        ]


def as_text(table: Table) -> str:
    """Columns aligned with spaces; in a table that would be too wide, the intervals are below the numbers."""
    lines = [[str(cell) for cell in line] for line in (table.header, *table.rows)]
    if _width(lines) > _WIDEST:
        lines = [[cell.alone for cell in table.header]]
        for row in table.rows:
            lines += [[cell.alone for cell in row], [cell.between for cell in row]]
        lines = [line for line in lines if any(line)]
    widths = _widths(lines)
    text = ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines]
    rule = "-" * len(text[0])
    return "\n".join([table.caption, rule, text[0], rule, *text[1:], rule, *(f"note: {n}" for n in table.notes)])


def _widths(lines: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*lines, strict=True)]


def _width(lines: Sequence[Sequence[str]]) -> int:
    return sum(_widths(lines)) + 2 * (len(lines[0]) - 1)


def as_markdown(table: Table) -> str:
    """A GitHub table, the best in bold; the caption above it, the notes below."""
    rows = table.marked("**%s**", " %s", _escape_markdown)
    header = [_escape_markdown(str(cell)) for cell in table.header]
    lines = [header, ("---", *("---:" for _ in table.header[1:])), *rows]
    body = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([_escape_markdown(table.caption), "", *body, *(f"\n{_escape_markdown(n)}" for n in table.notes)])


def _escape_markdown(text: str) -> str:
    return re.sub(r"[\\`*|]|<(?=[a-zA-Z/!?])", r"\\\g<0>", _one_line(text))


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())


def as_latex(table: Table) -> str:
    """A ``table`` in the style of ``booktabs``, the best in bold."""
    header = [_escape_latex(str(cell)) for cell in table.header]
    lines = [header, *table.marked(r"\textbf{%s}", r" {\scriptsize %s}", _escape_latex)]
    head, *rows = [" & ".join(line) + r" \\" for line in lines]
    text = "; ".join(map(_escape_latex, (table.caption, *table.notes)))
    begin = [r"\begin{table}", r"\centering", rf"\begin{{tabular}}{{l{'r' * (len(table.header) - 1)}}}"]
    end = [r"\end{tabular}", rf"\caption{{{text}}}", r"\end{table}"]
    return "\n".join([*begin, r"\toprule", head, r"\midrule", *rows, r"\bottomrule", *end])


_LATEX = {
    **{character: "\\" + character for character in "&%#_${}"},
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",  # TeX's old text fonts have other characters there
    "†": r"$\dagger$", "‡": r"$\ddagger$",
}  # fmt: skip


def _escape_latex(text: str) -> str:
    escaped = "".join(_LATEX.get(character, character) for character in _one_line(text))
    minus = re.sub(r"(?<![\w.-])-(?=\d)", "$-$", escaped)
    return minus.replace(r"\textless{}=", r"$\le$").replace(r"\textgreater{}=", r"$\ge$")


def as_csv(table: Table) -> str:
    """Comma-separated; caption and notes are lines that begin with #; intervals are additional columns at the end."""
    columns = [i for i in range(len(table.header)) if any(row[i].interval for row in table.rows)]
    header = [cell.alone for cell in table.header]
    lines = [header + [f"{header[i]} {end}" for i in columns for end in ("low", "high")]]
    for row in table.rows:
        lines.append([cell.alone for cell in row] + [end for i in columns for end in row[i].ends])
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return "".join(f"# {_one_line(line)}\n" for line in (table.caption, *table.notes)) + out.getvalue().rstrip("\n")


FORMATS: dict[str, Callable[[Table], str]] = {
    "text": as_text, "markdown": as_markdown, "latex": as_latex, "csv": as_csv,
}  # fmt: skip
