"""Tables as aligned text, Markdown, LaTeX and CSV."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Cells as text; the first column is left-aligned, the others are numbers. best: places (row, column) to mark."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    best: frozenset[tuple[int, int]] = frozenset()

    def marked(self, mark: str, escape: Callable[[str], str]) -> list[list[str]]:
        """The rows, each cell through ``escape``, the best ones put into ``mark``, which has a place for them."""
        cells = [[escape(cell) for cell in row] for row in self.rows]
        for row, column in self.best:
            cells[row][column] = mark % cells[row][column]
        return cells


def as_text(table: Table) -> str:
    """Columns aligned by blanks."""
    lines = [table.header, *table.rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(table.header))]
    text = ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines]
    rule = "-" * len(text[0])
    return "\n".join([table.caption, rule, text[0], rule, *text[1:], rule, *(f"note: {n}" for n in table.notes)])


def as_markdown(table: Table) -> str:
    """A GitHub table, the best in bold; the caption above it, the notes below."""
    rows = table.marked("**%s**", _escape_markdown)
    lines = [map(_escape_markdown, table.header), ("---", *("---:" for _ in table.header[1:])), *rows]
    body = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([table.caption, "", *body, *(f"\n{note}" for note in table.notes)])


def _escape_markdown(text: str) -> str:
    return text.replace("|", "\\|")


def as_latex(table: Table) -> str:
    """A ``table`` in the style of ``booktabs``, the best in bold."""
    lines = [map(_escape_latex, table.header), *table.marked(r"\textbf{%s}", _escape_latex)]
    head, *rows = [" & ".join(line) + r" \\" for line in lines]
    text = ". ".join(map(_escape_latex, (table.caption, *table.notes)))
    begin = [r"\begin{table}", r"\centering", rf"\begin{{tabular}}{{l{'r' * (len(table.header) - 1)}}}"]
    end = [r"\end{tabular}", rf"\caption{{{text}}}", r"\end{table}"]
    return "\n".join([*begin, r"\toprule", head, r"\midrule", *rows, r"\bottomrule", *end])


_LATEX = {
    **{character: "\\" + character for character in "&%#_${}"},
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "†": r"$\dagger$",
}  # fmt: skip


def _escape_latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def as_csv(table: Table) -> str:
    """Comma-separated; caption and notes are lines that begin with #."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([table.header, *table.rows])
    return "".join(f"# {line}\n" for line in (table.caption, *table.notes)) + out.getvalue().rstrip("\n")


FORMATS: dict[str, Callable[[Table], str]] = {
    "text": as_text, "markdown": as_markdown, "latex": as_latex, "csv": as_csv,
}  # fmt: skip
