import pytest
import torch
from torch import Tensor

from pytracking.parameter.dimp.base import MemoryParams
from pytracking.tracker.dimp.memory import Memory
from tests.reference.memory import NaiveMemory


def _sample(value: float) -> tuple[Tensor, Tensor]:
    """Feature ``[1, 2, 3, 3]`` and box ``[1, 4]`` that hold ``value``."""
    return torch.full((1, 2, 3, 3), value), torch.full((1, 4), value)


def _memory(num_init: int = 3, size: int = 8, floor: float = 0.25) -> Memory:
    features, boxes = zip(*(_sample(-float(i + 1)) for i in range(num_init)), strict=True)
    return Memory(torch.stack(features), torch.stack(boxes), MemoryParams(size=size, init_samples_minimum_weight=floor))


@pytest.mark.parametrize("floor", [0.0, 0.25, 0.6])
@pytest.mark.parametrize("rates", [(0.01,), (0.1, 0.3, 0.02, 0.9)])
def test_equals_naive_memory(floor: float, rates: tuple[float, ...]) -> None:
    memory, naive = _memory(floor=floor), NaiveMemory(["-1.0", "-2.0", "-3.0"], size=8, floor=floor)
    for step in range(40):
        rate = rates[step % len(rates)]
        memory.add(*_sample(float(step)), rate)
        naive.add(str(float(step)), rate)
        assert [str(float(value)) for value in memory.features[:, 0, 0, 0, 0]] == naive.names
        assert [str(float(value)) for value in memory.boxes[:, 0, 0]] == naive.names
        assert memory.weights[:, 0].tolist() == pytest.approx(naive.weights, rel=1e-5)


def test_invariants() -> None:
    memory = _memory()
    for step in range(60):
        memory.add(*_sample(float(step)), 0.2)
        assert memory.weights.shape == (len(memory.features), 1)
        assert float(memory.weights.sum()) == pytest.approx(1, rel=1e-5)
        assert float(memory.weights[:3].sum()) >= 0.25 - 1e-6
        assert memory.features[:3, 0, 0, 0, 0].tolist() == [-1, -2, -3]
    assert len(memory.features) == len(memory.boxes) == 8
    assert set(memory.features[3:, 0, 0, 0, 0].tolist()) == {55.0, 56, 57, 58, 59}


def test_a_full_memory_goes_on_taking_in_new_frames() -> None:
    memory = _memory()
    for step in range(1000):
        memory.add(*_sample(float(step)), 0.01)
    kept = memory.features[3:, 0, 0, 0, 0]
    order = kept.argsort()
    assert kept[order].tolist() == [995, 996, 997, 998, 999]
    weights = memory.weights[3:, 0][order]
    torch.testing.assert_close(weights[1:] / weights[:-1], torch.full((4,), 1 / 0.99))


def test_weights_look_like_features() -> None:
    memory = _memory()
    assert memory.weights.dtype == memory.features.dtype == torch.float32
    torch.testing.assert_close(memory.weights, torch.full((3, 1), 1 / 3))


def test_size_must_leave_room() -> None:
    with pytest.raises(ValueError, match="memory size 3 leaves no room beside 3 first-frame samples"):
        _memory(num_init=3, size=3)
