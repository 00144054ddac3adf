"""Saved states of trackers: a .safetensors file with the state's tensors and the tracker's run info."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open

from ltr.utils.errors import InputError
from ltr.utils.files import atomic_write
from pytracking.tracker.base.run_info import RunInfo

if TYPE_CHECKING:
    from torch import Tensor


def write_snapshot(path: Path, targets: dict[int, dict[str, Tensor]], info: RunInfo) -> None:
    """Write the states of ``targets`` (by id) and the ``info`` of their tracker to ``path``."""
    from safetensors.torch import save  # late: imports torch

    if path.suffix != ".safetensors":
        raise InputError(f"{path}: expected the suffix .safetensors")
    tensors = {f"{key}.{name}": value.contiguous() for key, state in targets.items() for name, value in state.items()}
    encoded = save(tensors, {"stamp": json.dumps(info.to_json()), "sha256": _digest(tensors)})
    atomic_write(path, lambda temporary: temporary.write_bytes(encoded))


def read_snapshot(path: Path, info: RunInfo) -> dict[int, dict[str, Tensor]]:
    """The targets in ``path``, for the tracker of ``info``; InputError if they belong to a different one."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    targets: dict[int, dict[str, Tensor]] = {}
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            written, digest = RunInfo.from_json(dict(json.loads(metadata["stamp"]))), metadata.get("sha256")
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (it is no mapping)
        for key, tensor in tensors.items():
            target_id, name = key.split(".", 1)
            targets.setdefault(int(target_id), {})[name] = tensor
    except (SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a tracker state saved by this toolkit ({error})") from None
    if digest is None:
        raise InputError(f"{path}: has no checksum, since an older version saved it; only that version can restore it")
    if digest != _digest(tensors):
        raise InputError(f"{path}: is damaged: its SHA-256 differs from the saved one")
    different = written.differences(RunInfo.from_json(info.to_json()))
    if different:
        raise InputError(f"{path}: was saved by a tracker with another {', '.join(different)}")
    return targets


def _digest(tensors: dict[str, Tensor]) -> str:
    """SHA-256 of the names, dtypes, shapes and bytes of ``tensors``."""
    import torch  # late

    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        digest.update(tensor.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
