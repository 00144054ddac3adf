import logging
import os
from pathlib import Path

import numpy as np
import pytest

from ltr.dataset.annotations import Arrays, cached, read_boxes, read_flags


@pytest.mark.parametrize("separator", [",", "\t", " ", ", "])
def test_separators(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "boxes.txt"
    path.write_text(separator.join(["1.5", "2", "3", "4"]) + "\n" + separator.join(["NaN"] * 4) + "\n")
    np.testing.assert_array_equal(read_boxes(path), [[1.5, 2, 3, 4], [np.nan] * 4])


@pytest.mark.parametrize("text", ["1,2,3\n4,5,6\n", "1,2,3,4\n1,2,3\n", "a,b,c,d\n", "# x y w h\n1,2,3,4\n", ""])
def test_broken_boxes_name_their_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "boxes.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"boxes\.txt(:\d+: expected four numbers|: holds no boxes)"):
        read_boxes(path)


@pytest.mark.parametrize("text", ["0,1,0,1", "0\n1\n0\n1\n", "0 1 0 1\n", "0,1,0,1,"])
def test_flags_in_one_line_or_in_many(tmp_path: Path, text: str) -> None:
    (tmp_path / "flags").write_text(text)
    assert read_flags(tmp_path / "flags").tolist() == [0, 1, 0, 1]


def test_broken_flags_name_their_file(tmp_path: Path) -> None:
    (tmp_path / "cover.label").write_text("8,x")
    with pytest.raises(ValueError, match=r"cover\.label: expected a whole number from 0 to 8"):
        read_flags(tmp_path / "cover.label")


class Source:
    """Two files, and how often they were read."""

    def __init__(self, folder: Path) -> None:
        self.files = [folder / "a.txt", folder / "b.txt"]
        for file in self.files:
            file.write_text("1")
        self.reads = 0

    def read(self) -> Arrays:
        self.reads += 1
        return {"sizes": np.array([file.stat().st_size for file in self.files]), "names": np.array(["a", "bb"])}

    def get(self) -> list[int]:
        arrays = cached("two", self.files, self.read)
        assert arrays["names"].tolist() == ["a", "bb"]
        assert set(arrays) == {"sizes", "names"}
        return arrays["sizes"].tolist()


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path)


def test_read_once_and_again_after_a_change(source: Source) -> None:
    assert source.get() == source.get() == [1, 1]
    assert source.reads == 1
    source.files[1].write_text("12")
    assert source.get() == source.get() == [1, 2]
    assert source.reads == 2
    os.utime(source.files[0], ns=(1, 1))  # same size, another time
    source.get()
    assert source.reads == 3


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK"])
def test_a_broken_cache_is_made_again(source: Source, annotation_cache: Path, content: bytes) -> None:
    source.get()
    (kept,) = annotation_cache.iterdir()
    kept.write_bytes(content)
    assert source.get() == [1, 1]
    assert source.reads == 2
    source.get()
    assert source.reads == 2


def test_without_a_place_for_the_cache_it_still_works(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("EBM_TRACKING_CACHE", str(tmp_path / "a.txt"))  # a file, not a folder
    with caplog.at_level(logging.WARNING):
        assert source.get() == source.get() == [1, 1]
    assert source.reads == 2
    assert "read anew at every start" in caplog.text


def test_missing_files_are_named(source: Source) -> None:
    source.files[1].unlink()
    with pytest.raises(FileNotFoundError, match=r"two: .*b\.txt does not exist"):
        source.get()
