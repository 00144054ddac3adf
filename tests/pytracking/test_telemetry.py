"""Nothing tells anybody that it is used: no socket is opened, and only our cache is written in the home folder."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pytracking.video.writer import VideoWriter
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import write_small_network

HOOK = """
import sys
told = []
names = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind", "os.fork")
sys.addaudithook(lambda event, arguments: told.append((event, arguments)) if event in names else None)
"""
END = """
assert sys.modules.get("openvino_telemetry") is None
sys.exit(f"{told}" if told else 0)
"""
API = """
import numpy as np
from pytracking import Tracker
tracker = Tracker("dimp", sys.argv[1], device="cpu", accelerator="torch")
frame = np.zeros((120, 160, 3), np.uint8)
tracker.initialize(frame, (10, 20, 30, 40))
tracker.track(frame)
heavy = {"matplotlib", "tensorboard", "torchvision", "torch._dynamo", "openvino"} & set(sys.modules)
assert not heavy, f"not needed to track: {heavy}"
Tracker("dimp", sys.argv[1], device="cpu").initialize(frame, (10, 20, 30, 40))
"""
COMMANDS = """
import shlex
from pytracking.__main__ import main
for command in sys.argv[1:]:
    print(f"$ pytracking {command}", file=sys.stderr)
    assert not main(shlex.split(command)), command
"""
QUICK = "--no-pretrained --network.crop_side 128 --sampler.samples_per_epoch 2 --optim.batch_size 2 --device cpu"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def run_watched(program: str, arguments: list[str], home: Path) -> None:
    """Run ``program`` in a process that fails if it opens a socket or forks, and check what it wrote in ``home``."""
    own = {"EBM_TRACKING_CACHE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "MPLCONFIGDIR"}
    environment = {name: value for name, value in os.environ.items() if name not in own}
    environment |= {"HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", HOOK + program + END, *arguments]
    done = subprocess.run(command, env=environment, cwd=home.parent, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    written = {path.relative_to(home) for path in home.rglob("*") if path.is_file()}
    assert written, "the cache is in the home folder"
    assert all(path.parts[:2] == (".cache", "ebm-tracking") for path in written), written


def test_a_tracker_opens_no_socket(home: Path) -> None:
    run_watched(API, [str(write_small_network(home.parent / "small.safetensors"))], home)


def test_commands_open_no_socket(home: Path) -> None:
    place = home.parent
    network = write_small_network(place / "small.safetensors")
    with VideoWriter(place / "clip.mp4", 25) as writer:
        for _ in range(3):
            writer.write(noise_picture(0, 240, 180))
    for folder in ("truth/clip", "boxes"):
        (place / folder).mkdir(parents=True)
    boxes = np.full((3, 4), 30.0)
    np.savetxt(place / "truth" / "clip" / "groundtruth_rect.txt", boxes, delimiter=",")
    np.savetxt(place / "boxes" / "clip.txt", boxes, delimiter=",")
    commands = [
        f"track clip.mp4 --box 60,40,32,28 --parameter {network.name} --accelerator torch --save out.mp4 --csv out.csv",
        f"train dimp toy --optim.epochs 1 --num_workers 0 --validation_samples 2 {QUICK}",
        "analyse --ground-truth truth --results A=boxes --protocol otb --report report.html --plots plots",
    ]
    run_watched(COMMANDS, commands, home)
