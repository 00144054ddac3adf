"""The page with the tracker in the browser: a static folder of graphs, modules and onnxruntime-web."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ltr.utils.errors import InputError
from ltr.utils.files import sha256
from pytracking.features.graph_folder import MANIFEST, WEIGHTS, Manifest
from pytracking.visualization.boxes import LOST_COLOR, PALETTE

RUNTIME = "onnxruntime-web@1.30.0"  # of npm, MIT license; the version that the tests run
_RUNTIME_FILES = (  # for WebAssembly, and for WebGPU
    "ort.wasm.bundle.min.mjs",
    "ort-wasm-simd-threaded.wasm",
    "ort.webgpu.bundle.min.mjs",
    "ort-wasm-simd-threaded.asyncify.wasm",
)
_WEB = Path(__file__).parents[1] / "web"
_SHARED = (  # of the page that run_webcam --web serves
    *("camera.js", "downloads.js", "meter.js", "notices.js", "panel.js", "selector.js", "stage.js", "tables.js"),
    *("tracks.js", "icon.svg", "style.css", "phone.css"),
)
_GRAPHS = ("features", "modulation", "pool", "finetune_step", "filter_init", "filter_step", "classify", "refine")
_CANDIDATES = ("candidates_relative.npy", "candidates_log_noise.npy")


def check_new(folder: Path) -> None:
    """Raise InputError if ``folder`` holds something."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: is there already; expected a new or an empty folder")


def write_web(graphs: Path, folder: Path, runtime: Path) -> None:
    """Write the page into ``folder``, which must be new or empty; any static host serves it.

    Args:
        graphs: a folder that :func:`~pytracking.export.export.export` wrote.
        folder: complete afterwards, or not there.
        runtime: of :func:`onnxruntime_web`.

    Raises:
        FileNotFoundError, InputError: ``folder`` holds something, or ``graphs`` is no such folder or damaged.
    """
    check_new(folder)
    manifest = Manifest.read(graphs)
    manifest.check_files(graphs, [*manifest.graph_files, *_CANDIDATES])
    if manifest.params["refinement"].get("rotation"):
        raise InputError(f"{graphs}: the page does not know refinement.rotation; export the graphs without it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as temporary:
        place = Path(temporary) / folder.name
        _copy([runtime / name for name in _RUNTIME_FILES], place / "ort")
        _copy([graphs / manifest.graphs[name].file for name in _GRAPHS], place / "graphs")
        _copy([graphs / name for name in (MANIFEST, WEIGHTS, *_CANDIDATES)], place / "graphs")
        _copy([*sorted((_WEB / "browser").iterdir()), *(_WEB / "static" / name for name in _SHARED)], place)
        colors = f"data-colours='{json.dumps(PALETTE)}' data-lost='{json.dumps(LOST_COLOR)}'"
        _fill(place / "index.html", "data-colours data-lost", colors)
        _fill(place / "sw.js", "VERSION", _digest(place))
        place.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)  # empty
        place.rename(folder)


def _fill(file: Path, mark: str, value: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert mark in text
    file.write_text(text.replace(mark, value), encoding="utf-8")


def _digest(folder: Path) -> str:
    """Of all files: another export is another version."""
    digests = (sha256(file) for file in sorted(folder.rglob("*")) if file.is_file())
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:16]


def _copy(files: list[Path], folder: Path) -> None:
    folder.mkdir(exist_ok=True, parents=True)
    for file in files:
        shutil.copyfile(file, folder / file.name)


@contextmanager
def onnxruntime_web(given: Path | None) -> Iterator[Path]:
    """The folder of onnxruntime-web's files: in ``given``, a copy of the package, or fetched by npm.

    Raises:
        InputError: files are missing in ``given``.
        ImportError: there is no npm. OSError: it failed.
    """
    if given is not None:
        found = [place for place in (given, given / "dist") if all((place / name).is_file() for name in _RUNTIME_FILES)]
        if not found:
            raise InputError(
                f"{given}: expected the files of npm's package onnxruntime-web: {', '.join(_RUNTIME_FILES)}"
            )
        yield found[0]
        return
    npm = shutil.which("npm")
    if npm is None:
        raise ImportError(
            f"the page needs npm's package {RUNTIME} (41 MB of it): install npm, which fetches it (Debian: apt install "
            "npm), or unpack the package by hand and give its folder as --onnxruntime-web"
        )
    with tempfile.TemporaryDirectory() as temporary:
        command = [npm, "pack", "--silent", "--pack-destination", temporary, RUNTIME]
        done = subprocess.run(command, cwd=temporary, capture_output=True, text=True)
        archives = list(Path(temporary).glob("*.tgz"))
        if done.returncode or not archives:
            reason = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
            raise OSError(f"npm could not fetch {RUNTIME}: {reason}")
        with tarfile.open(archives[0]) as archive:
            members = [archive.getmember(f"package/dist/{name}") for name in _RUNTIME_FILES]
            archive.extractall(temporary, members=members, filter="data")
        yield Path(temporary, "package", "dist")
