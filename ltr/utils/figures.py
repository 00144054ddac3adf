"""Files of figures: what matplotlib can write, told before the work begins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltr.utils.errors import InputError
from ltr.utils.files import STDOUT, atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NEEDS_LATEX = "pgf"


LINE_STYLES = ("-", "--", ":", "-.", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)))  # tell lines apart without color


def legend_above(figure: Figure, axes: Axes, columns: int = 2, **options: Any) -> None:
    """The legend of ``axes`` above all axes of ``figure`` (of constrained layout), where it covers no curve."""
    handles, labels = axes.get_legend_handles_labels()
    columns = max(1, min(columns, len(labels)))
    figure.legend(handles, labels, loc="outside upper center", ncols=columns, frameon=False, **options)


def check_figure(name: str, path: Path | None) -> None:
    """InputError, which begins with the argument's ``name``, if no figure can be written to ``path``.

    The suffix says the format: one that matplotlib writes, in any case; PNG without a suffix. None: not given.
    """
    if path is None:
        return
    if path == STDOUT:
        raise InputError(f"{name} -: a figure is not printed; give the name of a file")
    from matplotlib.backend_bases import FigureCanvasBase

    kinds = sorted(set(FigureCanvasBase.get_supported_filetypes()) - {NEEDS_LATEX})
    if _kind(path) not in kinds:
        raise InputError(f"{name} {path}: expected the suffix of a figure: {', '.join(f'.{kind}' for kind in kinds)}")


def save_figure(figure: Figure, path: Path, dpi: float) -> None:
    """Write a figure in the format that its suffix says; the old file stays until the new one is complete."""
    atomic_write(path, lambda temporary: figure.savefig(temporary, dpi=dpi, format=_kind(path)))


def _kind(path: Path) -> str:
    return path.suffix.removeprefix(".").lower() or "png"
