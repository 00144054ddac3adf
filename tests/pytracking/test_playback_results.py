from pathlib import Path

import cv2
import numpy as np
import pytest

from pytracking import playback_results
from pytracking.playback_results import main, show
from pytracking.video.frame_source import open_video
from tests.fakes.videos import write_sequence, write_video


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two sequences of four frames, results of two trackers on them, no display."""
    for name in ("one", "two"):
        write_sequence(tmp_path / "data", name, frames=4, width=64)
        for tracker in ("x", "y"):
            folder = tmp_path / "results" / "dimp" / tracker
            folder.mkdir(parents=True, exist_ok=True)
            np.savetxt(folder / f"{name}.txt", np.tile([10.0, 12, 20, 16], (4, 1)), delimiter=",")
    monkeypatch.chdir(tmp_path)
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    return ["dimp:x", "--results", "Y=results/dimp/y", "--dataset_name", "folder:data"]


def test_results_that_are_shown_are_never_replaced(command: list[str], capsys: pytest.CaptureFixture) -> None:
    for folder in ("x", "y"):
        path = Path("results/dimp", folder, "old.mp4")
        path.write_text("kept")
        assert main([*command, "--sequence", "two", "--save", str(path)]) == 1
        assert f"--save {path}: is there already, in" in capsys.readouterr().err
        assert path.read_text() == "kept"


@pytest.mark.parametrize("which", ["two", "TWO", "1"])
def test_a_video_of_all_trackers_is_written(
    command: list[str], which: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main([*command, "--sequence", which, "--save", "out/play.mp4", "--fps", "10"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "out" / "play.mp4")
    video = open_video(tmp_path / "out" / "play.mp4")
    frames = list(video)
    assert (len(frames), video.fps) == (4, 10)
    assert frames[0].shape[1] == 2 * 400


def test_the_videos_of_the_data_set_are_never_replaced(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    own = write_video(tmp_path / "data" / "three.mp4", frames=4)
    (tmp_path / "data" / "three.txt").write_text("10,12,20,16\n" * 4)
    (tmp_path / "table.csv").write_text(
        "video,x,y,w,h,frame\n" + "".join(f"data/three.mp4,9,9,9,9,{i}\n" for i in range(4))
    )
    for name in ("dimp/x", "dimp/y"):
        np.savetxt(tmp_path / "results" / name / "three.txt", np.tile([10.0, 12, 20, 16], (4, 1)), delimiter=",")
    before = own.read_bytes()
    for dataset in ("folder:data", "csv:table.csv"):
        argv = [*command[:-1], dataset, "--sequence", "three", "--save", "data/three.mp4"]
        assert main(argv) == 1
        assert "--save data/three.mp4: is " in capsys.readouterr().err
    assert own.read_bytes() == before


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--sequence", "one"], "there is no display to open a window on; give --save FILE.mp4"),
        (["--save", "p.mp4"], "--save writes one sequence; choose one of the 2 with --sequence"),
        (["--sequence", "three", "--save", "p.mp4"], "expected an index from 0 to 1 or one of one, two"),
        (["--sequence", "2", "--save", "p.mp4"], "no sequence '2'"),
        (["--sequence", "one", "--save", "p.avi"], "p.avi: videos are written as .mp4"),
        (["--sequence", "one", "--save", "p.mp4", "--fps", "0"], "--fps 0.0: expected a number above 0"),
        (["--sequence", "one", "--save", "p.mp4", "dimp:z"], "z: no such folder"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(
    command: list[str], more: list[str], message: str, capsys: pytest.CaptureFixture
) -> None:
    ours = [word for word in more if word.startswith("dimp:")]
    assert main([*ours, *command, *(word for word in more if word not in ours)]) == 1
    assert message in capsys.readouterr().err
    assert not list(Path().glob("p.*"))


def test_all_results_that_cannot_be_used_are_named(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "results" / "dimp" / "x" / "one.txt").write_text("1,2,3\n")
    (tmp_path / "results" / "dimp" / "y" / "one.txt").unlink()
    assert main([*command, "--sequence", "one", "--save", "p.mp4"]) == 1
    error = capsys.readouterr().err
    assert "one.txt:1: expected four numbers" in error
    assert "y: no result for one" in error


class FakeWindow:
    """Stands in for OpenCV's window: keys are pressed in turn, one a call of waitKey; "x" closes the window."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
        self.keys, self.shown, self.open = list(keys), [], True
        for name in ("namedWindow", "setWindowTitle", "destroyAllWindows"):
            monkeypatch.setattr(cv2, name, lambda *arguments: None)
        monkeypatch.setattr(cv2, "imshow", lambda title, image: self.shown.append(int(image[0, 0, 2])))
        monkeypatch.setattr(cv2, "waitKey", self.wait)
        monkeypatch.setattr(cv2, "getWindowProperty", lambda title, what: float(self.open))

    def wait(self, milliseconds: int) -> int:
        key = self.keys.pop(0) if self.keys else "-"
        self.open = key != "x"
        return -1 if key in "-x" else ord(key)


@pytest.mark.parametrize(
    ("keys", "shown", "goes_on"),
    [
        ("", [0, 1, 2, 3], True),
        ("-q", [0, 1], False),
        ("-x", [0, 1], False),
        ("-n", [0, 1], True),
        (" ---- ", [0, 1, 2, 3], True),  # paused on the first, then on
        (" -.-.q", [0, 1, 2], False),  # paused: steps
    ],
)
def test_keys_pause_step_and_end(monkeypatch: pytest.MonkeyPatch, keys: str, shown: list[int], goes_on: bool) -> None:
    window = FakeWindow(monkeypatch, keys)
    pictures = (np.full((4, 4, 3), (number, 9, 9), np.uint8) for number in range(4))
    assert show(pictures, "one", 25) is goes_on
    assert window.shown == shown


def test_in_a_window_sequences_follow_each_other(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playback_results, "has_display", lambda: True)
    window = FakeWindow(monkeypatch, "n--q")
    assert main(command) == 0
    assert len(window.shown) == 1 + 3


def test_a_sequence_without_truth_is_not_played(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "data" / "one" / "groundtruth_rect.txt").write_text("1,2,3,4\n")
    assert main([*command, "--sequence", "one", "--save", "p.mp4"]) == 1
    assert "one: the ground truth has only the first box" in capsys.readouterr().err
    assert main([*command, "--save", "p.mp4"]) == 0  # two is the only other
