"""What is said where this OpenCV lacks a tracker, or the tracker its networks."""

from pathlib import Path

import cv2
import pytest

from ltr.models.weights import sha256
from pytracking import Tracker, run_tracker
from pytracking.tracker.opencv import model
from pytracking.tracker.opencv.model import FOLDER
from tests.fakes.videos import write_sequence


@pytest.mark.parametrize("suffix", ["", "-headless"])
def test_the_missing_package_and_the_command_are_named(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2, "TrackerCSRT_create", raising=False)
    installed, needed = f"opencv-python{suffix}", f"opencv-contrib-python{suffix}"
    monkeypatch.setattr(model, "packages_distributions", lambda: {"cv2": [installed]})
    with pytest.raises(ImportError) as caught:
        Tracker("opencv", "csrt")
    message = str(caught.value)
    assert f"OpenCV {cv2.__version__} of {installed} has no TrackerCSRT_create; {needed} has it" in message
    assert message.endswith(f": pip uninstall -y {installed} && pip install {needed}")


def test_a_command_says_it_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(cv2, "TrackerKCF_create", raising=False)
    write_sequence(tmp_path / "data", "a")
    argv = ["opencv", "kcf", "--dataset_name", f"folder:{tmp_path / 'data'}", "--results", str(tmp_path / "out")]
    assert run_tracker.main(argv) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: OpenCV ")
    assert line.endswith("pip install opencv-contrib-python") or "-headless" in line
    assert not (tmp_path / "out").exists()


def test_networks_are_looked_for_where_the_variable_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    with pytest.raises(FileNotFoundError, match=f"set {FOLDER} to the folder that holds backbone.onnx and head.onnx"):
        Tracker("opencv", "nano")
    monkeypatch.setenv(FOLDER, str(tmp_path))
    (tmp_path / "backbone.onnx").write_bytes(b"no network")
    with pytest.raises(FileNotFoundError, match=r"head\.onnx: no such file; set "):
        Tracker("opencv", "nano")
    (tmp_path / "head.onnx").write_bytes(b"no network")
    with pytest.raises(ValueError, match=r"backbone\.onnx: OpenCV cannot read this network: "):
        Tracker("opencv", "nano")


def test_an_opencv_that_takes_no_networks_is_too_old(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(shared / "peers" / "nanotrack_v2"))
    monkeypatch.setattr(cv2, "TrackerNano_create", lambda parameters=None: None)
    with pytest.raises(ImportError, match=r"TrackerNano_create needs OpenCV 4\.12 or newer, got .*--upgrade opencv"):
        Tracker("opencv", "nano")


def test_the_stamp_names_networks_and_opencv(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shared / "peers" / "nanotrack_v2"
    monkeypatch.setenv(FOLDER, str(folder))
    stamp = Tracker("opencv", "nano", seed=4).stamp()
    sums = [f"{name}.onnx {sha256(folder / f'{name}.onnx')}" for name in ("backbone", "head")]
    assert stamp["network_sha256"] == ", ".join(sums)
    assert (stamp["versions"]["opencv"], stamp["seed"], stamp["device"]) == (cv2.__version__, 4, "cpu")
    assert "network_sha256" not in Tracker("opencv", "mil").stamp()
