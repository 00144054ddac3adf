"""Every accelerator against plain PyTorch, and the parts of the network that FrameNetwork puts together."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from ltr.models.tracking.dimpnet import DiMPnet
from pytracking.features import accelerators
from pytracking.features.accelerators import (
    Accelerator,
    OpenVinoNetwork,
    accelerate,
    choose_accelerator,
)
from pytracking.features.frame_network import FrameNetwork
from pytracking.features.precision import int8_graph
from tests.fakes.networks import SMALL, small_network

CPU = torch.device("cpu")
SIZE = SMALL.crop_side
SHA256 = "a" * 64


@pytest.fixture(scope="module")
def network() -> DiMPnet:
    return small_network().requires_grad_(False)


@pytest.fixture(scope="module")
def crops() -> Tensor:
    return torch.randint(0, 256, (3, SIZE, SIZE, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_the_frame_network_is_the_networks_parts(network: DiMPnet, crops: Tensor) -> None:
    sample, *maps = FrameNetwork(network)(crops)
    features = network.extract_backbone_features(crops.permute(0, 3, 1, 2))
    torch.testing.assert_close(sample, network.classifier.extract_classification_feat(features["layer3"], 1)[:, 0])
    for found, expected in zip(maps, network.bb_regressor.get_iou_feat(network.box_features(features)), strict=True):
        torch.testing.assert_close(found.permute(0, 3, 1, 2), expected)


@pytest.mark.parametrize("precision", ["f32", "bf16"])
@pytest.mark.parametrize("name", sorted(set(get_args(Accelerator)) - {"auto"}))
def test_every_accelerator_sees_what_torch_sees(network: DiMPnet, crops: Tensor, name: str, precision: str) -> None:
    if name == "openvino":
        pytest.importorskip("openvino")
    extractor = accelerate(FrameNetwork(network), SIZE, CPU, name, precision)
    with torch.inference_mode():
        expected = FrameNetwork(network)(crops)
        first, again, alone = extractor(crops), extractor(crops), extractor(crops[1:2])
    tolerance = 1e-5 if precision == "f32" else 0.2
    for i, value in enumerate(expected):
        assert first[i].dtype == torch.float32
        assert (first[i] - value).norm() <= tolerance * value.norm()
        torch.testing.assert_close(again[i], first[i], rtol=0, atol=0)
        assert (alone[i] - first[i][1:2]).norm() <= tolerance * first[i][1:2].norm()


class Tiny(nn.Module):
    """What an accelerator takes, and quick to compile: three tensors of crops."""

    def __init__(self, factor: float = 2.0) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor([factor]), requires_grad=False)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = crops.float() * self.factor
        return x.permute(0, 3, 1, 2), x, x + 1


def test_an_answer_outlives_the_next_question(crops: Tensor) -> None:
    pytest.importorskip("openvino")
    extractor = OpenVinoNetwork(Tiny(), SIZE)
    before = extractor(crops[:1])
    copies = [value.clone() for value in before]
    extractor(crops[1:2])
    assert all(torch.equal(value, copy) for value, copy in zip(before, copies, strict=True))


def test_a_signal_is_handled_after_another_thread_has_freed_the_last_network() -> None:
    pytest.importorskip("openvino")
    networks = [OpenVinoNetwork(Tiny(), SIZE)]
    thread = threading.Thread(target=networks.clear)
    thread.start()
    thread.join()
    received: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _frame: received.append(number))
    try:
        signal.raise_signal(signal.SIGUSR1)  # ends the process if the memory of the signal stack went with the network
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert received == [signal.SIGUSR1]


def test_threads_do_not_disturb_each_other(crops: Tensor) -> None:
    pytest.importorskip("openvino")
    extractor = OpenVinoNetwork(Tiny(), SIZE)
    with ThreadPoolExecutor(3) as pool:
        for (_, x, _), crop in zip(pool.map(extractor, list(crops[:, None]) * 5), list(crops) * 5, strict=True):
            torch.testing.assert_close(x[0], 2 * crop.float())


def test_the_compiled_network_is_kept_and_made_anew_for_other_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openvino = pytest.importorskip("openvino")
    monkeypatch.setenv("EBM_TRACKING_CACHE", str(tmp_path / "cache"))
    black = torch.zeros(1, SIZE, SIZE, 3, dtype=torch.uint8)
    OpenVinoNetwork(Tiny(), SIZE)
    (kept,) = (tmp_path / "cache").iterdir()
    assert kept.suffix == ".blob"
    with monkeypatch.context() as patch:
        patch.setattr(openvino, "convert_model", lambda *_: pytest.fail("converted again"))
        assert float(OpenVinoNetwork(Tiny(), SIZE)(black + 1)[0].mean()) == 2
    assert float(OpenVinoNetwork(Tiny(3.0), SIZE)(black + 1)[0].mean()) == 3
    assert len(list((tmp_path / "cache").iterdir())) == 2
    kept.write_bytes(b"damaged")
    assert float(OpenVinoNetwork(Tiny(), SIZE)(black + 1)[0].mean()) == 2
    assert len(kept.read_bytes()) > 100


@pytest.fixture
def int8(tmp_path: Path) -> Path:
    """A graph that is no more exact than int8, of weights with SHA256; it triples, as Tiny does not."""
    openvino = pytest.importorskip("openvino")
    crop = torch.zeros(1, SIZE, SIZE, 3, dtype=torch.uint8)
    graph = openvino.convert_model(torch.export.export(Tiny(3.0), (crop,)))
    graph.set_rt_info(SHA256, "network_sha256")
    openvino.save_model(graph, tmp_path / "n.int8.xml")
    return tmp_path / "n.safetensors"


def test_int8_runs_the_graph_beside_the_network(int8: Path) -> None:
    graph = int8_graph(int8, SHA256)
    assert graph == int8.with_name("n.int8.xml")
    ones = torch.ones(1, SIZE, SIZE, 3, dtype=torch.uint8)
    for precision, expected in {"int8": 3, "f32": 2}.items():
        assert float(accelerate(Tiny(), SIZE, CPU, "openvino", precision, graph)(ones)[1].mean()) == expected


def test_an_int8_graph_of_other_weights_is_not_used(int8: Path) -> None:
    assert int8_graph(int8, "b" * 64) is int8_graph(int8, "") is int8_graph(int8.with_stem("m"), SHA256) is None


def test_int8_needs_openvino_and_a_graph(network: DiMPnet) -> None:
    with pytest.raises(ValueError, match="precision 'int8' needs accelerator openvino, not torch"):
        accelerate(FrameNetwork(network), SIZE, CPU, "torch", "int8", Path("n.int8.xml"))
    pytest.importorskip("openvino")
    with pytest.raises(ValueError, match=r"precision 'int8': this network has no \.int8\.xml file beside it"):
        accelerate(FrameNetwork(network), SIZE, CPU, "openvino", "int8")


def test_without_a_place_to_keep_the_graph_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    (tmp_path / "file").touch()
    monkeypatch.setenv("EBM_TRACKING_CACHE", str(tmp_path / "file"))
    assert len(OpenVinoNetwork(Tiny(), SIZE)(torch.zeros(1, SIZE, SIZE, 3, dtype=torch.uint8))) == 3


def test_auto_is_openvino_on_a_cpu_that_has_it_and_torch_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerators.importlib.util, "find_spec", lambda name: object())
    assert choose_accelerator("auto", CPU) == "openvino"
    assert choose_accelerator("auto", torch.device("cuda")) == "torch"
    monkeypatch.setattr(accelerators.importlib.util, "find_spec", lambda name: None)
    assert choose_accelerator("auto", CPU) == "torch"
    with pytest.raises(ImportError, match="accelerator 'openvino' is not installed: pip install 'openvino"):
        choose_accelerator("openvino", CPU)


def test_what_does_not_exist_is_named(network: DiMPnet) -> None:
    with pytest.raises(ValueError, match="unknown accelerator 'onnx'; known are auto, torch, openvino"):
        choose_accelerator("onnx", CPU)
    with pytest.raises(ValueError, match="accelerator 'openvino' runs on the CPU, not on cuda"):
        choose_accelerator("openvino", torch.device("cuda"))
    with pytest.raises(ValueError, match="unknown precision 'f8'; known are f32, bf16, f16, int8"):
        accelerate(FrameNetwork(network), SIZE, CPU, "torch", "f8")
