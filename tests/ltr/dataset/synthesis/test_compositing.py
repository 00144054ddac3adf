import math

import numpy as np
import pytest

from ltr.dataset.synthesis.compositing import (
    Cutout,
    Layer,
    Motion,
    Pose,
    Wave,
    clip_box,
    draw_background,
    hidden_share,
    line_kernel,
    paste,
    place,
    random_wave,
    recolor,
    swing_inside,
)
from tests.fakes.datasets import noise_picture
from tests.reference import crops as loops


def _brick(width: int, height: int, margin: int = 2, value: int = 200) -> Cutout:
    """An opaque rectangle with a transparent margin."""
    alpha = np.zeros((height + 2 * margin, width + 2 * margin), np.uint8)
    alpha[margin:-margin, margin:-margin] = 255
    return Cutout(np.full((*alpha.shape, 3), value, np.uint8), alpha)


def _placed(cutout: Cutout, pose: Pose, motion_blur: tuple[float, float] = (0.0, 0.0)) -> Layer:
    layer = place(cutout, pose, motion_blur)
    assert layer is not None
    return layer


def test_wave_by_hand() -> None:
    wave = Wave(mean=3.0, amplitude=2.0, period=8.0, phase=math.pi / 2)
    assert [round(wave(t), 9) for t in (0, 2, 4, 8)] == [5, 3, 1, 5]


def test_random_waves_keep_their_limits() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        wave = random_wave(rng, 1.0, 0.5, (10.0, 40.0))
        assert 10 <= wave.period <= 40
        assert 0 <= wave.amplitude <= 0.5
        swing = swing_inside(rng, 100.0, 12.0, (10.0, 40.0))
        assert min(swing(t) for t in range(100)) >= 12 - 1e-9
        assert max(swing(t) for t in range(100)) <= 88 + 1e-9


def test_pose_keeps_the_middle_and_the_area() -> None:
    pose = Pose(50.0, 30.0, 2.0, aspect=1.5, angle=0.7)
    matrix = pose.matrix(10, 6)
    np.testing.assert_allclose(matrix @ [5, 3, 1], [50, 30])
    assert np.linalg.det(matrix[:, :2]) == pytest.approx(4.0)


@pytest.mark.parametrize("pose", [Pose(40.0, 30.0, 1.0), Pose(41.0, 33.0, 2.0), Pose(20.0, 50.0, 0.5)])
def test_upright_boxes_by_hand(pose: Pose) -> None:
    x, y, w, h = _placed(_brick(24, 16), pose).box
    assert (w, h) == pytest.approx((24 * pose.scale, 16 * pose.scale), abs=1)
    assert (x + w / 2, y + h / 2) == pytest.approx((pose.x, pose.y), abs=0.6)


@pytest.mark.parametrize("angle", [0.0, 0.5, 1.2, -2.0])
@pytest.mark.parametrize("scale", [0.4, 1.0, 1.7])
def test_box_is_the_bounds_of_what_is_pasted(angle: float, scale: float) -> None:
    frame = np.zeros((120, 160, 3), np.uint8)
    layer = _placed(_brick(30, 20, value=255), Pose(82.3, 61.8, scale, 1.3, angle))
    paste(frame, layer)
    assert layer.box == loops.mask_bounds(frame[..., 0] >= 128)


def test_frame_outside_the_object_is_untouched() -> None:
    frame = noise_picture(0)
    pasted = frame.copy()
    layer = _placed(_brick(30, 20), Pose(80.0, 60.0, 1.0))
    paste(pasted, layer)
    x, y, w, h = (int(value) for value in layer.box)
    assert (pasted[y : y + h, x : x + w] == 200).all()
    pasted[y : y + h, x : x + w] = frame[y : y + h, x : x + w]
    np.testing.assert_array_equal(pasted, frame)


@pytest.mark.parametrize("corner", [(-15, -9), (150, 110), (-500, 20), (20, 500)])
def test_pasting_over_the_border_is_clipped(corner: tuple[int, int]) -> None:
    frame = np.zeros((120, 160, 3), np.uint8)
    layer = _placed(_brick(30, 20, value=255), Pose(corner[0] + 15, corner[1] + 10, 1.0))
    paste(frame, layer)
    box = clip_box(layer.box, 160, 120)
    if frame.any():
        np.testing.assert_array_equal(box, loops.mask_bounds(frame[..., 0] >= 128))
    else:
        assert box[2] * box[3] == 0


def test_motion_blur_spreads_along_the_way_and_keeps_the_box() -> None:
    sharp = _placed(_brick(30, 20), Pose(80.0, 60.0, 1.0))
    blurred = _placed(_brick(30, 20), Pose(80.0, 60.0, 1.0), motion_blur=(12.0, 0.0))
    assert blurred.box == sharp.box
    assert blurred.alpha.sum() == pytest.approx(sharp.alpha.sum(), rel=1e-3)
    columns = np.flatnonzero(blurred.alpha[..., 0].max(axis=0) > 0.01)
    rows = np.flatnonzero(blurred.alpha[..., 0].max(axis=1) > 0.01)
    assert len(columns) == pytest.approx(30 + 12, abs=2)
    assert len(rows) == 20


def test_kernel_is_a_line_of_unit_sum() -> None:
    assert line_kernel((1.0, 0.5)) is None
    kernel = line_kernel((8.0, 0.0))
    assert kernel is not None
    assert kernel.sum() == pytest.approx(1)
    assert (kernel > 0).sum(axis=0).max() == 1
    assert np.flatnonzero(kernel.sum(axis=1)).tolist() == [4]
    steep = line_kernel((0.0, -6.0))
    assert steep is not None
    assert np.flatnonzero(steep.sum(axis=0)).tolist() == [3]


def test_streak_is_the_way_during_the_exposure() -> None:
    motion = Motion(Wave(0.0, 10.0, 40.0), Wave(5.0), Wave(0.0))
    dx, dy = motion.motion_blur(0.0, 2.0)
    assert (dx, dy) == pytest.approx((20 * math.sin(2 * math.pi / 40), 0))


def test_hidden_share_counts_area() -> None:
    target = _placed(_brick(20, 20), Pose(50.0, 50.0, 1.0))
    half = _placed(_brick(20, 20), Pose(60.0, 50.0, 1.0))
    far = _placed(_brick(20, 20), Pose(100.0, 50.0, 1.0))
    assert hidden_share(target, []) == 0
    assert hidden_share(target, [far]) == 0
    assert hidden_share(target, [half]) == pytest.approx(0.5, abs=0.01)
    assert hidden_share(target, [half, half, target]) == pytest.approx(1.0)


def test_background_is_the_picture_where_it_does_not_move() -> None:
    picture = noise_picture(1)
    np.testing.assert_array_equal(draw_background(picture, (160, 120), Pose(80.0, 60.0, 1.0)), picture)
    moved = draw_background(picture, (160, 120), Pose(90.0, 60.0, 1.0))
    np.testing.assert_array_equal(moved[:, 10:], picture[:, :150])
    blurred = draw_background(picture, (160, 120), Pose(80.0, 60.0, 1.0), motion_blur=(9.0, 0.0))
    assert np.abs(np.diff(blurred.astype(int), axis=1)).sum() < np.abs(np.diff(picture.astype(int), axis=1)).sum()


def test_clipped_boxes_by_hand() -> None:
    assert clip_box((-5, 10, 20, 200), 100, 60).tolist() == [0, 10, 15, 50]
    assert clip_box((120, 10, 20, 20), 100, 60).tolist() == [100, 10, 0, 20]


def test_a_cutout_without_any_object_is_not_placed() -> None:
    empty = Cutout(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.uint8))
    assert place(empty, Pose(5.0, 5.0, 1.0)) is None


def test_recoloring_keeps_the_mask() -> None:
    brick = _brick(4, 4)
    darker = recolor(brick, np.column_stack([0.5 * np.eye(3), np.zeros(3)]))
    assert (darker.image == 100).all()
    assert darker.alpha is brick.alpha
