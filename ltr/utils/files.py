"""Atomic writing of files, and checks of output paths. Needs no torch."""

import glob
import hashlib
import os
import re
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ltr.utils.errors import InputError
from ltr.utils.playlists import playlist_files

STDOUT = Path("-")  # standard output
PYTORCH_SUFFIXES = (".pth", ".pt", ".tar")  # of checkpoints, those of pytracking among them
_STREAM = re.compile(r"/dev/std(out|err)|(/dev|/proc/self)/fd/\d+")


def cache_folder() -> Path:
    """The folder of caches: ``$EBM_TRACKING_CACHE``, or ``ebm-tracking`` in the user's cache folder."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    return Path(os.environ.get("EBM_TRACKING_CACHE") or caches / "ebm-tracking").expanduser()


def keep_font_list_in_cache() -> None:
    """Let matplotlib, imported later, write its list of fonts into our cache folder instead of two of its own."""
    os.environ.setdefault("MPLCONFIGDIR", str(cache_folder() / "matplotlib"))


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` to write to: renamed to ``path`` after the block, removed after an error.

    A reader never sees a partial file, and the old file stays until the new one is complete; of several writers the
    last one wins. If ``path`` is a link, its target is replaced; pipes and devices are written to directly.
    """
    if is_stream(path):
        yield path
        return
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.{os.getpid()}.tmp")  # see _sweep
    try:
        yield temporary
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def atomic_write(path: Path, write: Callable[[Path], object]) -> None:
    """Call ``write`` with a temporary path beside ``path``, then rename (see :func:`replacing`)."""
    with replacing(path) as temporary:
        write(temporary)


@contextmanager
def text_output(path: Path) -> Iterator[TextIO]:
    """A text file to write to, through :func:`replacing`; standard output if ``path`` is ``-``."""
    if path == STDOUT:
        _check_stdout("-")
        yield sys.stdout
        sys.stdout.flush()
        return
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        yield file


def with_card(network: Path) -> list[Path]:
    """The files of a network: its weights, and the card beside them; InputError for a path without a name."""
    if not network.name:
        raise InputError(f"expected a network's .safetensors file, got {str(network)!r}")
    return [network, network.with_suffix(".json")]


def import_advice(network: str | Path) -> str:
    """How a checkpoint of pytracking becomes a network of this toolkit, for messages about the file ``network``."""
    out = Path(network).name.split(".")[0] + ".safetensors"
    return f"a network of pytracking is imported by: python -m ltr.admin.import_pytracking {network} --out {out}"


def is_stream(path: Path) -> bool:
    """Whether ``path`` is an existing pipe, terminal or device."""
    return bool(_STREAM.fullmatch(str(path))) or (path.exists() and not path.is_file() and not path.is_dir())


def check_regular(path: Path) -> None:
    """Raise InputError if ``path``, which is to be read as a file, is a folder, a pipe or a device."""
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is a {'folder' if path.is_dir() else 'pipe or device'}; expected a file")


def check_folder(name: str, path: Path) -> None:
    """Raise InputError if ``path``, which the argument ``name`` gives as a folder, is something else."""
    if path.exists() and not path.is_dir():
        raise InputError(f"{name} {path}: is a {'file' if path.is_file() else 'pipe or device'}; expected a folder")


def check_outputs(
    outputs: Mapping[str, Path | None],
    sources: Iterable[str | Path | None] = (),
    folders: Mapping[str, Path | None] | None = None,
) -> None:
    """Check that the outputs of a command overwrite no source and are writable, before the work begins.

    Also removes temporary files that killed processes left beside the outputs.

    Args:
        outputs: argument -> file (None: not given), as ``{"--csv": Path("out.csv")}``.
        sources: inputs: files, with those that a playlist names; folders, with every file below them, also through
            links; globs. Others, such as the URL of a camera, are ignored.
        folders: argument -> folder of output files.

    Raises:
        ValueError: an output is one of the sources, also through a link; two are the same; one is a folder, or a folder
            is a file; one is not writable.
    """
    files = {name: path for name, path in outputs.items() if path is not None}
    given = {**files, **{name: path for name, path in (folders or {}).items() if path is not None}}
    seen: dict[str, str] = {}
    for name, path in given.items():
        place = str(path) if path == STDOUT else os.path.realpath(path)
        if place in seen and place != os.devnull:
            raise InputError(f"{name} {path}: is the same as {seen[place]}; give each output a name of its own")
        seen[place] = name
    read = [place for source in sources if source is not None for place in _places(str(source))]
    for name, path in files.items():
        if path == STDOUT:
            _check_stdout(f"{name} -")
            continue
        if path.is_dir():
            raise InputError(f"{name} {path}: is a folder; give the name of a file")
        for source in read:
            _check_apart(name, path, source)
        _check_writable(name, path)
        _sweep(Path(os.path.realpath(path)))
    for name, folder in (folders or {}).items():
        if folder is not None:
            if folder.exists() and not folder.is_dir():
                raise InputError(f"{name} {folder}: is a file; give the name of a folder")
            _check_writable(name, folder / "file")


def _places(source: str) -> list[Path]:
    """The local files and folders of ``source``."""
    source = source.removeprefix("file:")
    if os.path.exists(source):
        path = Path(source)
        return [path, *(playlist_files(path) if path.is_file() else [])]
    return [Path(match) for match in glob.glob(source)] if glob.has_magic(source) else []


def _check_apart(name: str, path: Path, source: Path) -> None:
    if not path.exists() or is_stream(path):
        return
    if source.is_dir():
        if _is_within(path, source):
            raise InputError(f"{name} {path}: is there already, in {source}, which is read; give another name")
    elif source.samefile(path):
        raise InputError(f"{name} {path}: is read from; give another name")


def _check_stdout(name: str) -> None:
    if sys.stdout is None:
        raise InputError(f"{name}: standard output is closed")


def _is_within(path: Path, folder: Path) -> bool:
    """Whether the file ``path`` lies below ``folder``, also through symbolic or hard links."""
    place, inode = Path(os.path.realpath(path)), path.stat().st_ino
    waiting, seen = [os.path.realpath(folder)], set[str]()
    while waiting:
        below = waiting.pop()
        if below in seen or not os.access(below, os.R_OK | os.X_OK):
            continue
        if place.is_relative_to(below):
            return True
        seen.add(below)
        with os.scandir(below) as entries:
            for entry in entries:
                if entry.is_dir():
                    waiting.append(os.path.realpath(entry.path))
                    continue
                may_be = entry.is_symlink() or entry.inode() == inode
                if may_be and os.path.exists(entry.path) and path.samefile(entry.path):
                    return True
    return False


def _check_writable(name: str, path: Path) -> None:
    place = Path(os.path.realpath(path))
    if path.exists() and not os.access(path, os.W_OK):
        raise InputError(f"{name} {path}: is write-protected")
    if is_stream(path):
        return
    folder = next(parent for parent in place.parents if parent.exists())
    if not folder.is_dir():
        raise InputError(f"{name} {path}: {folder} is a file, not a folder")
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise InputError(f"{name} {path}: nothing can be written to the folder {folder} ({error.strerror})") from None


def _sweep(path: Path) -> None:
    """Remove the temporary files of ``path`` whose process has ended."""
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        process = leftover.name.split(".")[-2]
        if process.isdecimal() and not _is_running(int(process)):
            leftover.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    if os.name == "nt":
        return True  # os.kill would end the process
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
