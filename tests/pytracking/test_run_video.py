import csv
import json
import signal
import sys
from functools import partial
from pathlib import Path

import pytest

from ltr.utils.files import with_card
from pytracking import TrackOutput, run_video
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.families import network_files
from pytracking.video.frame_source import open_frames
from tests.fakes.trackers import FakeBuilder, FakeTracker
from tests.fakes.video_kinds import damage, encode, packet_places
from tests.fakes.videos import number_of, write_images, write_noise_video, write_sounding_video, write_video

main = partial(run_video.main, build_tracker=FakeBuilder())


@pytest.fixture(autouse=True)
def _same_handlers():
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_part_of_a_video_with_two_targets(tmp_path, capsys):
    video = write_video(tmp_path / "in.mp4", frames=8)
    save, table = tmp_path / "out.mp4", tmp_path / "out.csv"
    argv = [str(video), "--box", "10,12,20,16", "--box=-3.5,5,9,8", "--start", "2", "--end", "6"]
    assert main([*argv, "--save", str(save), "--csv", str(table)]) == 0
    lines = table.read_text().splitlines()
    assert lines[0] == "frame,id,x,y,w,h,score,state,time,x_std,y_std,w_std,h_std"
    assert lines[2] == "2,1,-3.5000,5.0000,9.0000,8.0000,1.0000,tracking,0.0800,,,,"
    assert [line.split(",")[0] for line in lines[1::2]] == ["2", "3", "4", "5"]
    assert len(list(open_frames(save))) == 4
    out = capsys.readouterr().out
    assert "4 frames, " in out
    assert " FPS tracking 2 targets" in out
    assert str(save) in out
    assert str(table) in out


def test_every_third_frame_a_later_target_and_json(tmp_path):
    video, table, save = write_video(tmp_path / "in.mp4", frames=12), tmp_path / "out.json", tmp_path / "out.mp4"
    argv = [str(video), "--box", "10,12,20,16@7", "--box", "5,5,9,8", "--start", "1", "--stride", "3", "--end", "9"]
    assert main([*argv, "--json", str(table), "--save", str(save), "--scale", "0.5", "--trail", "2"]) == 0
    done = json.loads(table.read_text())
    assert [(f["frame"], [t["id"] for t in f["targets"]]) for f in done["frames"]] == [(1, [1]), (4, [1]), (7, [0, 1])]
    assert (done["source"], done["tracker"], done["seed"]) == (str(video), "fake", 0)
    assert (done["size"], done["fps"], done["start"], done["end"], done["stride"]) == ([64, 48], 25.0, 1, 9, 3)
    assert [f["time"] for f in done["frames"]] == [0.04, 0.16, 0.28]
    frames = open_frames(save)
    assert (frames.length, frames.fps) == (3, pytest.approx(25 / 3, abs=0.01))
    assert next(iter(frames)).shape == (24, 32, 3)


@pytest.mark.parametrize("flags", [[], ["--draw", "browser"]])
def test_boxes_are_drawn_on_the_first_frame_used(tmp_path, monkeypatch, capsys, flags):
    seen = []

    def draw(image, announce=lambda url: None):
        announce("http://127.0.0.1:9/")
        seen.append(number_of(image))
        return [(1, 2, 3, 4)] * 2

    monkeypatch.setattr("pytracking.ui.box_selector.draw_boxes", draw)
    if flags:
        pytest.importorskip("aiohttp")
        monkeypatch.setattr("pytracking.web.draw.draw_boxes", draw)
    table = tmp_path / "out.csv"
    assert main([str(write_video(tmp_path / "in.mp4")), "--start", "2", "--csv", str(table), *flags]) == 0
    assert seen == [2]
    assert ("draw the targets at http://127.0.0.1:9/" in capsys.readouterr().err) == bool(flags)
    lines = table.read_text().splitlines()[1:]
    assert [line.split(",")[0] for line in lines[::2]] == ["2", "3", "4", "5"]


def test_the_browser_needs_a_package(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "pytracking.web.draw", raising=False)
    monkeypatch.delattr("pytracking.web.draw", raising=False)
    assert main([str(write_video(tmp_path / "in.mp4")), "--draw", "browser"]) == 1
    assert "--draw browser needs aiohttp: pip install 'aiohttp" in capsys.readouterr().err


def test_images_need_no_output(tmp_path, capsys):
    folder = write_images(tmp_path / "img", ["1.png", "2.png"])
    assert main([str(folder), "--box", "1,2,30,20"]) == 0
    assert [p.name for p in tmp_path.iterdir()] == ["img"]
    assert "note: nothing will be saved: --save writes the annotated video" in capsys.readouterr().err


def test_notices_come_before_the_tracker_is_built(tmp_path, capsys):
    """That nothing will be saved is told before an hour of video is tracked, and so is an END that is not reached."""
    folder, seen = write_images(tmp_path / "img", [f"{i}.png" for i in range(6)]), []

    def build(config):
        seen.append(capsys.readouterr().err)
        return FakeBuilder()(config)

    boxes = ["--box", "1,2,30,20@3-6", "--box", "1,2,30,20@2-4"]
    assert run_video.main([str(folder), *boxes, "--end", "5"], build) == 0
    assert run_video.main([str(folder), "--box", "1,2,30,20@4-0", "--start", "1", "--backward"], build) == 0
    assert run_video.main([str(folder), *boxes, "--end", "5", "--quiet"], build) == 0
    saved = "note: nothing will be saved: --save writes the annotated video, --csv and --json write the boxes\n"
    assert seen == [
        f"note: --box 1,2,30,20@3-6: frame 6 is not used; target 0 is followed to frame 4\n{saved}",
        f"note: --box 1,2,30,20@4-0: frame 0 is not used; target 0 is followed to frame 1\n{saved}",
        "",
    ]


def test_quiet_prints_nothing_but_errors_and_tables(tmp_path, capsys):
    folder = write_images(tmp_path / "img", ["1.png", "2.png"])
    command = [str(folder), "--box", "1,2,30,20", "--quiet"]
    assert main([*command, "--csv", str(tmp_path / "o.csv")]) == 0
    assert capsys.readouterr() == ("", "")
    assert main([*command, "--csv", "-"]) == 0
    out, error = capsys.readouterr()
    assert (out, error) == ((tmp_path / "o.csv").read_text(), "")


def test_a_missing_camera_is_one_line(capfd):
    assert main(["99", "--box", "1,2,30,20"]) == 1
    assert capfd.readouterr().err == "error: camera 99: cannot be opened\n"


def test_a_broken_video_keeps_what_was_there(tmp_path, capsys):
    whole = write_noise_video(tmp_path / "cut.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    argv = [str(tmp_path / "cut.mp4"), "--box", "1,2,30,20", "--save", str(tmp_path / "o.mp4")]
    assert main([*argv, "--csv", str(tmp_path / "o.csv")]) == 1
    rows = len((tmp_path / "o.csv").read_text().splitlines()) - 1
    assert rows == len(list(open_frames(tmp_path / "o.mp4"))) >= 5
    error = capsys.readouterr().err
    assert f"cut.mp4: breaks off at frame {rows}" in error
    assert "what was tracked is kept" in error


def test_after_damage_it_goes_on_and_tells(tmp_path, capsys):
    path = encode(tmp_path / "bad.mp4", numbers=range(40), options={"g": "10"}, noise=True)
    damage(path, *packet_places(path)[14])
    argv = [str(path), "--box", "1,2,30,20", "--csv", str(tmp_path / "o.csv")]
    assert main(argv) == 1
    assert len((tmp_path / "o.csv").read_text().splitlines()) == 41
    assert "are damaged and shown as the last whole one; what was tracked is kept" in capsys.readouterr().err
    assert main([*argv, "--start", "30"]) == 0


def test_a_command_that_is_ended_keeps_what_was_there(tmp_path, monkeypatch, capsys):
    def track(self, frame):
        if number_of(frame) == 3:
            signal.raise_signal(signal.SIGTERM)  # to this thread, at once
        return TrackOutput((1, 2, 30, 20), 0.5, "tracking")

    monkeypatch.setattr(FakeTracker, "track", track)
    argv = [str(write_video(tmp_path / "in.mp4", frames=6)), "--box", "1,2,30,20"]
    assert main([*argv, "--save", str(tmp_path / "o.mp4"), "--csv", str(tmp_path / "o.csv")]) == 1
    assert len(list(open_frames(tmp_path / "o.mp4"))) == 3
    assert len((tmp_path / "o.csv").read_text().splitlines()) == 4
    assert "error: interrupted after 3 frames; what was tracked is kept" in capsys.readouterr().err


def rows_of(table):
    return list(csv.DictReader(table.read_text().splitlines()))


def test_a_target_is_corrected_ends_and_another_begins(tmp_path):
    video, table = write_video(tmp_path / "in.mp4", frames=8), tmp_path / "out.csv"
    boxes = ["10,12,20,16@0-4", "30,12,20,16@2#0", "5,5,9,8@6", "6,6,9,8@0-1"]
    argv = [flag for box in boxes for flag in ("--box", box)]
    assert main([str(video), *argv, "--csv", str(table)]) == 0
    by_frame = {}
    for row in rows_of(table):
        by_frame.setdefault(int(row["frame"]), []).append((int(row["id"]), float(row["x"])))
    ids = {frame: [target for target, _ in rows] for frame, rows in by_frame.items()}
    assert ids == {0: [0, 2], 1: [0, 2], 2: [0], 3: [0], 4: [0], 5: [0], 6: [0, 1], 7: [0, 1]}
    assert (by_frame[0][0][1], by_frame[2][0][1]) == (10.0, 30.0)  # the box given anew ends where it says, or never


def test_backward_from_the_last_frame_or_the_one_that_is_named(tmp_path):
    video, table, save = write_video(tmp_path / "in.mp4", frames=9), tmp_path / "out.csv", tmp_path / "out.mp4"
    argv = [str(video), "--backward", "--box", "10,12,20,16", "--box", "5,5,9,8@4-2", "--csv", str(table)]
    assert main([*argv, "--save", str(save), "--start", "1", "--end", "8"]) == 0
    rows = rows_of(table)
    assert [(int(row["frame"]), row["id"]) for row in rows] == [
        (1, "0"),
        (2, "0"),
        (2, "1"),
        (3, "0"),
        (3, "1"),
        (4, "0"),
        (4, "1"),
        (5, "0"),
        (6, "0"),
        (7, "0"),
    ]
    assert [float(row["x"]) for row in rows if row["score"] == "1.0000"] == [5.0, 10.0]
    assert [row["time"] for row in rows][::4] == ["0.0400", "0.1200", "0.2400"]
    assert [number_of(frame) for frame in open_frames(save)] == [1, 2, 3, 4, 5, 6, 7]


def test_backward_through_images_with_a_rate(tmp_path):
    folder, table = write_images(tmp_path / "img", [f"{i}.png" for i in range(6)]), tmp_path / "out.json"
    argv = [str(folder), "--backward", "--box", "10,12,20,16@3", "--stride", "3", "--fps", "10"]
    assert main([*argv, "--json", str(table)]) == 0
    done = json.loads(table.read_text())
    assert [(f["frame"], f["time"], len(f["targets"])) for f in done["frames"]] == [(0, 0.0, 1), (3, 0.3, 1)]
    assert (done["backward"], done["fps"]) == (True, 10.0)


def test_without_sound_and_without_labels(tmp_path):
    video, save = write_sounding_video(tmp_path / "in.mp4", "aac", onset=0, seconds=0.4), tmp_path / "out.mp4"
    flags = ["--no-sound", "--no-labels", "--line-width", "1"]
    assert main([str(video), "--box", "10,12,30,20", "--save", str(save), *flags]) == 0
    assert open_frames(save).sound is None


def test_what_is_said_of_a_pipe_goes_to_standard_error(tmp_path, capsys):
    argv = [str(write_video(tmp_path / "in.mp4", frames=2)), "--box", "10,12,20,16", "--csv", "/dev/null"]
    assert main(argv) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "2 frames, " in err


def test_a_table_on_standard_output_stands_there_alone(tmp_path, capsys):
    video = write_video(tmp_path / "in.mp4", frames=2)
    assert main([str(video), "--box", "10,12,20,16", "--csv", "-"]) == 0
    out, err = capsys.readouterr()
    assert [line.split(",")[0] for line in out.splitlines()] == ["frame", "0", "1"]
    assert "2 frames, " in err


def test_an_output_that_fails_leaves_the_others(tmp_path, capsys):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    video, table = write_video(tmp_path / "in.mp4", frames=4), tmp_path / "out.json"
    argv = [str(video), "--box", "10,12,20,16", "--csv", "/dev/full", "--json", str(table)]
    assert main(argv) == 1
    assert len(json.loads(table.read_text())["frames"]) == 4
    assert "error: /dev/full: cannot be written (No space left on device)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--box", "1,2,3"], "--box 1,2,3: expected x,y,w,h (four numbers in pixels)"),
        (["--box", "1,2,3,x"], "--box 1,2,3,x: expected x,y,w,h"),
        (["--box", "1,2,3,4@", "--end", "1"], "--box 1,2,3,4@: expected x,y,w,h (four numbers in pixels), x,y,w,h@F"),
        (["--box", "1,2,3,4@2"], "--box 1,2,3,4@2: frame 2 of "),
        (["--box", "1,2,3,4@1", "--stride", "2"], "--box 1,2,3,4@1: frame 1 of "),
        (["--box", "1,2,3,4@0", "--start", "1"], "--box 1,2,3,4@0: frame 0 of "),
        (["--box", "1,2,3,4", "--box", "90,2,3,4@1"], "box: (90.0, 2.0, 3.0, 4.0) lies outside the 64 x 48 frame"),
        ([], "which target? give --box x,y,w,h"),
        (["--box", "1,2,3,4", "--stride", "0"], "stride: expected 1 or more, got 0"),
        (["--box", "1,2,3,4", "--scale", "0"], "scale: expected a number above 0"),
        (["--box", "1,2,3,4", "--save", "in.mp4"], "--save in.mp4: is read from; give another name"),
        (["--box", "1,2,3,4", "--start", "9"], "no frames from 9 on; it has 2"),
        (["--box", "1,2,3,4", "--start", "1", "--end", "1"], "no frames from 1 to 1; it has 2"),
        (["--box", "0.4,0.4,0.2,0.2"], "box: (0.4, 0.4, 0.2, 0.2) is smaller than a pixel; expected pixels"),
        (["--box", "1,2,3,4@1-0"], "--box 1,2,3,4@1-0: target 0 ends before it starts"),
        (["--box", "1,2,3,4", "--box", "2,2,3,4#0"], "--box 2,2,3,4#0: target 0 has another box in frame 0"),
        (
            ["--box", "1,2,3,4@0-1", "--backward"],
            "target 0 ends before it starts; --backward goes from the later to the",
        ),
        (
            ["--box", "1,2,3,4", "--box", "2,2,3,4@1#3"],
            "--box 2,2,3,4@1#3: no target 3; known: 0 (a box without #ID",
        ),
        (["--box", "1,2,3,4#0"], "--box 1,2,3,4#0: no target 0; known: none"),
        (["--box", "1,2,3,4#x"], "--box 1,2,3,4#x: expected x,y,w,h"),
        (["--box", "1,2,3,4", "--fps", "10"], "--fps 10.0: is for images; in.mp4 has times of its own"),
        (["--box", "1,2,3,4", "--fps", "nan"], "--fps nan: expected a number above 0"),
        (["--box", "1,2,3,4", "--line-width", "0"], "line width: expected 1 to 100 pixels, got 0"),
        (["--box", "1,2,3,4", "--backward", "--panels", "d"], "it does not go with --backward"),
        (["--box", "1,2,3,4", "--debug", "in.mp4"], "--panels in.mp4: is read from; give another name"),
        (["--box", "1,2,3,4", "--csv", "a", "--json", "a"], "--json a: is the same as --csv; give each output a name"),
        (["--box", "1,2,3,4", "--csv", "."], "--csv .: is a folder; give the name of a file"),
        (["--box", "1,2,3,4", "--save", "o.avi"], "o.avi: videos are written as .mp4"),
        (["--box", "1,2,3,4", "--debug=o.avi"], "o.avi: videos are written as .mp4"),
        (["--box", "1,2,3,4", "--threads", "0"], "--threads: expected 1 to "),
        (["--box", "1,2,3,4", "--threads", "99999999999"], "--threads: expected 1 to "),
        (["--box", "1,2,3,4", "--seed", "9" * 23], "--seed: expected a whole number from 0 to 4294967295, got 999"),
        (["--box", "1,2,3,4", "--scale", "0.01"], "scale: 0.01 is too small for frames of 64 x 48"),
        (["--box", "1,2,3,4", "--parameter", "mobile"], "unknown parameters 'mobile' of tracker dimp; known are"),
        (["--box", "1,2,1e9,1e9"], "is more than 4 times as large as the 64 x 48 frame"),
    ],
)
def test_bad_input(tmp_path, monkeypatch, capsys, argv, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    write_video(tmp_path / "in.mp4", frames=2)
    assert main(["in.mp4", *argv]) == 1
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_missing_video(capsys):
    assert main(["none.mp4", "--box", "1,2,3,4"]) == 1
    assert "none.mp4: no such video file or image folder" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--csv", "--json"])
@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_the_network_and_its_card_are_never_replaced(tmp_path, capsys, flag, suffix):
    network = tmp_path / "my.safetensors"
    for path in with_card(network):
        path.write_text("kept")
    argv = [str(write_video(tmp_path / "in.mp4", frames=2)), "--box", "1,2,30,20", "--parameter", str(network)]
    output = network.with_suffix(suffix)
    assert main([*argv, flag, str(output)]) == 1
    assert f"{flag} {output}: is read from" in capsys.readouterr().err
    assert [path.read_text() for path in with_card(network)] == ["kept", "kept"]


def test_the_shipped_network_is_never_replaced(tmp_path, capsys):
    card = network_files(TrackerConfig())[1]
    before = card.read_bytes()
    argv = [str(write_video(tmp_path / "in.mp4", frames=2)), "--box", "1,2,30,20", "--json", str(card)]
    assert main(argv) == 1
    assert "is read from" in capsys.readouterr().err
    assert card.read_bytes() == before


def test_a_closed_standard_output_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", None)
    assert main([str(write_video(tmp_path / "in.mp4", frames=2)), "--box", "1,2,30,20", "--csv", "-"]) == 1
    assert capsys.readouterr().err == "error: --csv -: standard output is closed\n"
