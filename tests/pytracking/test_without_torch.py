"""Tracking, its commands and pages, where neither torch nor torchvision can be imported."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from pytracking.export.check_clip import check_clip

FORBID = """# sitecustomize.py: of worker processes, too
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in ("torch", "torchvision", "pycocotools", "tensorboard", "onnx", "openvino"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""
API = """
import sys
import numpy as np
from pytracking import MultiTracker, Tracker
frames = np.load(sys.argv[1])
tracker = Tracker()
tracker.initialize(frames[0], (60, 100, 40, 40))
tracker.track(frames[1])
tracker.save(sys.argv[2])
expected = tracker.track(frames[2])
assert expected.state == "tracking" and expected.score > 0.9 and expected.box_std is not None, expected
targets = MultiTracker(tracker)
targets.restore(sys.argv[2])
assert targets.track(frames[2]) == {0: expected}
assert tracker.run_info().accelerator == "onnxruntime"
for wanted in (dict(accelerator="torch"), dict(refinement={"method": "ascent"}), dict(device="cuda")):
    try:
        Tracker(**wanted)
    except ImportError as error:
        told = str(error)
        assert "PyTorch is not installed, and is needed here" in told and "install.sh --train" in told, told
    else:
        raise AssertionError(wanted)
import pytracking.web.server, pytracking.run_webcam, pytracking.run_benchmark
import pytracking.run_annotate, pytracking.web.annotation_server, pytracking.convert_annotations
import pytracking.pipeline.debug_sink, pytracking.evaluation.cluster, pytracking.evaluation.training_overlap
"""
COMMANDS = """
import shlex, sys
from pytracking.__main__ import main
for command in sys.argv[1:]:
    print(f"$ pytracking {command}", file=sys.stderr)
    assert main(shlex.split(command)) == 0, command
"""
REFUSED = """
import sys
from pytracking.__main__ import main
for command in sys.argv[1:]:
    try:
        code = main(command.split())
    except SystemExit as left:
        print(left, file=sys.stderr)
        code = 1
    assert code == 1, command
"""


def run(program: str, arguments: list[str], folder: Path) -> str:
    """What ``program`` writes to stderr; it must succeed without torch."""
    (folder / "first").mkdir(exist_ok=True)
    (folder / "first" / "sitecustomize.py").write_text(FORBID)
    path = os.pathsep.join([str(folder / "first"), *sys.path])
    environment = {**os.environ, "PYTHONPATH": path, "EBM_TRACKING_CACHE": str(folder / "cache")}
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six frames of the check clip, as an array and as a sequence with its boxes."""
    folder = tmp_path_factory.mktemp("clip")
    frames, box = check_clip()
    np.save(folder / "frames.npy", frames[:6])
    (folder / "data" / "clip" / "img").mkdir(parents=True)
    for number, frame in enumerate(frames[:6], start=1):
        cv2.imwrite(str(folder / "data" / "clip" / "img" / f"{number:04}.jpg"), frame[..., ::-1])
    np.savetxt(folder / "data" / "clip" / "groundtruth_rect.txt", [box] * 6, delimiter=",")
    return folder


def test_a_target_is_followed_saved_and_restored(folder: Path) -> None:
    run(API, [str(folder / "frames.npy"), str(folder / "target.safetensors")], folder)


def test_the_commands_of_tracking_and_scoring_run(folder: Path) -> None:
    run(
        COMMANDS,
        [
            "track data/clip/img --box 60,100,40,40 --save out.mp4 --csv out.csv --panels panels.mp4 --quiet",
            "run dimp dimp_ncep_mobile --dataset_name folder:data --results results",
            "run dimp dimp_ncep_mobile --dataset_name folder:data --results twice --runs 2 --workers 2",
            "demo --frames 3",
            "benchmark --frames 4 --warm_up 1",
            "analyse dimp:dimp_ncep_mobile --dataset_name folder:data --results_dir results --report report.html",
        ],
        folder,
    )
    rows = np.genfromtxt(folder / "out.csv", delimiter=",", names=True)
    assert len(rows) == 6
    assert (folder / "panels.mp4").stat().st_size > 10_000
    assert (folder / "report.html").is_file()


def test_what_is_not_installed_is_named_with_how_to_get_it(folder: Path) -> None:
    track = "track data/clip/img --box 60,100,40,40 --csv other.csv --quiet"
    torch = "PyTorch is not installed, and is needed here: accelerator torch: bash install.sh --train"
    expected = {
        f"{track} --accelerator torch": torch,
        f"{track} --accelerator openvino": "OpenVINO is not installed, and is needed here: pip install 'openvino",
        f"{track} --precision int8": "OpenVINO is not installed, and is needed here: pip install 'openvino",
        f"{track} --accelerator onnx": "unknown accelerator 'onnx'; known are auto, onnxruntime, openvino, torch",
        f"{track} --tracker atom_mobile": "this needs the package torch, of the training side of the toolkit",
        "train dimp mobile": "this needs the package torch, of the training side of the toolkit",
    }
    errors = run(REFUSED, list(expected), folder).strip().splitlines()
    for error, message in zip(errors, expected.values(), strict=True):
        assert error.startswith(f"error: {message}")
    assert "bash install.sh --train" in errors[-1]
    assert not (folder / "other.csv").exists()
