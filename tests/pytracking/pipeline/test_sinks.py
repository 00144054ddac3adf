import csv
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pytracking import TrackOutput
from pytracking.pipeline.sinks import annotated_video, csv_table, json_file
from pytracking.pipeline.track_video import FrameResult
from pytracking.tracker.base.output import Candidate
from pytracking.video.frame_source import open_frames
from pytracking.visualization.boxes import Overlay
from tests.fakes.videos import (
    frame_times,
    numbered_frame,
    sound_onset,
    write_sounding_video,
    write_uneven_video,
    write_video,
)

FIRST = TrackOutput((10.00004, 12.0, 20.5, 16.0), 0.25, "lost")
OTHER = Candidate(4, (1.00004, 2.0, 9.5, 8.0), 0.125)
SECOND = TrackOutput((30.0, 5.0, 9.5, 8.0), 1.0, "tracking", (0.5, 0.25, 1.00004, 2.0), (OTHER,))
STEPS = [
    FrameResult(7, numbered_frame(0), {}, 0.0, 0.28),
    FrameResult(8, numbered_frame(1), {3: FIRST}, 0.1, 0.32),
    FrameResult(9, numbered_frame(2), {3: FIRST, 5: SECOND}, 0.1),
]


def write(sink, steps=STEPS):
    with sink as write_step:
        for step in steps:
            write_step(step)


def test_csv_has_a_row_for_each_frame_and_target(tmp_path):
    path = tmp_path / "new" / "out.csv"
    write(csv_table(path))
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    lost = ["3", "10.0000", "12.0000", "20.5000", "16.0000", "0.2500", "lost"]
    assert rows == [
        ["frame", "id", "x", "y", "w", "h", "score", "state", "time", "x_std", "y_std", "w_std", "h_std"],
        ["8", *lost, "0.3200", "", "", "", ""],
        ["9", *lost, "", "", "", "", ""],
        [
            *("9", "5", "30.0000", "5.0000", "9.5000", "8.0000", "1.0000", "tracking", ""),
            *("0.5000", "0.2500", "1.0000", "2.0000"),
        ],
    ]


def test_json_has_an_entry_for_each_frame(tmp_path):
    path = tmp_path / "out.json"
    write(json_file(path, {"source": 'a "quoted" ]} name', "fps": None}))
    first = {
        "id": 3,
        "box": [10.0, 12.0, 20.5, 16.0],
        "score": 0.25,
        "state": "lost",
        "box_std": None,
        "candidates": [],
    }
    second = {
        "id": 5,
        "box": [30.0, 5.0, 9.5, 8.0],
        "score": 1.0,
        "state": "tracking",
        "box_std": [0.5, 0.25, 1.0, 2.0],
        "candidates": [{"id": 4, "box": [1.0, 2.0, 9.5, 8.0], "score": 0.125}],
    }
    assert json.loads(path.read_text()) == {
        "source": 'a "quoted" ]} name',
        "fps": None,
        "frames": [
            {"frame": 7, "time": 0.28, "targets": []},
            {"frame": 8, "time": 0.32, "targets": [first]},
            {"frame": 9, "time": None, "targets": [first, second]},
        ],
    }
    write(json_file(path, {}), [])
    assert json.loads(path.read_text()) == {"frames": []}


def test_video_is_scaled_annotated_and_has_the_sound(tmp_path):
    source = open_frames(write_sounding_video(tmp_path / "in.mp4", "aac", onset=0.5, seconds=1))
    steps = [FrameResult(i, frame, {0: SECOND}, 0.0) for i, frame in enumerate(source)]
    write(annotated_video(tmp_path / "out.mp4", source, Overlay(scale=2)), steps)
    frames = list(open_frames(tmp_path / "out.mp4"))
    assert (len(frames), frames[0].shape) == (25, (96, 128, 3))
    assert (np.abs(frames[0].astype(int) - frames[0][-1, -1]) > 40).any()  # something is drawn
    assert sound_onset(tmp_path / "out.mp4")[1] == pytest.approx(0.5, abs=0.05)


def test_the_shape_of_pixels_is_kept_and_pale_colors_are_told(tmp_path, caplog):
    source = open_frames(write_video(tmp_path / "in.mp4", frames=2))
    write(annotated_video(tmp_path / "out.mp4", replace(source, pixel_aspect=Fraction(4, 3), hdr="PQ"), Overlay()))
    saved = open_frames(tmp_path / "out.mp4")
    assert (saved.pixel_aspect, saved.hdr) == (Fraction(4, 3), "")
    assert "in.mp4: is HDR (PQ), but" in caplog.text


def shown_at(*times):
    return [FrameResult(i, numbered_frame(i), {}, 0.0, seconds) for i, seconds in enumerate(times)]


def test_frames_of_a_live_source_are_shown_as_they_came(tmp_path):
    source = replace(open_frames(write_video(tmp_path / "in.mp4", frames=3)), live=True)
    write(annotated_video(tmp_path / "out.mp4", source, Overlay()), shown_at(100.2, 100.3, 101.3))
    assert frame_times(tmp_path / "out.mp4") == pytest.approx([0.0, 0.1, 1.1], abs=0.002)


def test_frames_keep_their_times(tmp_path):
    source = open_frames(write_uneven_video(tmp_path / "in.mp4", [0.0, 0.04, 0.5, 1.0]))
    write(annotated_video(tmp_path / "out.mp4", source, Overlay()), shown_at(0.04, 0.5, 1.0))
    assert frame_times(tmp_path / "out.mp4") == pytest.approx([0.0, 0.46, 0.96], abs=0.002)


def test_the_table_of_a_live_source_is_there_while_it_grows(tmp_path):
    with csv_table(tmp_path / "new" / "out.csv", live=True) as write_step:
        write_step(STEPS[1])
        assert (tmp_path / "new" / "out.csv").read_text().splitlines()[1].startswith("8,3,")


def test_tables_go_to_standard_output_and_to_pipes(tmp_path, capsys):
    write(csv_table(Path("-")))
    assert capsys.readouterr().out.splitlines()[0] == "frame,id,x,y,w,h,score,state,time,x_std,y_std,w_std,h_std"
    write(json_file(Path("-"), {}))
    assert len(json.loads(capsys.readouterr().out)["frames"]) == 3


def test_an_output_that_fails_is_named(tmp_path):
    def fail():
        with csv_table(tmp_path / "out.csv"):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=r"out\.csv: cannot be written \(No space left on device\)"):
        fail()


@pytest.mark.parametrize("name", ["out.csv", "out.json", "out.mp4"])
def test_an_error_leaves_what_was_there(tmp_path, name):
    (tmp_path / name).write_text("old")
    sinks = {
        "out.csv": lambda path: csv_table(path),
        "out.json": lambda path: json_file(path, {}),
        "out.mp4": lambda path: annotated_video(path, open_frames(write_video(tmp_path / "in.mp4")), Overlay()),
    }
    sink = sinks[name](tmp_path / name)

    def fail():
        with sink as write_step:
            write_step(STEPS[0])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (tmp_path / name).read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} <= {name, "in.mp4"}
