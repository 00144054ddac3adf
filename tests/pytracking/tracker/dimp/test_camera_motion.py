import cv2
import numpy as np
import pytest

from pytracking.tracker.dimp.camera_motion import camera_motion, small_gray
from tests.fakes.datasets import noise_picture

SIZE = (480, 320)


def _view(x: int, y: int, seed: int = 0) -> np.ndarray:
    """A camera's view of a wider scene, with its upper left corner at (x, y)."""
    scene = cv2.resize(noise_picture(seed, 200, 150), (900, 675), interpolation=cv2.INTER_CUBIC)
    return scene[y : y + SIZE[1], x : x + SIZE[0]]


@pytest.mark.parametrize("pan", [(0, 0), (12, -7), (-45, 30), (3, 1)])
def test_a_pan_is_measured_in_pixels_of_the_frame(pan: tuple[int, int]) -> None:
    before, now = _view(200, 150), _view(200 - pan[0], 150 - pan[1])
    assert camera_motion(small_gray(before), small_gray(now), SIZE) == pytest.approx(pan, abs=1.0)


def test_another_scene_or_size_is_no_motion() -> None:
    before = small_gray(_view(200, 150))
    assert camera_motion(before, small_gray(_view(0, 0, seed=1)), SIZE) == (0, 0)
    assert camera_motion(before, small_gray(np.zeros((320, 480, 3), np.uint8)), SIZE) == (0, 0)
    assert camera_motion(before, before[:, :50], SIZE) == (0, 0)


@pytest.mark.parametrize("size", [(1, 1), (5000, 3), (120, 90)])
def test_copies_of_odd_frames(size: tuple[int, int]) -> None:
    copy = small_gray(np.zeros((size[1], size[0], 3), np.uint8))
    assert copy.dtype == np.uint8
    assert min(copy.shape) >= 2
    assert max(copy.shape) <= 160
    assert camera_motion(copy, copy, size) == (0, 0)
