"""Training settings by task and name: ``load_settings("dimp", "dimp_ncep_mobile")``."""

from collections.abc import Mapping

from ltr.train_settings import detection, dimp, regression1d
from ltr.trainers.settings import TrainSettings
from ltr.utils.errors import InputError

TASKS: dict[str, Mapping[str, TrainSettings]] = {
    "detection": detection.SETTINGS,
    "dimp": dimp.SETTINGS,
    "regression1d": regression1d.SETTINGS,
}


def load_settings(task: str, name: str) -> TrainSettings:
    """The settings called ``name`` of a task; ValueError lists what exists."""
    if task not in TASKS:
        raise InputError(f"unknown task {task!r}; known are {', '.join(TASKS)}")
    if name not in TASKS[task]:
        raise InputError(f"unknown settings {name!r} of task {task}; known are {', '.join(TASKS[task])}")
    return TASKS[task][name]
