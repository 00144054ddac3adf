"""The training data of a network, for its card: every sequence and every image source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ltr.dataset.coco_format import coco_arrays, coco_paths, read_json
from ltr.dataset.sequence_folder import list_sequences, list_videos
from ltr.train_settings.dimp.base import DataSource, DiMPTrainSettings

_FIELDS = ("name", "benchmark", "source_repo", "commit", "license")


def training_sequences(settings: DiMPTrainSettings, root: Path) -> list[str]:
    """The training sequences of a video source: those not held out for validation."""
    return [name for name in list_sequences(root) if name not in settings.validation_sequences]


def training_data(settings: DiMPTrainSettings, data: Path) -> dict[str, Any]:
    """Names and origins by source, from the annotation and ``meta.json`` files."""
    found: dict[str, Any] = {}
    for number, source in enumerate(settings.used_sources, start=1):
        for name, content in _source_data(source, settings, data / source.path).items():
            found[name if found.get(name, content) == content else f"{name} ({number})"] = content
    return found


def _source_data(source: DataSource, settings: DiMPTrainSettings, root: Path) -> dict[str, Any]:
    """Origins of a source by its name; empty for a source without files."""
    if source.split:
        return {f"{source.kind} {source.path}": {"split": source.split}}
    if source.kind == "coco":
        arrays = coco_arrays(coco_paths(root)[0])
        return {source.path: {"pictures": json.loads(str(arrays["info_sources"]))}}
    if source.kind == "video":
        videos = list_videos(root).videos
        names = training_sequences(settings, root)
        return {source.path: {"sequences": [_origin(name, videos[name].place) for name in names]}}
    if source.kind in ("cut_paste", "patches") and source.path:
        return {f"{source.kind} {source.path}": {"pictures": len(list(root.iterdir()))}}
    return {}


def _origin(name: str, folder: Path) -> dict[str, str]:
    path = folder / "meta.json"
    meta = read_json(path) if path.is_file() else {}
    known = _FIELDS if isinstance(meta, dict) else ()
    return {"name": name} | {key: meta[key] for key in known if key in meta}
