"""Export a tracker as ONNX graphs, for C++, the browser and other runtimes (docs/deploy.md).

python pytracking/run_export.py dimp_ncep_mobile --out DIR
python pytracking/run_export.py --verify DIR
python pytracking/run_export.py dimp_ncep_mobile --web DIR
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from ltr.utils.errors import InputError
from pytracking.features.graph_folder import MANIFEST, Manifest
from pytracking.parameter.dimp.base import network_path
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
    web: Path | None = None
    """new or empty folder to write instead: a static page that tracks in the browser, for any host (needs npm)"""
    graphs: Path | None = None
    """for --web: a folder that was exported before, instead of TRACKER"""
    onnxruntime_web: Path | None = None
    """for --web: a folder with the files of npm's package onnxruntime-web, instead of npm"""
    weights: Literal["float16", "float32"] = "float16"
    """how weights are stored; those of networks of this toolkit are float16 numbers, and nothing changes"""
    no_check: bool = False
    """leave out the check vectors (12 MB)"""


def run(arguments: Arguments) -> int:
    """Run the command."""
    if sum(folder is not None for folder in (arguments.out, arguments.verify, arguments.web)) != 1:
        raise InputError(
            "expected either --out DIR, the folder to write, --verify DIR, or --web DIR, a page that tracks by itself"
        )
    if arguments.web is None and (arguments.graphs or arguments.onnxruntime_web):
        raise InputError("--graphs and --onnxruntime-web are for --web")
    if arguments.verify is not None:
        return _verify(arguments.verify)
    if arguments.out is not None:
        return _export(arguments, arguments.out, not arguments.no_check)
    assert arguments.web is not None
    return _write_web(arguments, arguments.web)


def _export(arguments: Arguments, folder: Path, check: bool) -> int:
    from pytracking.export.export import export  # late: imports torch

    manifest = export(arguments.tracker, folder, arguments.weights, check)
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    print(f"{folder}: {len(manifest.graphs)} graphs, opset {manifest.opset}, {size / 1e6:.1f} MB")
    return 0


def _write_web(arguments: Arguments, folder: Path) -> int:
    from pytracking.export.web_folder import check_new, onnxruntime_web, write_web

    check_new(folder)
    with onnxruntime_web(arguments.onnxruntime_web) as runtime, tempfile.TemporaryDirectory() as temporary:
        graphs = arguments.graphs or _graphs_beside(network_path(arguments.tracker))
        if graphs is None:
            graphs = Path(temporary, "graphs")
            _export(arguments, graphs, check=False)
        write_web(graphs, folder, runtime)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: {size / 1e6:.1f} MB, for any static host; here: python -m http.server --directory {folder}")
    return 0


def _graphs_beside(network: Path) -> Path | None:
    """The folder of graphs with a network's name, if they are of its weights."""
    folder = network.with_suffix("")
    made = (folder / MANIFEST).is_file() and network.is_file() and Manifest.read(folder).is_of(network)
    return folder if made else None


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
