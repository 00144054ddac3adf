import logging
import os
from pathlib import Path

import numpy as np
import pytest

from ltr.dataset.annotations import Arrays, cached


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
    assert "are not cached: cannot write" in caplog.text


def test_missing_files_are_named(source: Source) -> None:
    source.files[1].unlink()
    with pytest.raises(FileNotFoundError, match=r"two: .*b\.txt does not exist"):
        source.get()
