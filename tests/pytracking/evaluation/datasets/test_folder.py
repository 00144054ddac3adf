import pickle

import numpy as np
import pytest

from pytracking.evaluation.datasets.registry import get_dataset
from tests.fakes.videos import numbers_of, write_images, write_sequence, write_video


def test_images_and_videos_with_any_separator(tmp_path):
    write_sequence(tmp_path, "b_images", frames=3, truth="1,2,3,4\r\n5\t6\t7\t8\r\nNaN NaN NaN NaN")
    (tmp_path / "a_video").mkdir()
    write_video(tmp_path / "a_video" / "frames.mp4", frames=4, height=47, width=63)
    (tmp_path / "a_video" / "meta.json").write_text('{"width": 63, "height": 47}')
    (tmp_path / "a_video" / "groundtruth_rect.txt").write_text("1 2 3 4\n" * 4)
    (tmp_path / "no_truth").mkdir()

    video, images = get_dataset(f"folder:{tmp_path}")
    assert (video.name, images.name, video.dataset) == ("a_video", "b_images", "folder")
    np.testing.assert_array_equal(images.ground_truth, [[1, 2, 3, 4], [5, 6, 7, 8], [np.nan] * 4])
    assert numbers_of(images.open()) == [0, 1, 2]
    assert numbers_of(pickle.loads(pickle.dumps(video)).open()) == [0, 1, 2, 3]
    assert next(iter(video.open())).shape == (47, 63, 3)


def test_frames_lie_wherever_people_put_them(tmp_path):
    write_images(tmp_path / "beside", ["1.jpg", "2.jpg"])
    write_images(tmp_path / "colour" / "color", ["1.jpg", "2.jpg"])
    (tmp_path / "film").mkdir()
    write_video(tmp_path / "holiday.mp4", frames=2).rename(tmp_path / "film" / "holiday.mov")
    for name in ("beside", "colour", "film"):
        (tmp_path / name / "groundtruth.txt").write_text("1,2,3,4\n" * 2)
    write_video(tmp_path / "lone.mp4", frames=2)
    (tmp_path / "lone.txt").write_text("1,2,3,4\n")
    write_video(tmp_path / "unmarked.mp4", frames=2)
    sequences = {s.name: s for s in get_dataset(f"folder:{tmp_path}")}
    assert list(sequences) == ["beside", "colour", "film", "lone"]
    assert [numbers_of(s.open()) for s in sequences.values()] == [[0, 1]] * 4
    (itself,) = get_dataset(f"folder:{tmp_path / 'film'}")
    assert (itself.name, numbers_of(itself.open())) == ("film", [0, 1])
    write_video(tmp_path / "film" / "second.mp4", frames=2)
    with pytest.raises(ValueError, match=r"film: expected one video, found holiday\.mov, second\.mp4"):
        itself.open()


def test_number_of_frames_must_be_that_of_the_rows_unless_only_the_first_is_public(tmp_path):
    write_sequence(tmp_path, "long", frames=3, truth="1,2,3,4\n" * 2)
    write_sequence(tmp_path, "one", frames=3, truth="1,2,3,4\n")
    long, one = get_dataset(f"folder:{tmp_path}")
    with pytest.raises(ValueError, match="long: 3 frames, but the ground truth has 2 rows"):
        long.open()
    assert numbers_of(one.open()) == [0, 1, 2]


def test_start_is_the_first_box_with_an_area(tmp_path):
    write_sequence(tmp_path, "late", frames=4, truth="nan,nan,nan,nan\n0,0,0,0\n1,2,3,4\n1,2,3,4\n")
    write_sequence(tmp_path, "never", frames=1, truth="0,0,0,0\n")
    late, never = get_dataset(f"folder:{tmp_path}")
    assert (late.start, late.first_box) == (2, (1.0, 2.0, 3.0, 4.0))
    with pytest.raises(ValueError, match="never: the ground truth has no box to start from"):
        _ = never.start


def test_folders_without_sequences(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder of sequences"):
        get_dataset(f"folder:{tmp_path}/none")
    with pytest.raises(FileNotFoundError, match=r"holds no <Sequence>/groundtruth_rect\.txt or groundtruth\.txt"):
        get_dataset(f"folder:{tmp_path}")


def test_table_of_videos(tmp_path):
    write_video(tmp_path / "street.mp4", frames=5)
    write_images(tmp_path / "yard", ["1.jpg", "2.jpg", "3.jpg"])
    table = tmp_path / "boxes.csv"
    table.write_text(
        "video, id, frame, x, y, w, h, score\n"
        "street.mp4,0,1,1,2,30,40,1.0\nstreet.mp4,1,0,5,6,7,8,\nstreet.mp4,0,3,3,2,30,40,\nyard,,0,1,2,3,4,\n"
        "yard/[12].jpg,b,1,1,2,3,4,\n"
    )
    sequences = {s.name: s for s in get_dataset(f"csv:{table}")}
    assert list(sequences) == ["street_0", "street_1", "yard", "yard_b"]
    first = sequences["street_0"]
    nan = [np.nan] * 4
    np.testing.assert_array_equal(first.ground_truth, [nan, [1, 2, 30, 40], nan, [3, 2, 30, 40], nan])
    assert (first.dataset, first.start, numbers_of(pickle.loads(pickle.dumps(first)).open())) == (
        "csv",
        1,
        [0, 1, 2, 3, 4],
    )
    assert sequences["street_1"].ground_truth.tolist() == [[5, 6, 7, 8]]
    assert numbers_of(sequences["yard"].open()) == [0, 1, 2]
    assert (sequences["yard_b"].start, numbers_of(sequences["yard_b"].open())) == (1, [0, 1])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("video,x,y,w\n", r"boxes\.csv: no column h; expected a first line video,x,y,w,h"),
        ("video,x,y,w,h\n", "has no rows"),
        ("video,x,y,w,h\na.mp4,1,2,3\n", r"boxes\.csv:2: expected numbers in x, y, w, h"),
        ("video,x,y,w,h,frame\na.mp4,1,2,3,4,b\n", r"boxes\.csv:2: expected numbers in x, y, w, h"),
        ("video,x,y,w,h\na.mp4,1,2,3,4\nb/a.mp4,1,2,3,4\n", r"two videos are called a: .*a\.mp4 and .*b/a\.mp4"),
        ("video,x,y,w,h\nnone.mp4,1,2,3,4\n", r"none\.mp4: no such video"),
        ("video,x,y,w,h\nnone,1,2,3,4\n", r"none: no such video file or image folder"),
        ("video,frame,x,y,w,h\na.mp4,3,1,2,3,4\n", r"a\.mp4: frame 3 is not among its 3"),
        ("video,frame,x,y,w,h\na.mp4,1,1,2,3,4\na.mp4,1,1,2,3,4\n", r"a\.mp4: a frame has two boxes"),
    ],
)
def test_bad_tables(tmp_path, content, message):
    write_video(tmp_path / "a.mp4", frames=3)
    (tmp_path / "boxes.csv").write_text(content)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        get_dataset(f"csv:{tmp_path / 'boxes.csv'}")
    with pytest.raises(FileNotFoundError, match="no such table"):
        get_dataset(f"csv:{tmp_path / 'none.csv'}")
