"""A tracker tells nobody that it is used."""

import os
import subprocess
import sys
from pathlib import Path

from tests.fakes.networks import write_small_network

PROGRAM = """
import sys
told = []
names = ("socket.connect", "socket.getaddrinfo", "socket.sendto", "os.fork")
sys.addaudithook(lambda event, arguments: told.append((event, arguments)) if event in names else None)
import numpy as np
from pytracking import Tracker
tracker = Tracker("dimp", sys.argv[1], device="cpu")
frame = np.zeros((120, 160, 3), np.uint8)
tracker.initialize(frame, (10, 20, 30, 40))
tracker.track(frame)
assert sys.modules.get("openvino_telemetry") is None
assert not {"matplotlib", "tensorboard", "torchvision"} & set(sys.modules), "not needed to track"
sys.exit(f"{told}" if told else 0)
"""


def test_a_tracker_opens_no_connection_and_writes_its_cache_alone(tmp_path: Path) -> None:
    network = write_small_network(tmp_path / "small.safetensors")
    home = tmp_path / "home"
    home.mkdir()
    apart = {"EBM_TRACKING_CACHE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR"}
    environment = {name: value for name, value in os.environ.items() if name not in apart}
    environment |= {"HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(network)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    written = {path.relative_to(home) for path in home.rglob("*") if path.is_file()}
    assert all(path.parent == Path(".cache/ebm-tracking") for path in written), written
