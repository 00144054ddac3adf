"""Progress of a training run, and its best epoch."""

from __future__ import annotations

import math
from typing import Any

from ltr.utils.errors import InputError


class Progress:
    """Finished epochs, and finished steps of the current one.

    Args:
        best_by: name of the validation number that epochs are compared by; "-" before it: lower is better; "": none.
    """

    def __init__(self, best_by: str = "") -> None:
        self.epoch = 0
        self.step = 0
        self.best: float | None = None
        self._name, self._sign = best_by.removeprefix("-"), -1 if best_by.startswith("-") else 1

    def total_steps(self, per_epoch: int) -> int:
        """Finished steps in total, with ``per_epoch`` steps an epoch."""
        return self.epoch * per_epoch + self.step

    def improves(self, validation: dict[str, float]) -> bool:
        """Whether an epoch with these validation numbers is the best so far; records its value.

        Raises:
            ValueError: the number to compare is missing.
        """
        if not self._name:
            return False
        if self._name not in validation:
            raise InputError(f"best_by: expected one of {', '.join(validation)}, got {self._name!r}")
        value = self._sign * validation[self._name]
        if not value > (-math.inf if self.best is None else self.best):
            return False
        self.best = value
        return True

    def finish_epoch(self) -> None:
        """The next epoch begins."""
        self.epoch, self.step = self.epoch + 1, 0

    def state_dict(self) -> dict[str, Any]:
        """Epoch, step and best value."""
        return {"epoch": self.epoch, "step": self.step, "best": self.best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state."""
        self.epoch, self.step, self.best = state["epoch"], state["step"], state["best"]
