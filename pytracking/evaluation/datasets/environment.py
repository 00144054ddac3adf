"""The folders of the benchmarks on this machine, from one TOML file, which is read and never written.

    # ~/.config/ebm-tracking/paths.toml
    otb = "/data/OTB100"
    lasot = "/data/LaSOTBenchmark"

The environment variable EBM_TRACKING_PATHS or --paths names another file. Only the benchmarks named in
``BENCHMARKS`` need it: folders, videos and the demo do not.
"""

import os
import tomllib
from pathlib import Path

from ltr.dataset.layouts import LAYOUTS
from ltr.utils.errors import InputError

VARIABLE = "EBM_TRACKING_PATHS"
DEFAULT_FILE = Path("~/.config/ebm-tracking/paths.toml")
BENCHMARKS = {name: layout.place for name, layout in LAYOUTS.items()}


class UnknownPathError(InputError):
    """The folder of a benchmark is not configured."""


def paths_file(chosen: Path | None = None) -> Path:
    """The TOML file to use: ``chosen``, or the one that EBM_TRACKING_PATHS names, or the one in the home folder."""
    return (chosen or Path(os.environ.get(VARIABLE) or DEFAULT_FILE)).expanduser()


def benchmark_root(name: str, chosen: Path | None = None) -> Path:
    """The folder of the benchmark ``name`` (a key of ``BENCHMARKS``) from the TOML file to use.

    Raises:
        UnknownPathError: the file does not exist, or lacks this key.
        FileNotFoundError: the folder that it names does not exist.
        ValueError: the file is not valid TOML, or has an unknown key or a value that is not a string.
    """
    file = paths_file(chosen)
    advice = f'write the line {name} = "FOLDER" into {file}, FOLDER being {BENCHMARKS[name]}'
    if not file.is_file():
        raise UnknownPathError(f"no path to {name} is known, since {file} does not exist: {advice}")
    try:
        paths = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not a TOML file: {error}") from None
    for key, value in paths.items():
        if key not in BENCHMARKS:
            raise InputError(f"{file}: unknown key {key!r}; it may hold {', '.join(BENCHMARKS)}")
        if not isinstance(value, str):
            raise InputError(f'{file}: {key} = {value!r} should be a folder in quotes: {key} = "FOLDER"')
    if name not in paths:
        raise UnknownPathError(f"no path to {name} is known: {advice}")
    root = Path(paths[name]).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(f"{file} says {name} = {str(root)!r}, and there is no such folder: {advice}")
    return root
