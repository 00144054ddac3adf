"""What a network was trained on, for its card: every sequence and every source of pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ltr.dataset.sequence_folder import list_sequences
from ltr.train_settings.dimp.base import DiMPTrainSettings

_FIELDS = ("name", "benchmark", "source_repo", "commit", "license")


def training_sequences(settings: DiMPTrainSettings, root: Path) -> list[str]:
    """The sequences of a video source that are trained on: those that are not held out for validation."""
    return [name for name in list_sequences(root) if name not in settings.validation_sequences]


def training_data(settings: DiMPTrainSettings, data: Path) -> dict[str, Any]:
    """Names and origins by source, read from the ``annotations.json`` and ``meta.json`` files where they say so."""
    found: dict[str, Any] = {}
    for source in settings.used_sources:
        root = data / source.path
        if source.split:
            found[f"{source.kind} {source.path}"] = {"split": source.split}
        elif source.kind == "coco":
            info = json.loads((root / "annotations.json").read_text()).get("info", {})
            found[source.path] = {"pictures": info.get("sources", [])}
        elif source.kind == "video":
            found[source.path] = {"sequences": [_origin(root / name) for name in training_sequences(settings, root)]}
        elif source.kind in ("cut_paste", "patches") and source.path:
            found[f"{source.kind} {source.path}"] = {"pictures": len(list(root.iterdir()))}
    return found


def _origin(folder: Path) -> dict[str, str]:
    path = folder / "meta.json"
    meta = json.loads(path.read_text()) if path.is_file() else {}
    return {"name": folder.name} | {key: meta[key] for key in _FIELDS if key in meta}
