"""torch's random numbers on a CPU, made by numpy: the same ones from the same seed, in the same saved state.

Both use the Mersenne Twister MT19937. torch makes a float of 24 bits of a draw, and normal numbers in blocks of 16 by
Box and Muller's transform.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

_BLOCK = 16
_HEAD, _TAIL = "<Qii Q", "<dddixxxxf?xxx"  # of the saved state, around the 624 words: seed, left, seeded, next; unused
_WORDS = 624


class MersenneTwister:
    """``torch.Generator`` of the CPU, seeded by ``manual_seed``."""

    def __init__(self, seed: int) -> None:
        self.seed = seed % 2**64
        self._source = np.random.RandomState(self.seed % 2**32)

    def integers(self, stop: int, count: int) -> np.ndarray:
        """``torch.randint(stop, (count,))``, int64; ``stop`` below 2**28."""
        return self._draw(count) % stop

    def uniform(self, count: int) -> np.ndarray:
        """``torch.rand(count)``, float32."""
        return ((self._draw(count) & (2**24 - 1)) / 2**24).astype(np.float32)

    def normal(self, count: int) -> np.ndarray:
        """``torch.randn(count)``, float32, but for the last digit; fewer than 16 are other ones than torch's."""
        if count < _BLOCK:
            return self.normal(_BLOCK)[:count]
        values = self.uniform(count)
        if over := count % _BLOCK:  # the last block is drawn anew, and overlaps the one before
            whole = _box_muller(values[: count - over].reshape(-1, _BLOCK))
            last = _box_muller(self.uniform(_BLOCK)[None])
            return np.concatenate([whole[: count - _BLOCK], last])
        return _box_muller(values.reshape(-1, _BLOCK))

    def state(self) -> np.ndarray:
        """``torch.Generator.get_state()``, uint8 ``[5056]``."""
        saved: Any = self._source.get_state()
        words, place = saved[1:3]
        head = struct.pack(_HEAD, self.seed, _WORDS + 1 - int(place), 1, int(place) % _WORDS)
        tail = struct.pack(_TAIL, 0.0, 0.0, 0.0, 0, 0.0, False)
        return np.frombuffer(head + words.astype("<u8").tobytes() + tail, np.uint8).copy()

    @classmethod
    def from_state(cls, state: np.ndarray) -> MersenneTwister:
        """From a saved state; ValueError if it is none."""
        head, tail = struct.calcsize(_HEAD), struct.calcsize(_TAIL)
        if state.dtype != np.uint8 or state.shape != (head + 8 * _WORDS + tail,):
            raise ValueError(f"expected uint8 [{head + 8 * _WORDS + tail}], got {state.dtype} {list(state.shape)}")
        data = state.tobytes()
        seed, left, seeded, _ = struct.unpack_from(_HEAD, data)
        if not seeded or not 1 <= left <= _WORDS:
            raise ValueError("not the state of a random number generator")
        words = np.frombuffer(data, "<u8", _WORDS, head).astype(np.uint32)
        made = cls(seed)
        made._source.set_state(("MT19937", words, _WORDS + 1 - left, 0, 0.0))
        return made

    def _draw(self, count: int) -> np.ndarray:
        return self._source.randint(0, 2**32, count, np.uint32).astype(np.int64)


def _box_muller(uniform: np.ndarray) -> np.ndarray:
    """Normal numbers, flat, from uniform ones ``[n, 16]``."""
    half = _BLOCK // 2
    radius = np.sqrt(-2 * np.log(1 - uniform[:, :half]))
    angle = np.float32(2 * np.pi) * uniform[:, half:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1).astype(np.float32).ravel()
