"""Making an int8 graph: its crops, the graph that is quantized, and its files. NNCF itself is not needed here."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ltr.data.crop import CropSettings
from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.features.accelerators import accelerate, openvino_graph
from pytracking.features.frame_network import FrameNetwork
from pytracking.features.net_wrappers import load_for_tracking
from pytracking.features.precision import int8_graph
from pytracking.util_scripts import quantize
from pytracking.video.frame_source import FrameSource
from tests.fakes.networks import write_small_network

CPU = torch.device("cpu")
SETTINGS = CropSettings(search_area=5.0, crop_side=80)
FRAME = np.zeros((120, 160, 3), np.uint8)
FRAME[50:70, 60:90] = 255  # the target, 30 x 20


def _video(name: str, boxes: list[list[float]]) -> Sequence:
    frames = FrameSource(name, lambda: iter([FRAME] * len(boxes)))
    return Sequence(name, "folder", np.array(boxes, float), lambda: frames)


def test_crops_are_around_targets_and_come_again_with_the_seed() -> None:
    hidden, box = [np.nan] * 4, [60.0, 50.0, 30.0, 20.0]
    videos = [
        _video("long", [box] * 6),
        _video("short", [box, hidden]),
        _video("never", [hidden, [5.0, 5.0, 0.0, 0.0]]),
    ]
    crops = list(quantize.calibration_crops(videos, SETTINGS))
    assert [crop.shape for crop in crops] == [(80, 80, 3)] * 4
    shares = [crop.mean() / 255 for crop in crops]
    assert all(0.01 < share < 0.12 for share in shares)  # 1 / 25 of the search area, zoomed
    assert len(set(shares)) == 4
    np.testing.assert_array_equal(list(quantize.calibration_crops(videos, SETTINGS)), crops)
    others = quantize.calibration_crops(videos, SETTINGS, seed=1)
    assert not any(map(np.array_equal, crops, others))


def test_the_saved_graph_is_the_network_at_any_side(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    path = write_small_network(tmp_path / "n.safetensors")
    network, settings, card = load_for_tracking(str(path), CPU)
    features = FrameNetwork(network)
    graph = openvino_graph(features, settings.crop_side, any_side=True)
    quantize.save(graph, path.with_suffix(".int8.xml"), card.sha256)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["n.int8.bin", "n.int8.xml", "n.json", "n.safetensors"]
    int8 = int8_graph(path, card.sha256)
    assert int8 is not None
    for side in (64, 96, settings.crop_side):
        crops = torch.randint(0, 256, (2, side, side, 3), dtype=torch.uint8)
        with torch.inference_mode():
            expected = features(crops)
        found = accelerate(features, side, CPU, "openvino", "int8", int8)(crops)
        for value, wanted in zip(found, expected, strict=True):
            torch.testing.assert_close(value, wanted, rtol=1e-4, atol=1e-4)


def test_without_nncf_it_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(quantize.importlib.util, "find_spec", lambda name: None)
    assert quantize.main([str(tmp_path / "n.safetensors"), "--data", "folder:x"]) == 1
    assert "error: nncf is not installed: pip install" in capsys.readouterr().err
