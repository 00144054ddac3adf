"""Import a network of pytracking (https://github.com/visionml/pytracking), to track with it or to train it further.

    python -m ltr.admin.import_pytracking dimp50.pth --out dimp50.safetensors

Reads checkpoints of DiMP, SuperDiMP, PrDiMP and ATOM, as downloaded from pytracking's model zoo or written by a
training of it, without running anything that is in the file. Weights keep single precision; settings go into a card
beside them.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from ltr.utils.cli import one_line_errors
from ltr.utils.errors import InputError
from ltr.utils.files import check_outputs, check_regular, with_card


@dataclass(frozen=True)
class Options:
    """Options of the command."""

    file: Annotated[Path, tyro.conf.Positional]  # .pth or .pth.tar of pytracking
    out: Path  # .safetensors to write; its card goes beside it
    like: str = ""  # a published network, for files that hold weights alone: dimp18, super_dimp, prdimp50, atom, ...
    ema: bool = False  # take the running average of the weights, where the file holds one beside them
    overwrite: bool = False  # replace a network that is at --out


def import_network(options: Options) -> str:
    """Write the network of ``options.file`` and its card; what was found, as text.

    Raises:
        FileNotFoundError: no such file.
        FileExistsError: there is a network at ``options.out``.
        InputError: the file is refused or damaged, or its network cannot be built here; one line says why.
    """
    file, out = options.file, options.out
    if out.suffix != ".safetensors":
        raise InputError(f"out: expected a name that ends with .safetensors, got {out}")
    check_outputs(dict(zip(("out", "card"), with_card(out), strict=True)), [file])
    there = [path for path in with_card(out) if os.path.lexists(path)]  # also links that lead nowhere
    if there and not options.overwrite:
        raise FileExistsError(f"{there[0]} exists already: add --overwrite to replace it, or give another --out")
    check_regular(file)
    if not file.is_file():
        raise FileNotFoundError(f"checkpoint {file} is missing")
    from ltr.admin.pytracking_checkpoint import write_network  # late: imports torch

    return write_network(file, out, options.like, options.ema)


def main(argv: list[str] | None = None) -> None:
    """Command line; errors are one line and exit code 1."""
    with one_line_errors():
        arguments = sys.argv[1:] if argv is None else argv
        print(import_network(tyro.cli(Options, args=arguments, description=__doc__)))


if __name__ == "__main__":
    main()
