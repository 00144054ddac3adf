"""Data sets by name, read as they are published. Only annotations are read, never an image."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from ltr.dataset.layouts import EVALUATED
from ltr.dataset.own_videos import Listing
from ltr.utils.errors import InputError
from pytracking.evaluation.datasets.demo import demo_sequence
from pytracking.evaluation.datasets.environment import benchmark_root
from pytracking.evaluation.datasets.folder import OWN, read_own
from pytracking.evaluation.datasets.published import list_published
from pytracking.evaluation.datasets.sequence import Sequence

_SHOWN = 10
Loaders = dict[str, Callable[[], Sequence]]


DATASETS = EVALUATED  # the published ones
NAMES = ", ".join(["folder:DIR", "csv:FILE", "demo", *DATASETS])  # for help and messages


def list_dataset(name: str, paths: Path | None = None) -> Loaders:
    """Sequence name -> its loader, of ``folder:DIR``, ``csv:FILE``, ``demo`` or a data set in ``DATASETS``.

    paths: the TOML file of ``environment.py``, if not the default one. Raises ValueError or FileNotFoundError: unknown
    name, unknown path, no list of sequences.
    """
    kind, listing = _own(name)
    if listing:
        return {key: partial(read_own, kind, video) for key, video in listing.videos.items()}
    if name == "demo":
        sequence = demo_sequence()
        return {sequence.name: lambda: sequence}
    if name not in DATASETS:
        raise InputError(f"unknown data set {name!r}; there are {NAMES}")
    return list_published(name, benchmark_root(DATASETS[name].name, paths))


def left_out(name: str) -> list[str]:
    """The entries of ``folder:DIR`` that have frames but are not sequences, with the reasons, as lines for the user."""
    _, listing = _own(name)
    return [f"{name}: {key} is left out: {why}" for key, why in listing.left_out.items()] if listing else []


def _own(name: str) -> tuple[str, Listing | None]:
    """``folder`` or ``csv`` with its listing; None for other data sets."""
    kind, _, place = name.partition(":")
    return kind, OWN[kind](Path(place).expanduser()) if kind in OWN and place else None


def get_dataset(name: str, paths: Path | None = None) -> list[Sequence]:
    """The sequences of a data set (see :func:`list_dataset`).

    Raises ValueError or FileNotFoundError: as :func:`list_dataset`, or a list of all annotations that are missing or
    not as published.
    """
    sequences, problems = [], []
    for load in list_dataset(name, paths).values():
        try:
            sequences.append(load())
        except (InputError, OSError) as error:
            problems.append(str(error))
    if len(problems) == 1:
        raise InputError(problems[0])
    if problems:
        count = f"{len(problems)} of {len(problems) + len(sequences)} sequences of {name} cannot be read"
        more = [f"... and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise InputError("\n  ".join([f"{count}:", *problems[:_SHOWN], *more]))
    return sequences


def select(sequences: list[Sequence], which: str | None) -> list[Sequence]:
    """All ``sequences``, or the one with the name ``which`` or (if no name matches) with that index, from 0."""
    if which is None:
        return sequences
    named = [s for s in sequences if s.name == which]
    if named:
        return named
    if which.isdecimal() and int(which) < len(sequences):
        return [sequences[int(which)]]
    names = ", ".join(s.name for s in sequences[:12]) + (", ..." if len(sequences) > 12 else "")
    raise InputError(f"no sequence {which!r}: expected an index from 0 to {len(sequences) - 1} or one of {names}")
