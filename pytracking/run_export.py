"""Export a tracker as ONNX graphs, for C++, the browser and other runtimes (docs/deploy.md).

python pytracking/run_export.py dimp_ncep_mobile --out DIR
python pytracking/run_export.py --verify DIR
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from ltr.utils.errors import InputError
from pytracking.utils.cli import CommandArguments, run_command


@dataclass(frozen=True)
class Arguments(CommandArguments):
    """Export a tracker as ONNX graphs."""

    tracker: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="TRACKER")] = "dimp_ncep_mobile"
    """parameters of dimp, or a .safetensors network of yours"""
    out: Path | None = None
    """new or empty folder to write: graphs, weights, manifest.json, check vectors"""
    verify: Path | None = None
    """exported folder to check instead: each graph, run by ONNX Runtime, against PyTorch's values"""
    weights: Literal["float16", "float32"] = "float16"
    """how weights are stored; those of networks of this toolkit are float16 numbers, and nothing changes"""
    no_check: bool = False
    """leave out the check vectors (12 MB)"""


def run(arguments: Arguments) -> int:
    """Run the command."""
    if (arguments.out is None) == (arguments.verify is None):
        raise InputError("expected either --out DIR, the folder to write, or --verify DIR")
    if arguments.verify is not None:
        return _verify(arguments.verify)
    assert arguments.out is not None
    from pytracking.export.export import export  # late: imports torch

    manifest = export(arguments.tracker, arguments.out, arguments.weights, not arguments.no_check)
    size = sum(path.stat().st_size for path in arguments.out.iterdir() if path.is_file())
    print(f"{arguments.out}: {len(manifest.graphs)} graphs, opset {manifest.opset}, {size / 1e6:.1f} MB")
    return 0


def _verify(folder: Path) -> int:
    from pytracking.export.verify import TOLERANCE, verify

    wrong = 0
    for name, difference in verify(folder):
        ok = difference <= TOLERANCE
        wrong += not ok
        print(f"{'ok' if ok else 'WRONG':5} {name:14} differs by {difference:.1e} of the largest value")
    if wrong:
        raise InputError(f"{folder}: {wrong} graphs differ by more than {TOLERANCE:g} from PyTorch's values")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """The command's entry point."""
    return run_command(Arguments, run, argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
