"""The training tasks, and their settings by name: ``load_settings("dimp", "dimp_ncep_mobile")``."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

from ltr.trainers.settings import TrainSettings
from ltr.utils.errors import InputError


@dataclass(frozen=True)
class Task:
    """One kind of training, by the names of its modules: the task that is used imports them, and no other task's.

    settings: with ``SETTINGS`` (name -> settings), whose classes are defined there or below. builder: with
    ``build(settings, data, device, seed, processes, resumed)``, a Training. shared: processes can train it together.
    """

    settings: str
    builder: str
    shared: bool = False

    @property
    def named(self) -> Mapping[str, TrainSettings]:
        """Name -> settings."""
        return import_module(self.settings).SETTINGS

    def owns(self, settings: TrainSettings) -> bool:
        """Whether ``settings`` are of a class of this task."""
        return any(f"{parent.__module__}.".startswith(f"{self.settings}.") for parent in type(settings).__mro__)


TASKS = {
    "detection": Task("ltr.train_settings.detection", "ltr.admin.build_detection"),
    "dimp": Task("ltr.train_settings.dimp", "ltr.admin.build_dimp", shared=True),
    "regression1d": Task("ltr.train_settings.regression1d", "ltr.admin.build_regression1d"),
}


def load_settings(task: str, name: str) -> TrainSettings:
    """The settings called ``name`` of a task; ValueError lists what exists."""
    if task not in TASKS:
        raise InputError(f"unknown task {task!r}; known are {', '.join(TASKS)}")
    named = TASKS[task].named
    if name not in named:
        raise InputError(f"unknown settings {name!r} of task {task}; known are {', '.join(named)}")
    return named[name]
