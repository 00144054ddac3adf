import numpy as np
import pytest

from ltr.dataset.layouts.vot import region_box
from pytracking.evaluation.datasets.published import list_published
from tests.fakes.benchmarks import images, text
from tests.fakes.videos import number_of


@pytest.mark.parametrize(
    ("region", "box"),
    [
        ("1,2.5,3,4", (1, 2.5, 3, 4)),
        ("10,2,14,6,10,10,6,6", (6, 2, 8, 8)),
        ("0,0,4,0,0,3", (0, 0, 4, 3)),
        ("0", (np.nan,) * 4),
        ("m5,7,3,2,0,6", (5, 7, 3, 2)),
        ("m0,0,0,0,0", (np.nan,) * 4),
    ],
)
def test_regions_become_boxes(region, box):
    np.testing.assert_array_equal(region_box(region), box)


def test_box_of_a_mask_against_the_mask():
    rng = np.random.default_rng(0)
    for _ in range(200):
        height, width = rng.integers(1, 6, 2)
        mask = rng.random((height, width)) < rng.choice([0.1, 0.4, 0.9])
        changes = np.flatnonzero(np.diff(np.concatenate([[False], mask.ravel(), [not mask.ravel()[-1]]]).astype(int)))
        runs = np.diff([0, *changes]) if len(changes) else [mask.size]
        encoded = "m" + ",".join(map(str, [3, 9, width, height, *runs]))
        expected = (np.nan,) * 4
        if mask.any():
            ys, xs = np.nonzero(mask)
            expected = (3 + xs.min(), 9 + ys.min(), xs.max() - xs.min() + 1, ys.max() - ys.min() + 1)
        np.testing.assert_array_equal(region_box(encoded), expected)


@pytest.mark.parametrize(
    "region",
    ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "m1,x", "m1,2", "m0,0,0,2,1,2", "m0,0,4,2,5,-2,3", "inf,2,3,4", "1,nan,3,4"],
)
def test_anything_else_is_refused(region):
    with pytest.raises(ValueError, match=r"expected x,y,w,h, a polygon .* or a mask"):
        region_box(region)


def test_older_layout_and_several_objects(tmp_path):
    text(tmp_path / "list.txt", "old\npair\n")
    images(tmp_path / "old", (1, 2))
    text(tmp_path / "old" / "groundtruth.txt", "1,2,3,4\n1,2,3,4\n")
    images(tmp_path / "pair" / "frames", (1, 2))
    text(tmp_path / "pair" / "sequence", "channels.color=frames/%08d.jpg\n")
    for target in "ab":
        text(tmp_path / "pair" / f"groundtruth_{target}.txt", "1,2,3,4\n0\n")
    sequences = {name: load() for name, load in list_published("vot", tmp_path).items()}
    assert list(sequences) == ["vot_old", "vot_pair_a", "vot_pair_b"]
    assert [number_of(f) for f in sequences["vot_pair_b"].open()] == [0, 1]
    text(tmp_path / "old" / "groundtruth.txt", "1,2,3,4\nx\n")
    with pytest.raises(ValueError, match=r"groundtruth\.txt:2: expected x,y,w,h"):
        list_published("vot", tmp_path)["vot_old"]()
    text(tmp_path / "old" / "groundtruth.txt", "1,2,3,4\n" * 3)
    with pytest.raises(ValueError, match=r"groundtruth\.txt: 3 regions for 2 images"):
        list_published("vot", tmp_path)["vot_old"]()


def test_a_byte_order_mark_and_blanks_at_the_end_do_no_harm_and_a_blank_line_does(tmp_path):
    text(tmp_path / "list.txt", "\ufeffa\n")
    images(tmp_path / "a" / "color", (1, 2))
    text(tmp_path / "a" / "groundtruth.txt", "\ufeff1,2,3,4\r\n5,6,7,8\r\n\r\n")
    (load,) = list_published("vot", tmp_path).values()
    assert load().ground_truth.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    text(tmp_path / "a" / "groundtruth.txt", "1,2,3,4\n\n5,6,7,8\n")
    with pytest.raises(ValueError, match=r"groundtruth\.txt:2: expected x,y,w,h"):
        load()
