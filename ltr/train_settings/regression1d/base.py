"""Settings of the 1-D regression task."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from ltr.dataset.regression1d import DATASETS, NUM_TRAINING_PAIRS
from ltr.models.loss.ebm import EBMLoss, NCEPlus, needs_no_proposal
from ltr.train_settings.regression1d.methods import method_for
from ltr.trainers.settings import OptimSettings, TrainSettings
from ltr.utils.config import PositiveInt


@dataclass(frozen=True)
class Regression1DSettings(TrainSettings):
    """Training of a :class:`~ltr.models.regression1d.RegressionNet1D`; the defaults are those of Appendix B."""

    method_field: ClassVar[str] = "loss"

    optim: OptimSettings = OptimSettings(epochs=75, batch_size=32, lr=1e-3, schedule="constant")
    num_workers: int = 0
    validate_every: int = 5
    best_by: str = "-kl"
    dataset: str = "bimodal"  # or "sine"; the named settings that end in _sine have the losses of that one
    num_pairs: PositiveInt = NUM_TRAINING_PAIRS
    loss: EBMLoss = NCEPlus()

    def with_method(self, name: str) -> Self:
        """These settings with another method, with the paper's values for the data set."""
        return replace(self, loss=method_for(self.dataset, name))

    def problems(self) -> list[str]:
        """What is wrong with these settings, one line each."""
        found = needs_no_proposal("loss", self.loss)
        if self.dataset not in DATASETS:
            found.append(f"dataset: expected one of {', '.join(DATASETS)}, got {self.dataset!r}")
        return found
