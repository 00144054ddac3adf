import numpy as np
import pytest

from ltr.dataset.synthesis.cut_paste import ImageFolder
from ltr.dataset.synthesis.cutouts import CocoCutouts
from tests.benchmarks.crossing_clips import FRAMES, OCCLUSION, SIZE, Clip, compose
from tests.fakes.datasets import write_coco, write_picture


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    root = tmp_path_factory.mktemp("data")
    write_coco(root / "coco")
    write_picture(root / "black" / "0.png", np.zeros((120, 160, 3), np.uint8))
    bank, black = CocoCutouts(root / "coco"), ImageFolder(root / "black")
    found = [compose([bank], black, seed) for seed in range(8)]
    again = compose([bank], black, 3)
    np.testing.assert_array_equal(again.boxes, found[3].boxes)
    np.testing.assert_array_equal(again.images, found[3].images)
    return found


def test_two_to_six_objects_are_in_every_frame(clips: list[Clip]) -> None:
    for clip in clips:
        assert clip.images[0].shape == (*SIZE[::-1], 3)
        assert (len(clip.images), len(clip.boxes), len(clip.hidden)) == (FRAMES,) * 3
        assert 2 <= clip.boxes.shape[1] <= 6
    assert len({clip.boxes.shape[1] for clip in clips}) > 2


def test_the_target_starts_in_full_view_and_is_met(clips: list[Clip]) -> None:
    for clip in clips:
        assert clip.hidden[0] == 0
        x, y, w, h = clip.boxes[0, 0].astype(int)
        assert clip.images[0][y : y + h, x : x + w, 0].mean() > 100  # the red object on black
        centers = clip.boxes[..., :2] + clip.boxes[..., 2:] / 2
        assert np.nanmin(np.linalg.norm(centers[:, 1:] - centers[:, :1], axis=-1)) < min(w, h) / 2


def test_some_targets_are_hidden_for_a_while(clips: list[Clip]) -> None:
    hidden = [int((clip.hidden > 0.5).sum()) for clip in clips]
    assert max(hidden) >= OCCLUSION[0]
    assert min(hidden) < OCCLUSION[0]
    assert max(hidden) < FRAMES - 2 * OCCLUSION[0]
