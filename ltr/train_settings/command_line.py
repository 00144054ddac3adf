"""The settings of a command line: named ones, changed by files, a method, sources and single fields."""

from __future__ import annotations

import argparse
from dataclasses import make_dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import tyro

from ltr.train_settings import TASKS, load_settings
from ltr.trainers.settings import TrainSettings, with_values
from ltr.utils.config import check, read_values
from ltr.utils.errors import InputError
from ltr.utils.numbers import check_seed

Options = TypeVar("Options")

WORKSPACE = Path("workspace")


def base_options() -> str:
    """The part of the help about the settings that single fields are changed of."""
    from ltr.train_settings.dimp.methods import BOX_METHODS  # late, as all that imports torch: see _usage
    from ltr.train_settings.dimp.parse_source import FORM, KINDS, NONE

    return f"""what single fields are changed of:
  --settings FILE            settings.json of a run, or a part of one in .json or .toml, over the named settings
  --box-loss METHOD          task dimp: train the boxes with {", ".join(BOX_METHODS)}
  --source {FORM}
                             task dimp: train on this instead of the settings' sources; may be given several times;
                             KIND is one of {", ".join(KINDS)}
  --validation-source {FORM}
                             task dimp: the same for validation; {NONE}: no source"""


def _usage(argv: list[str], prog: str, usage: str) -> str:
    """What to write. The names of a task's settings follow when it is chosen: they wait for the import of torch."""
    if not argv or argv[0] not in TASKS:
        tasks = f"TASK is one of {', '.join(TASKS)}; the names and options of each: {prog} TASK --help"
        return f"usage: {usage}\n{tasks}"
    return f"usage: {usage}\n{base_options()}\nthe settings of {argv[0]}: {', '.join(TASKS[argv[0]].named)}"


def parse_command(
    argv: list[str], options: type[Options], prog: str, usage: str
) -> tuple[str, str, Options, TrainSettings, Path | None]:
    """Task, name, ``options`` (a dataclass with a field ``seed``), the checked settings, and the file of --settings.

    Raises:
        SystemExit: help is requested, task and name are not the first arguments, or an option is unknown.
        ValueError: a value is wrong.
    """
    if len(argv) < 2 or argv[0].startswith("-") or argv[1].startswith("-"):
        text = _usage(argv, prog, usage)
        if {"-h", "--help"}.isdisjoint(argv):
            raise SystemExit(text)
        print(text)
        raise SystemExit(0)
    task, name = argv[:2]
    files = _run_s_settings(task, name, argv[2:])
    settings, seed, rest, file = _base_settings(load_settings(task, name), argv[2:], files, prog)

    unprefixed = tyro.conf.arg(name="")
    command = make_dataclass(
        "Command",
        [
            ("options", Annotated[options, unprefixed], options(seed=seed)),  # type: ignore[call-arg]
            ("settings", Annotated[type(settings), unprefixed], settings),
        ],
    )
    rest = [_with_new_name(argument, settings) for argument in rest]
    parsed: Any = tyro.cli(command, args=rest, prog=f"{prog} {task} {name}", description=base_options())
    check(parsed.settings, "settings")
    return task, name, parsed.options, parsed.settings, file


def _with_new_name(argument: str, settings: TrainSettings) -> str:
    """An option of older versions (``--network.image_size``) under the field's new name; others unchanged."""
    name, equals, value = argument.partition("=")
    field = name.removeprefix("--").replace("-", "_") if name.startswith("--") else ""
    for old, new in settings.OLD_NAMES.items():
        if new and f"{field}.".startswith(f"{old}."):
            return f"--{new}{field.removeprefix(old)}{equals}{value}"
    return argument


def _run_s_settings(task: str, name: str, argv: list[str]) -> list[Path]:
    """The ``settings.json`` of a run to resume, if it exists."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--workspace", type=Path, default=WORKSPACE)
    parser.add_argument("--run", default="")
    parser.add_argument("--resume", action="store_true")
    try:
        chosen, _ = parser.parse_known_args(argv)
    except argparse.ArgumentError:  # reported by the full parser
        return []
    path = chosen.workspace / task / (chosen.run or name) / "settings.json"
    return [path] if chosen.resume and path.is_file() else []


def _base_settings(
    settings: TrainSettings, argv: list[str], files: list[Path], prog: str
) -> tuple[TrainSettings, int, list[str], Path | None]:
    """The settings before changes of single fields, the seed (0 if no file contains one), the remaining arguments,
    and the file of ``--settings``.

    files: applied to the settings before that of ``--settings``.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, prog=prog)
    parser.add_argument("--settings", type=Path)
    parser.add_argument("--box-loss", "--box_loss")
    parser.add_argument("--source", action="append", default=[])
    parser.add_argument("--validation-source", "--validation_source", action="append", default=[])
    chosen, rest = parser.parse_known_args(argv)
    from ltr.train_settings.dimp import DiMPTrainSettings
    from ltr.train_settings.dimp.parse_source import with_sources

    seed = 0
    for path in files if chosen.settings is None else [*files, chosen.settings]:
        settings, seed = _with_file(settings, path, seed)
    if chosen.box_loss is not None or chosen.source or chosen.validation_source:
        if not isinstance(settings, DiMPTrainSettings):
            raise InputError("box-loss, source, validation-source: only the task dimp has them")
        if chosen.box_loss is not None:
            settings = settings.with_method(chosen.box_loss)
        settings = with_sources(settings, chosen.source, chosen.validation_source)
    return settings, seed, rest, chosen.settings


def _with_file(settings: TrainSettings, path: Path, seed: int) -> tuple[TrainSettings, int]:
    """``settings`` and ``seed`` with the changes of the file."""
    from ltr.train_settings.dimp import DiMPTrainSettings
    from ltr.train_settings.dimp.parse_source import with_held_out_names

    values = read_values(path)
    seed = values.pop("seed", seed)
    changed = with_values(settings, values, f"settings: {path}")
    check_seed(seed, f"settings: {path}: seed")
    if isinstance(changed, DiMPTrainSettings) and "validation_sequences" not in values:
        changed = with_held_out_names(changed, settings.sources)  # type: ignore[attr-defined]
    return changed, seed
