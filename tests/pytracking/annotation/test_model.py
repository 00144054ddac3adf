"""Tracks of boxes, and their own formats."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ltr.utils.errors import InputError
from pytracking.annotation.formats import FORMATS, read, write
from pytracking.annotation.model import AnnotatedBox, AnnotatedTrack, Annotations, VideoInfo, interpolated, runs
from pytracking.pipeline.sinks import csv_table, json_file
from pytracking.pipeline.track_video import FrameResult
from pytracking.tracker.base.output import TrackOutput

VIDEO = VideoInfo((320, 240), 6, 25.0, "clip.mp4")
DUCK = AnnotatedTrack(
    1,
    "duck",
    {
        0: AnnotatedBox((10.5, 20.25, 30, 40)),
        1: AnnotatedBox((11.0, 21.0, 30, 40), False, score=0.875, box_std=(1, 2, 3, 4.5)),
        4: AnnotatedBox((12, 22, 31, 41), occluded=True),
    },
)
CAR = AnnotatedTrack(7, "red car", {3: AnnotatedBox((-5, 200, 50, 60), False, score=0.5)})


@pytest.mark.parametrize("name", ["json", "csv"])
def test_own_formats_keep_everything(name, tmp_path):
    path = tmp_path / f"boxes.{name}"
    write(Annotations((CAR, DUCK), VIDEO), path)
    assert read(path, video=VIDEO) == Annotations((DUCK, CAR), VIDEO)


def test_json_knows_the_video(tmp_path):
    write(Annotations((DUCK,), VIDEO), tmp_path / "boxes.json")
    assert read(tmp_path / "boxes.json").video == VIDEO


def test_reads_what_tracking_writes(tmp_path):
    spread = (1.0, 2.0, 3.0, 4.0)
    results = [
        FrameResult(0, np.zeros((4, 4, 3), np.uint8), {0: TrackOutput((1, 2, 3, 4), 1.0, "tracking")}, 0.0, 0.0),
        FrameResult(
            1, np.zeros((4, 4, 3), np.uint8), {0: TrackOutput((1, 3, 3, 4), 0.25, "uncertain", spread)}, 0.1, 0.04
        ),
        FrameResult(2, np.zeros((4, 4, 3), np.uint8), {0: TrackOutput((1, 2, 3, 4), 0.0, "lost")}, 0.1, 0.08),
    ]
    with (
        csv_table(tmp_path / "a.csv") as row,
        json_file(tmp_path / "a.json", {"source": "clip.mp4", "fps": 25.0, "size": [4, 4]}) as item,
    ):
        for result in results:
            row(result)
            item(result)
    boxes = {0: AnnotatedBox((1, 2, 3, 4), False, score=1.0), 1: AnnotatedBox((1, 3, 3, 4), False, False, 0.25, spread)}
    track = AnnotatedTrack(0, "object", boxes)
    assert read(tmp_path / "a.csv") == Annotations((track,))
    assert read(tmp_path / "a.json") == Annotations((track,), VideoInfo((4, 4), None, 25.0, "clip.mp4"))


BAD_TABLES = [
    ("a.csv", "frame,x,y,w\n", r"a\.csv:1: no column h; expected a first line such as frame,id,"),
    ("a.csv", "frame,x,y,w,h\n0,1,2,3,4\n1,2,3,x,5\n", r"a\.csv:3: expected numbers"),
    ("a.csv", "frame,x,y,w,h\n0,1,2,3,0\n", r"a\.csv:2: expected a box .* above 0, found 1, 2, 3, 0"),
    ("a.csv", "frame,x,y,w,h\n0,1,2,nan,9\n", r"a\.csv:2: expected a box"),
    ("a.csv", "frame,x,y,w,h\n0,1,2,3,4\n0,1,2,3,4\n", r"a\.csv:3: target 0 has two boxes in frame 0"),
    ("a.csv", "frame,x,y,w,h\n-1,1,2,3,4\n", r"a\.csv:2: expected frames from 0 to 999999, found -1"),
    ("a.csv", "frame,x,y,w,h,label\n0,1,2,3,4,a\n1,1,2,3,4,b\n", r"a\.csv:3: target 0 is called 'b', and 'a' before"),
    ("a.json", "[1", r"a\.json is not valid JSON"),
    ("a.json", "[]", r'a\.json: expected an object with a list "frames"'),
    ("a.json", '{"frames": [{"frame": 0}]}', r'a\.json: element 0 of "frames": expected'),
    ("a.json", '{"frames": [{"frame": 0, "targets": [{"box": [1, 2]}]}]}', r"a\.json: frames\[0\]\.targets\[0\]: exp"),
    ("a.json", '{"frames": [], "size": [0, 1]}', r"a\.json: size: expected width and height"),
    ("a.xyz", "", r"a\.xyz: the name does not tell the format; give one of cvat, label-studio"),
]


@pytest.mark.parametrize(("name", "text", "message"), BAD_TABLES)
def test_bad_files_are_refused(name, text, message, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        read(tmp_path / name)


def test_places_are_checked(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        read(tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="unknown format 'pdf'; there are cvat, label-studio"):
        read(tmp_path, "pdf")
    with pytest.raises(InputError, match="is a folder; csv"):
        read(tmp_path, "csv")
    with pytest.raises(InputError, match="is a folder; give the name of a file"):
        write(Annotations(()), tmp_path, "csv")


def test_a_video_has_all_frames_of_its_boxes():
    with pytest.raises(InputError, match="a box is in frame 4, but the video has 4 frames, from 0"):
        Annotations((DUCK,), VideoInfo(num_frames=4))
    assert Annotations((DUCK,)).num_frames == 5
    with pytest.raises(InputError, match="two targets have the id 1"):
        Annotations((DUCK, DUCK))


def test_only():
    both = Annotations((DUCK, CAR), VIDEO)
    assert both.only([7]) == Annotations((CAR,), VIDEO)
    with pytest.raises(InputError, match="no target 2; there are 1, 7"):
        both.only([2])


def test_interpolation_fills_between_but_not_after_an_end():
    boxes = {0: AnnotatedBox((0, 0, 10, 10)), 4: AnnotatedBox((8, 4, 20, 10), occluded=True), 6: DUCK.boxes[0]}
    filled = interpolated(boxes, ends=[4])
    assert list(filled) == [0, 1, 2, 3, 4, 6]
    assert filled[3] == AnnotatedBox((6, 3, 17.5, 10), keyframe=False)
    assert runs(filled) == [range(5), range(6, 7)]


def test_needs_no_torch(repository: Path):
    program = "import sys, pytracking.annotation.formats; sys.exit(bool({'torch', 'cv2', 'av'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], cwd=repository).returncode == 0


def test_formats_are_described():
    assert all(known.what for known in FORMATS.values())
    assert json.dumps(list(FORMATS))
