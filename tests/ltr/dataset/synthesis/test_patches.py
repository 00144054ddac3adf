import numpy as np
import pytest

from ltr.dataset.synthesis.patches import Patches, PatchSettings, draw_patch


class Pictures:
    """One picture: plain on the left, noise on the right."""

    def __init__(self) -> None:
        self.image = np.full((200, 300, 3), 90, np.uint8)
        self.image[:, 150:] = np.random.default_rng(0).integers(0, 255, (200, 150, 3))

    def __len__(self) -> int:
        return 1

    def num_frames(self, index: int) -> int:
        return 1

    def read_images(self, index: int, frame_ids: list[int]) -> list[np.ndarray]:
        return [self.image] * len(frame_ids)


@pytest.mark.parametrize("seed", range(20))
def test_patches_lie_inside_have_contrast_and_the_wanted_size(seed: int) -> None:
    image = Pictures().image
    x, y, w, h = draw_patch(image, PatchSettings(), np.random.default_rng(seed))
    assert x >= 0
    assert y >= 0
    assert x + w <= 300
    assert y + h <= 200
    assert 23.9 <= np.sqrt(w * h) <= 0.4 * 200 + 0.1
    assert x + w > 150  # ten draws do not all miss the half with contrast


def test_a_plain_picture_still_gives_a_patch() -> None:
    box = draw_patch(np.zeros((50, 60, 3), np.uint8), PatchSettings(), np.random.default_rng(0))
    assert (box[2:] > 0).all()


def test_all_frames_of_a_call_share_a_patch_and_the_generator_decides_it() -> None:
    patches = Patches(Pictures())
    frames = patches.get_frames(0, [0, 0, 0], np.random.default_rng(1))
    assert len(frames.images) == 3
    assert (frames.boxes == frames.boxes[0]).all()
    again = patches.get_frames(0, [0], np.random.default_rng(1))
    other = patches.get_frames(0, [0], np.random.default_rng(2))
    assert (again.boxes[0] == frames.boxes[0]).all()
    assert (other.boxes[0] != frames.boxes[0]).any()
    assert not patches.is_video
    assert patches.get_sequence_info(0).visible.tolist() == [True]
