"""Graphs of a folder, run by ONNX Runtime on the CPU."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from pytracking.features import fork_guard
from pytracking.features.graph_folder import Manifest


def import_onnxruntime() -> Any:
    """The package; ImportError with a hint if it is missing."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(f"onnxruntime cannot be imported ({error}): pip install onnxruntime") from None
    onnxruntime.disable_telemetry_events()  # its builds for Windows would report starts to their vendor
    return onnxruntime


class GraphSessions:
    """The graphs of ``folder``, each loaded at its first use. Threads may share them."""

    def __init__(self, folder: Path, manifest: Manifest, threads: int = 1) -> None:
        self.folder, self.manifest, self.threads = folder, manifest, threads
        self._check_fork()
        self._runtime = import_onnxruntime()
        self._sessions: dict[str, Any] = {}
        self._lock = threading.Lock()

    def run(self, name: str, *arrays: np.ndarray) -> list[np.ndarray]:
        """The outputs of a graph for its inputs, both in the manifest's order."""
        self._check_fork()
        inputs = self.manifest.graphs[name].inputs
        given = {
            each: np.ascontiguousarray(array, spec.dtype)
            for (each, spec), array in zip(inputs.items(), arrays, strict=True)
        }
        results: list[np.ndarray] = self._session(name).run(None, given)
        return results

    def _check_fork(self) -> None:
        """With one thread there is none that does not survive."""
        if self.threads > 1:
            fork_guard.ONNXRUNTIME.check()

    def _session(self, name: str) -> Any:
        with self._lock:
            if name not in self._sessions:
                options = self._runtime.SessionOptions()
                options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
                options.add_session_config_entry("session.intra_op.allow_spinning", "0")
                path = str(self.folder / self.manifest.graphs[name].file)
                self._sessions[name] = self._runtime.InferenceSession(path, options, ["CPUExecutionProvider"])
            return self._sessions[name]
