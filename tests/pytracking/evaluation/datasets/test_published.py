"""Traps of single benchmarks; what all have in common is in test_registry.py."""

import pytest

from ltr.dataset.layouts import base as listing
from pytracking.evaluation.datasets.published import list_published
from tests.fakes.benchmarks import ROWS, images, text, use_specs, write_benchmark
from tests.fakes.videos import numbers_of


@pytest.fixture
def specs(tmp_path, monkeypatch):
    """The folder of short lists in force."""
    folder = use_specs(tmp_path / "specs")
    monkeypatch.setattr(listing, "SPECS", folder)
    return folder


def test_otb_skips_the_start_of_tiger1_and_takes_five_digits_and_another_folder(tmp_path, specs):
    text(specs / "otb.json", '{"sequences": {"Tiger1": {"frames": 3, "skip": 2}, "KiteSurf": {"frames": 2}}}')
    images(tmp_path / "Tiger1" / "img", range(1, 4), "{:05d}.jpg")
    images(tmp_path / "KiteSurf" / "jpg", range(1, 3), "{:04d}.png")
    text(tmp_path / "Tiger1" / "groundtruth_rect.txt", ROWS)
    text(tmp_path / "KiteSurf" / "groundtruth_rect.txt", "1,2,3,4\r\n5\t6 7,8")
    tiger, kite = (load() for load in list_published("otb", tmp_path).values())
    assert (numbers_of(tiger.open()), tiger.ground_truth.tolist()) == ([2], [[3, 2, 30, 40]])
    assert (numbers_of(kite.open()), kite.ground_truth.tolist()) == ([0, 1], [[1, 2, 3, 4], [5, 6, 7, 8]])


def test_nfs_rates_that_differ_are_refused(tmp_path, specs):
    write_benchmark("nfs", tmp_path)
    (load,) = list_published("nfs", tmp_path).values()
    images(tmp_path / "bee" / "30" / "bee", range(1, 18), "{:05d}.jpg")
    with pytest.raises(ValueError, match=r"bee: 17 images, expected 3 \(every eighth line of bee\.txt\)"):
        load().open()
    text(tmp_path / "bee" / "30" / "bee.txt", "1,2,3,4\n")
    with pytest.raises(ValueError, match=r"bee\.txt:1: expected id, x0, y0, x1, y1, found '1,2,3,4'"):
        load()


def test_nfs_as_pytracking_wants_it(tmp_path, specs):
    images(tmp_path / "sequences" / "bee", range(1, 4), "{:05d}.jpg")
    text(tmp_path / "anno" / "nfs_bee.txt", ROWS.replace(",", "\t"))
    (load,) = list_published("nfs", tmp_path).values()
    assert (load().name, numbers_of(load().open())) == ("nfs_bee", [0, 1, 2])
    assert load().ground_truth[2].tolist() == [3, 2, 30, 40]


def test_got10k_says_its_image_size(tmp_path):
    write_benchmark("got10k_val", tmp_path)
    (load,) = list_published("got10k_val", tmp_path).values()
    assert load().image_size == (64, 48)


def test_uavdt_without_the_folders_of_its_archives(tmp_path, specs):
    images(tmp_path / "S0101", range(1, 4), "img{:06d}.jpg")
    text(tmp_path / "anno" / "S0101_gt.txt", ROWS)
    (load,) = list_published("uavdt", tmp_path).values()
    assert numbers_of(load().open()) == [0, 1, 2]


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("cover.label", b"8\n4\n", r"cover\.label: 2 flags for 3 boxes"),
        ("cover.label", b"0\n", r"cover\.label: 1 flags for 3 boxes"),  # once taken for that of all frames
        ("cover.label", b"8\n9\n0\n", r"cover\.label:2: expected a whole number from 0 to 8"),
        ("absence.label", b"0\n0\nx\n", r"absence\.label:3: expected 0 or 1"),
    ],
)
def test_broken_labels_of_got10k_are_named(tmp_path, file, content, message):
    write_benchmark("got10k_val", tmp_path)
    (name, load), *_ = list_published("got10k_val", tmp_path).items()
    load()
    (tmp_path / "val" / name / file).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load()
    (tmp_path / "val" / name / file).write_bytes(b"\xef\xbb\xbf" + b"0\n" * 3)  # a byte order mark
    load()


def test_the_size_of_got10k_is_read_in_any_encoding(tmp_path):
    write_benchmark("got10k_val", tmp_path)
    (name, load), *_ = list_published("got10k_val", tmp_path).items()
    (tmp_path / "val" / name / "meta_info.ini").write_bytes(b"url: caf\xe9\nresolution: (640, 480)\n")
    assert load().image_size == (640, 480)
