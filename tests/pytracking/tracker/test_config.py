"""A tracker is chosen alike everywhere: in Python, by every command, and in worker processes."""

import pickle
from dataclasses import asdict, replace
from types import ModuleType

import numpy as np
import pytest

from ltr.utils.errors import InputError
from pytracking import (
    Tracker,
    run_benchmark,
    run_demo,
    run_got10k,
    run_tracker,
    run_video,
    run_vot,
    run_webcam,
)
from pytracking.parameter.dimp.base import DiMPParams, MemoryParams
from pytracking.tracker.base.config import TrackerConfig, as_texts
from pytracking.tracker.families import complete
from pytracking.util_scripts import make_vot_workspace
from pytracking.utils.cli import run_command

CHOSEN = TrackerConfig("opencv", "mil", "cpu", 3, "torch", "bf16", 2, ("memory.size=30", "max_outside=1"), "near")
NAMES = ["opencv", "mil"]
COMMANDS: list[tuple[ModuleType, list[str], list[str]]] = [  # before the options, and what else is needed
    (run_tracker, NAMES, ["--dataset_name", "demo", "--workers", "0"]),
    (run_video, ["clip.mp4"], ["--tracker", "opencv", "--parameter", "mil"]),
    (run_webcam, NAMES, []),
    (run_vot, NAMES, []),
    (run_got10k, ["otb", "root", *NAMES], []),
    (run_demo, [], ["--tracker", "opencv", "--parameter", "mil"]),
    (run_benchmark, [], ["--tracker", "opencv", "--parameter", "mil"]),
    (make_vot_workspace, ["workspace", *NAMES], []),
]


@pytest.mark.parametrize(("command", "first", "more"), COMMANDS, ids=[command[0].__name__ for command in COMMANDS])
def test_every_command_has_every_option(command: ModuleType, first: list[str], more: list[str]) -> None:
    taken: list[TrackerConfig] = []

    def run(arguments: object) -> int:
        taken.append(arguments.config)  # type: ignore[attr-defined]
        return 0

    for config in (CHOSEN, replace(TrackerConfig(), tracker="opencv", parameter="mil")):
        assert run_command(command.Arguments, run, [*first, *more, *config.options()], "") == 0
        assert asdict(taken.pop()) == asdict(config)


def test_it_travels_to_workers_and_finds_the_tracker_that_is_there() -> None:
    again = pickle.loads(pickle.dumps(CHOSEN))
    assert again == CHOSEN
    assert {CHOSEN: "built"}[again] == "built"


def test_overrides_in_python_are_those_of_a_command_line() -> None:
    changes = {"memory": MemoryParams(size=40), "augmentation": {"rotations": (5.0, -5.0)}, "max_outside": 1}
    config = TrackerConfig(overrides=tuple(as_texts(changes)))
    params = config.override(DiMPParams("x"))
    assert (params.memory, params.max_outside) == (MemoryParams(size=40), 1)
    assert params.augmentation.rotations == (5.0, -5.0)
    with pytest.raises(InputError, match=r"parameter memory\.size: expected a number, text or list, got <object"):
        list(as_texts({"memory": {"size": object()}}))


def test_search_is_a_parameter_of_the_trackers_that_have_it() -> None:
    assert TrackerConfig(search="near").override(DiMPParams("x")).search == "near"
    assert TrackerConfig().override(DiMPParams("x")).for_prediction("log_density").search == "everywhere"
    assert TrackerConfig().override(DiMPParams("x")).for_prediction("overlap").search == "near"
    with pytest.raises(InputError, match="search: trackers of opencv have no such option, got 'near'"):
        Tracker.from_config(TrackerConfig("opencv", "mil", search="near"))


def test_a_name_alone_is_completed_in_commands_too() -> None:
    assert complete(TrackerConfig()) == TrackerConfig("dimp", "dimp_ncep_mobile")
    assert complete(TrackerConfig("mil", seed=2)) == TrackerConfig("opencv", "mil", seed=2)
    with pytest.raises(InputError, match="tracker opencv needs parameters: csrt, kcf, mil, nano"):
        complete(TrackerConfig("opencv"))


def test_numbers_are_plain_ones() -> None:
    assert type(Tracker("opencv", "mil", seed=np.int64(3)).config.seed) is int
