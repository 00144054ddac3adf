"""Saved states of trackers: a .safetensors file with the state's arrays and the tracker's run info."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ltr.utils.errors import InputError
from ltr.utils.files import atomic_write, check_regular
from pytracking.tracker.base.arrays import as_numpy
from pytracking.tracker.base.run_info import RunInfo


def write_snapshot(path: Path, targets: dict[int, dict[str, Any]], info: RunInfo) -> None:
    """Write the states of ``targets`` (by id; arrays or tensors) and the ``info`` of their tracker to ``path``."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder; expected the name of a file, as target.safetensors")
    if path.suffix != ".safetensors":
        raise InputError(f"{path}: expected the suffix .safetensors")
    arrays = {
        f"{key}.{name}": as_numpy(value).copy(order="C")
        for key, state in targets.items()
        for name, value in state.items()
    }
    encoded = save(arrays, {"stamp": json.dumps(info.to_json()), "sha256": _digest(arrays)})
    atomic_write(path, lambda temporary: temporary.write_bytes(encoded))


def read_snapshot(path: Path, info: RunInfo) -> dict[int, dict[str, np.ndarray]]:
    """The targets in ``path``, for the tracker of ``info``; InputError if they belong to a different one."""
    check_regular(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    targets: dict[int, dict[str, np.ndarray]] = {}
    try:
        with safe_open(path, "np") as file:
            metadata = file.metadata()
            written, digest = RunInfo.from_json(dict(json.loads(metadata["stamp"]))), metadata.get("sha256")
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (it is no mapping)
        for key, array in arrays.items():
            target_id, name = key.split(".", 1)
            targets.setdefault(int(target_id), {})[name] = array
    except (SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a tracker state saved by this toolkit ({error})") from None
    if digest is None:
        raise InputError(f"{path}: has no checksum, since an older version saved it; only that version can restore it")
    if digest != _digest(arrays):
        raise InputError(f"{path}: is damaged: its SHA-256 differs from the saved one")
    different = written.differences(RunInfo.from_json(info.to_json()))
    if different:
        raise InputError(f"{path}: was saved by a tracker with another {', '.join(different)}")
    return targets


def _digest(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of the names, dtypes, shapes and bytes of ``arrays``; dtypes as torch writes them, which older versions
    saved by."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} torch.{array.dtype} {list(array.shape)}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
