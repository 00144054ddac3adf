import numpy as np

from ltr.dataset.synthesis.synthetic import SyntheticShapes, draw_shape, draw_texture
from tests.reference.crops import mask_bounds

RNG = np.random.default_rng(0)


def test_a_sequence_is_given_by_seed_and_number() -> None:
    dataset = SyntheticShapes(num_sequences=4, num_frames=30, size=(160, 120), seed=1)
    assert len(dataset) == 4
    assert len(dataset.get_sequence_info(3).visible) == 30
    whole = dataset.get_frames(2, range(5), RNG)
    part = SyntheticShapes(size=(160, 120), seed=1).get_frames(2, [4, 1], RNG)
    np.testing.assert_array_equal(part.images[0], whole.images[4])
    np.testing.assert_array_equal(part.boxes, whole.boxes[[4, 1]])
    other = SyntheticShapes(size=(160, 120), seed=2).get_frames(2, [0], RNG)
    assert not np.array_equal(other.images[0], whole.images[0])


def test_targets_move_smoothly_inside_the_frame() -> None:
    dataset = SyntheticShapes(num_frames=60)
    for seq_id in range(4):
        boxes = dataset.get_frames(seq_id, range(60), RNG).boxes
        assert boxes[:, :2].min() >= 0
        assert (boxes[:, :2] + boxes[:, 2:]).max(axis=0).tolist() <= [320, 240]
        assert boxes[:, 2:].min() >= 12
        steps = np.diff(boxes[:, :2] + boxes[:, 2:] / 2, axis=0)
        assert 0 < np.abs(steps).max() < 12


def test_what_changes_in_a_box_is_the_target() -> None:
    # The background hardly moves from frame to frame: differences are at the outlines of the two moving shapes.
    dataset = SyntheticShapes()
    frames = dataset.get_frames(0, [0, 20], RNG)
    change = np.abs(frames.images[0].astype(int) - frames.images[1]).sum(axis=-1)
    x, y, w, h = frames.boxes[0].astype(int)
    assert change[y : y + h, x : x + w].mean() > 1.5 * change.mean()


def test_textures_and_shapes() -> None:
    texture = draw_texture(50, 30, np.random.default_rng(0))
    assert texture.shape == (30, 50, 3)
    assert texture.std(axis=(0, 1)).min() > 5
    shape = draw_shape(40, np.random.default_rng(0))
    _, _, w, h = mask_bounds(shape.alpha >= 128)
    assert 20 <= w <= 40
    assert 20 <= h <= 40
