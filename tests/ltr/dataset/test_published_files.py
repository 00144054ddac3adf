import numpy as np
import pytest

from ltr.data.image_loader import load_image
from ltr.data.media_files import numbered_images
from ltr.dataset.layouts.base import SequenceFiles, SequenceSpec, read_list
from tests.fakes.benchmarks import images
from tests.fakes.videos import number_of


def test_images_are_found_by_the_number_that_ends_their_names(tmp_path):
    images(tmp_path, (7, 8, 9, 10), "img{}.jpg")
    assert [number_of(load_image(path)) for path in numbered_images(tmp_path, 8, 2)] == [1, 2]
    assert len(numbered_images(tmp_path, 7)) == 4
    with pytest.raises(FileNotFoundError, match="no image 6, expected 6 to 8"):
        numbered_images(tmp_path, 6, 3)
    (tmp_path / "img9.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="no image 9, expected 7 to 10"):
        numbered_images(tmp_path, 7)


def test_annotations_are_checked_flagged_and_cut(tmp_path):
    file, flags = tmp_path / "a.txt", tmp_path / "flags"
    file.write_text("".join(f"{i} 2 3 4\n" for i in range(4)))
    flags.write_text("0,0,1,0")
    files = SequenceFiles("a", file, spec=SequenceSpec(frames=4, skip=1), flags=(flags,))
    truth = files.ground_truth()
    np.testing.assert_array_equal(truth.boxes, [[1, 2, 3, 4], [2, 2, 3, 4], [3, 2, 3, 4]])
    assert truth.absent.tolist() == [False, True, False]
    assert files.picture_of(0).name == "00000002.jpg"
    assert len(SequenceFiles("a", file).ground_truth().boxes) == 4
    with pytest.raises(ValueError, match=r"a\.txt: 4 boxes, while 5 are published"):
        SequenceFiles("a", file, spec=SequenceSpec(frames=5)).ground_truth()
    flags.write_text("0,0")
    with pytest.raises(ValueError, match="flags: 2 flags for 4 boxes"):
        SequenceFiles("a", file, flags=(flags,)).ground_truth()


def test_a_list_must_name_something(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"list\.txt: no such list of sequences"):
        read_list(tmp_path / "list.txt")
    (tmp_path / "list.txt").write_text("\n")
    with pytest.raises(ValueError, match=r"list\.txt: names no sequence"):
        read_list(tmp_path / "list.txt")
