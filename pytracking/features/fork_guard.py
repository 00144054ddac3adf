"""Detection of processes forked from one with a tracker, in which its libraries would wait for missing threads."""

import os
import sys
from collections.abc import Callable


class ForkGuard:
    """Refuses a library in processes forked after its first use.

    Args:
        user: what has threads that do not survive a fork.
        advice: what to do instead.
        has_threads: whether it has such threads, asked in the forked process.
    """

    def __init__(self, user: str, advice: str, has_threads: Callable[[], bool] = lambda: True) -> None:
        self._message = (
            f"this process was forked after a tracker {user} do not survive a fork: "
            f"start it by multiprocessing.get_context('spawn'), or {advice}"
        )
        self._has_threads = has_threads
        self._is_used = self._is_broken = False  # by this process or an ancestor
        if hasattr(os, "register_at_fork"):  # Windows cannot fork
            os.register_at_fork(after_in_child=self._forked)

    def check(self) -> None:
        """Raise RuntimeError in a process forked after the first call of this function."""
        if self._is_broken:
            raise RuntimeError(self._message)
        self._is_used = True

    def _forked(self) -> None:
        self._is_broken |= self._is_used and self._has_threads()


TORCH = ForkGuard(
    "was made, and torch's threads",
    "call torch.set_num_threads(1) before making the first tracker",
    has_threads=lambda: sys.modules["torch"].get_num_threads() > 1,
)
ONNXRUNTIME = ForkGuard("was made, and ONNX Runtime's threads", "use one thread")
OPENVINO = ForkGuard("used OpenVINO, whose threads", "use accelerator 'torch'")
