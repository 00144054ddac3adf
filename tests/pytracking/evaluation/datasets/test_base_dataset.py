import numpy as np
import pytest

from pytracking.evaluation.datasets.base_dataset import SequenceSpec, numbered_frames, read_annotation, read_list
from tests.fakes.benchmarks import images
from tests.fakes.videos import number_of


def test_images_are_found_by_the_number_that_ends_their_names(tmp_path):
    images(tmp_path, (7, 8, 9, 10), "img{}.jpg")
    assert [number_of(frame) for frame in numbered_frames(tmp_path, 8, 2)] == [1, 2]
    assert numbered_frames(tmp_path, 7).length == 4
    with pytest.raises(FileNotFoundError, match="no image 6, expected 6 to 8"):
        numbered_frames(tmp_path, 6, 3)
    (tmp_path / "img9.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="no image 9, expected 7 to 10"):
        numbered_frames(tmp_path, 7)


def test_annotations_are_checked_flagged_and_cut(tmp_path):
    file, flags = tmp_path / "a.txt", tmp_path / "flags"
    file.write_text("".join(f"{i} 2 3 4\n" for i in range(4)))
    flags.write_text("0,0,1,0")
    boxes = read_annotation(file, SequenceSpec(frames=4, skip=1), [flags])
    np.testing.assert_array_equal(boxes, [[1, 2, 3, 4], [np.nan] * 4, [3, 2, 3, 4]])
    assert len(read_annotation(file, SequenceSpec())) == 4
    with pytest.raises(ValueError, match=r"a\.txt: 4 boxes, while 5 are published"):
        read_annotation(file, SequenceSpec(frames=5))
    flags.write_text("0,0")
    with pytest.raises(ValueError, match="flags: 2 flags for 4 boxes"):
        read_annotation(file, SequenceSpec(), [flags])


def test_a_list_must_name_something(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"list\.txt: no such list of sequences"):
        read_list(tmp_path / "list.txt")
    (tmp_path / "list.txt").write_text("\n")
    with pytest.raises(ValueError, match=r"list\.txt: names no sequence"):
        read_list(tmp_path / "list.txt")
