"""The card of a network: a JSON file beside its weights. Needs no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from ltr.models.bbreg.prediction import BoxPrediction
from ltr.utils.config import load, read_values
from ltr.utils.files import atomic_write


@dataclass(frozen=True)
class NetworkCard:
    """The card of a network, a JSON file beside its weights."""

    network: Mapping[str, Any] | None = None  # its settings, as ltr.utils.config.to_json writes them
    sha256: str = ""  # of the file of weights
    box_branch_predicts: BoxPrediction | None = None  # read it as box_prediction: older cards lack it
    training: Mapping[str, Any] | None = None  # the training's settings
    seed: int | None = None
    data: Mapping[str, Mapping[str, Any]] | None = None  # training data by source (ltr.admin.provenance)
    averaged: tuple[Mapping[str, Any], ...] = ()  # sha256 and training of the networks of which it is the mean
    confidence: Mapping[str, float] | None = None  # pytracking.tracker.dimp.confidence.Calibration of its scores
    more: Mapping[str, Any] = field(default_factory=dict)  # other fields of the file

    @classmethod
    def read(cls, path: Path) -> Self:
        """The card of the network ``path`` (.safetensors); InputError if it is not valid."""
        values = read_values(path.with_suffix(".json"), "card")
        known = {f.name for f in fields(cls)} - {"more"}
        more = {name: value for name, value in values.items() if name not in known}
        values = {name: value for name, value in values.items() if name in known}
        return load(cls, {**values, "more": more}, f"card: {path.with_suffix('.json')}")

    def write(self, path: Path) -> None:
        """Write the card beside the network ``path``, without empty fields."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "more"}
        text = json.dumps({**{name: v for name, v in values.items() if v not in (None, ())}, **self.more}, indent=1)
        atomic_write(path.with_suffix(".json"), lambda temporary: temporary.write_text(text + "\n"))

    @property
    def box_prediction(self) -> BoxPrediction:
        """What the box branch predicts. Cards of older versions name the loss of their training alone."""
        loss = (self.training or {}).get("box_loss")
        of_overlaps = isinstance(loss, Mapping) and loss.get("class") == "IoUPrediction"
        return self.box_branch_predicts or ("overlap" if of_overlaps else "log_density")

    @property
    def training_sequences(self) -> list[str]:
        """Names of the sequences in ``data``; KeyError or TypeError if an entry has none."""
        return [str(each["name"]) for source in (self.data or {}).values() for each in source.get("sequences", ())]
