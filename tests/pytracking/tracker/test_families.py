"""What holds for every registered tracker, whatever its family."""

import json
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from ltr.dataset.text_files import read_boxes
from pytracking import MultiTracker, Tracker, TrackOutput, run_tracker, run_video
from pytracking.analysis.metrics import iou
from pytracking.evaluation.results import box_files, read_stamp
from pytracking.parameter.dimp.published import WEIGHTS
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.dimp.debug import DebugHook
from pytracking.tracker.families import FAMILIES, network_files
from pytracking.tracker.opencv.model import FOLDER
from tests.fakes.datasets import write_picture
from tests.fakes.videos import moving_square, write_video

pytestmark = pytest.mark.usefixtures("same_threads")

FRAMES, BOXES = moving_square(6)
OPTIONS = {
    family: {"accelerator": "torch"} for family in ("dimp", "atom")
}  # at hand at once: OpenVINO's graph would have to be made


@pytest.fixture(
    params=[
        (family, name)
        for family, entry in FAMILIES.items()
        for name, params in entry.parameters.items()
        if getattr(params, "network", None) not in WEIGHTS  # those of pytracking do not come with the toolkit
    ],
    ids=":".join,
)
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Family and parameters of each registered tracker that can run here."""
    family, parameter = request.param
    params = FAMILIES[family].parameters[parameter]
    if family == "opencv" and params.networks:
        monkeypatch.setenv(FOLDER, str(request.getfixturevalue("shared") / "peers" / "nanotrack_v2"))
    if family == "opencv" and not hasattr(cv2, params.create):
        pytest.skip(f"needs {params.package}")
    return family, parameter


@cache
def build(family: str, parameter: str) -> Tracker:
    return Tracker(family, parameter, **OPTIONS.get(family, {}))


def follow(tracker: Tracker, frames: list[np.ndarray] = FRAMES) -> list[TrackOutput]:
    tracker.initialize(frames[0], BOXES[0])
    return [tracker.track(frame) for frame in frames[1:]]


def test_it_follows_a_square_again_and_again(name: tuple[str, str]) -> None:
    before = [frame.copy() for frame in FRAMES]
    tracker = build(*name)
    outputs = follow(tracker)
    np.testing.assert_array_equal(FRAMES, before)
    for output in outputs:
        assert all(type(value) is float for value in (*output.box, output.score))
        assert 0 <= output.score <= 1
        assert output.state == "tracking"
    overlaps = iou(np.array([output.box for output in outputs]), np.array(BOXES[1:], dtype=float))
    assert overlaps.min() > 0.5
    assert follow(tracker) == outputs  # the same seed; initialised again, it is as new


def test_targets_do_not_know_of_each_other(name: tuple[str, str]) -> None:
    tracker = build(*name)
    alone = follow(tracker, FRAMES[:4])
    targets = MultiTracker(tracker)
    targets.add(FRAMES[0], BOXES[0])
    targets.add(FRAMES[0], (150.0, 20.0, 50.0, 60.0))
    assert [targets.track(frame)[0] for frame in FRAMES[1:4]] == alone


def test_run_tracker_writes_its_results(
    name: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    family, parameter = name
    for number, frame in enumerate(FRAMES[:4]):
        write_picture(tmp_path / "data" / "square" / "img" / f"{number}.png", frame)
    truth = "".join(f"{x},{y},{w},{h}\n" for x, y, w, h in BOXES[:4])
    (tmp_path / "data" / "square" / "groundtruth_rect.txt").write_text(truth)
    argv = [*name, "--dataset_name", f"folder:{tmp_path / 'data'}", "--results", str(tmp_path / "out"), "--seed", "3"]
    argv += ["--accelerator", OPTIONS[family]["accelerator"]] if family in OPTIONS else []
    assert run_tracker.main(argv) == 0
    assert f"{family}:{parameter}" in capsys.readouterr().out  # its scores
    folder = tmp_path / "out" / family / parameter
    assert sorted(path.name for path in folder.iterdir()) == [
        f"square{end}" for end in (".json", ".txt", "_score.txt", "_time.txt")
    ]
    np.testing.assert_array_equal(read_boxes(box_files(folder)["square"])[0], BOXES[0])
    stamp = read_stamp(folder / "square.json").run
    assert (stamp.tracker, stamp.parameter, stamp.seed, stamp.threads) == (family, parameter, 3, 1)
    assert (stamp.versions or {}).keys() > {"python", "numpy"}
    assert run_tracker.main(argv) == 0
    assert "(1 kept from before)" in capsys.readouterr().out


def test_stamps_are_json(name: tuple[str, str]) -> None:
    stamp = build(*name).stamp()
    assert json.loads(json.dumps(stamp)) == stamp
    assert stamp["device"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "cuda"}, "device: trackers of opencv take auto or cpu only, got 'cuda'"),
        ({"accelerator": "torch"}, "accelerator: trackers of opencv take auto only, got 'torch'"),
        ({"precision": "bf16"}, "precision: trackers of opencv take f32 only, got 'bf16'"),
        ({"memory": {"size": 3}}, "trackers of opencv have no parameters to change, got memory"),
    ],
)
def test_what_only_dimp_has_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Tracker("opencv", "mil", **options)  # type: ignore[arg-type]


def test_what_only_dimp_can_is_refused(tmp_path: Path) -> None:
    tracker = Tracker("opencv", "mil")
    tracker.initialize(FRAMES[0], BOXES[0])
    message = "^trackers of opencv support no saving, restoring or debug hook; those of dimp do$"
    for call in (tracker.state_dict, lambda: tracker.load_state_dict({}), lambda: tracker.debug):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(ValueError, match=message):
        tracker.save(tmp_path / "a.safetensors")
    with pytest.raises(ValueError, match=message):
        tracker.debug = DebugHook()
    assert not list(tmp_path.iterdir())


def test_debug_of_run_video_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = write_video(tmp_path / "in.mp4", frames=3)
    argv = [str(video), "--box", "10,12,20,16", "--tracker", "opencv", "--parameter", "mil"]
    assert run_video.main([*argv, "--panels", str(tmp_path / "panels.mp4")]) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert line == "error: trackers of opencv support no saving, restoring or debug hook; those of dimp do"
    assert run_video.main([*argv, "--csv", str(tmp_path / "boxes.csv")]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["boxes.csv", "in.mp4"]


def test_files_of_a_network_that_is_named_by_a_parameter() -> None:
    """Commands do not write over them."""
    named = TrackerConfig("dimp", "dimp50", overrides=("network=networks/dimp50.safetensors",))
    assert network_files(named) == [Path("networks/dimp50.safetensors"), Path("networks/dimp50.json")]
    assert network_files(TrackerConfig("opencv", "mil")) == []
