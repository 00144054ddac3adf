"""Write a workspace of VOT's toolkit with one of our trackers, or add the tracker to an existing one.

    python pytracking/util_scripts/make_vot_workspace.py WORKSPACE dimp dimp_ncep_mobile --stack vot2018/shortterm
    vot evaluate --workspace WORKSPACE dimp_ncep_mobile
    vot analysis --workspace WORKSPACE dimp_ncep_mobile

All paths that it writes are absolute, so the toolkit may be called from anywhere.
"""

import configparser
import io
import json
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from ltr.utils.files import atomic_write
from pytracking import run_vot
from pytracking.evaluation.datasets.environment import benchmark_root
from pytracking.tracker.base.config import PositionalConfig
from pytracking.tracker.families import load_parameters
from pytracking.utils.cli import CommandArguments, run_command

TIMEOUT = 600  # seconds; the first frame on a busy CPU takes more than the toolkit's 30


@dataclass(frozen=True)
class Arguments(CommandArguments):
    """Write a workspace of VOT's toolkit."""

    workspace: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="WORKSPACE")]
    """folder to make, or an existing workspace"""
    config: PositionalConfig
    """the tracker"""
    stack: str = "vot2018/shortterm"
    """experiments of a new workspace: a stack of the toolkit's, or a YAML file"""
    sequences: Path | None = None
    """folder with list.txt and the sequences; without it the one that the paths file calls vot"""
    name: str | None = None
    """what the toolkit calls the tracker; without it PARAMETER"""
    paths: Path | None = None
    """TOML file with the folders of the benchmarks"""


def run(arguments: Arguments) -> int:
    """Write config.yaml, if there is none, and the tracker's entry in trackers.ini."""
    arguments.config.check("--")
    load_parameters(arguments.config)  # reports unknown ones before the toolkit does
    workspace = arguments.workspace.resolve()
    config, registry = workspace / "config.yaml", workspace / "trackers.ini"
    settings = None if config.is_file() else workspace_config(arguments, registry)
    name = re.sub(r"[^a-zA-Z0-9_-]", "_", arguments.name or arguments.config.name)
    text = with_tracker(registry.read_text(encoding="utf-8") if registry.is_file() else "", name, arguments)
    if settings:
        atomic_write(config, lambda file: file.write_text(settings, encoding="utf-8"))
    atomic_write(registry, lambda file: file.write_text(text, encoding="utf-8"))
    print(f"{registry}: {name}")
    at = f"--workspace {shlex.quote(str(workspace))}"
    print(f"next: vot evaluate {at} {name}; vot analysis {at} {name}")
    return 0


def workspace_config(arguments: Arguments, registry: Path) -> str:
    """The text of config.yaml: trackers, sequences and experiments, as JSON, which is valid YAML."""
    sequences = (arguments.sequences or benchmark_root("vot", arguments.paths)).resolve()
    if not (sequences / "list.txt").is_file():
        raise FileNotFoundError(f"{sequences}: holds no list.txt of VOT sequences")
    stack = Path(arguments.stack)
    if stack.suffix in (".yaml", ".yml"):
        if not stack.is_file():
            raise FileNotFoundError(f"--stack {stack}: no such file")
        stack = stack.resolve()
    return json.dumps({"registry": [str(registry)], "stack": str(stack), "sequences": str(sequences)}, indent=1) + "\n"


def with_tracker(registry: str, name: str, arguments: Arguments) -> str:
    """The text of trackers.ini with a new section ``name``, which replaces an old one."""
    parameter = str(arguments.config.parameter)
    if parameter.endswith((".safetensors", ".py")):
        parameter = str(Path(parameter).resolve())
    script = Path(run_vot.__file__).resolve()
    words = [sys.executable, str(script), arguments.config.tracker, parameter, *arguments.config.options()]
    entry = {
        "label": arguments.name or arguments.config.name,
        "protocol": "trax",
        "command": shlex.join(words),
        "timeout": str(TIMEOUT),
        "env_PYTHONPATH": str(script.parents[1]),
    }
    config = configparser.ConfigParser()
    config.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case
    config.read_string(registry)
    config[name] = {key: value.replace("%", "%%") for key, value in entry.items()}
    text = io.StringIO()
    config.write(text)
    return text.getvalue()


def main(argv: Sequence[str] | None = None) -> int:
    """Parse ``argv`` and run; the exit code."""
    return run_command(Arguments, run, argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
