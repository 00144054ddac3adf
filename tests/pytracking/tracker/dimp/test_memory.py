import numpy as np
import pytest

from pytracking.parameter.dimp.base import MemoryParams
from pytracking.tracker.dimp.memory import Memory
from tests.reference.memory import NaiveMemory


def _sample(value: float) -> tuple[np.ndarray, np.ndarray]:
    """Feature ``[1, 2, 3, 3]`` and box ``[4]`` that hold ``value``."""
    return np.full((1, 2, 3, 3), value, np.float32), np.full(4, value, np.float32)


def _memory(num_init: int = 3, size: int = 8) -> Memory:
    samples = np.zeros((size, 1, 2, 3, 3), np.float32)
    boxes = np.empty((num_init, 4), np.float32)
    for i in range(num_init):
        samples[i], boxes[i] = _sample(-float(i + 1))
    return Memory.start(samples, boxes)


def _names(values: np.ndarray, memory: Memory) -> list[str]:
    return [str(float(value)) for value in values.reshape(len(values), -1)[: memory.count, 0]]


@pytest.mark.parametrize("floor", [0.0, 0.25, 0.6])
@pytest.mark.parametrize("rates", [(0.01,), (0.1, 0.3, 0.02, 0.9)])
def test_equals_naive_memory(floor: float, rates: tuple[float, ...]) -> None:
    memory, naive = _memory(), NaiveMemory(["-1.0", "-2.0", "-3.0"], size=8, floor=floor)
    for step in range(40):
        rate = rates[step % len(rates)]
        memory.add(*_sample(float(step)), rate, MemoryParams(init_samples_minimum_weight=floor))
        naive.add(str(float(step)), rate)
        assert _names(memory.samples, memory) == naive.names
        assert _names(memory.boxes, memory) == naive.names
        assert memory.weights[: memory.count, 0].tolist() == pytest.approx(naive.weights, rel=1e-5)


def test_invariants() -> None:
    memory = _memory()
    for step in range(60):
        memory.add(*_sample(float(step)), 0.2, MemoryParams())
        assert memory.count == min(3 + step + 1, 8)
        assert not memory.weights[memory.count :].any()
        assert float(memory.weights.sum()) == pytest.approx(1, rel=1e-5)
        assert float(memory.weights[:3].sum()) >= 0.25 - 1e-6
        assert memory.samples[:3, 0, 0, 0, 0].tolist() == [-1, -2, -3]
    assert len(memory.samples) == len(memory.boxes) == memory.count == 8
    assert set(memory.samples[3:, 0, 0, 0, 0].tolist()) == {55.0, 56, 57, 58, 59}


def test_a_full_memory_goes_on_taking_in_new_frames() -> None:
    memory = _memory()
    for step in range(1000):
        memory.add(*_sample(float(step)), 0.01, MemoryParams())
    kept = memory.samples[3:, 0, 0, 0, 0]
    order = kept.argsort()
    assert kept[order].tolist() == [995, 996, 997, 998, 999]
    weights = memory.weights[3:, 0][order]
    np.testing.assert_allclose(weights[1:] / weights[:-1], 1 / 0.99)


def test_size_must_leave_room() -> None:
    with pytest.raises(ValueError, match="memory size 3 leaves no room beside 3 first-frame samples"):
        _memory(num_init=3, size=3)
