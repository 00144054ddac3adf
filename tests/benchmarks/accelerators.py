"""Time the network of one frame in every way that was tried, for the three backbones.

    OMP_WAIT_POLICY=PASSIVE python tests/benchmarks/accelerators.py --threads 1

All ways take turns; printed is the median of processor time and of time on the clock, in ms, as Markdown. ONNX Runtime
is tried where onnx, onnxscript and onnxruntime are installed. The weights are random: only the shapes matter here.
"""

import argparse
import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import torch
from torch import Tensor

from ltr.models.backbone.folding import fold_batch_norm
from ltr.models.bbreg.atom_iou_net import AtomIoUNetSettings
from ltr.models.build import build_network
from ltr.models.tracking.dimpnet import DiMPnet
from ltr.models.tracking.settings import ClassifierSettings, DiMPnetSettings
from ltr.utils.device import place
from pytracking.features.accelerators import accelerate
from pytracking.features.frame_network import FrameNetwork

CPU = torch.device("cpu")
SETTINGS = {
    "efficientnet_lite0": DiMPnetSettings(
        "efficientnet_lite0",
        crop_side=288,
        classifier=ClassifierSettings(feature_dim=112),
        box_branch=AtomIoUNetSettings(64, 64, 64, 256),
    ),
    "resnet18": DiMPnetSettings(backbone="resnet18", crop_side=288, classifier=ClassifierSettings(feature_dim=256)),
    "resnet50": DiMPnetSettings(backbone="resnet50", crop_side=352, classifier=ClassifierSettings(feature_dim=512)),
}


def ways(network: DiMPnet, size: int) -> dict[str, Callable[[Tensor], object]]:
    """The network ready to run on a crop, by name."""
    folded = deepcopy(network)
    fold_batch_norm(folded)
    place(folded, CPU)
    found: dict[str, Callable[[Tensor], object]] = {
        "PyTorch as trained": FrameNetwork(network),
        "PyTorch, channels last, batch norm folded": FrameNetwork(folded),
    }
    if importlib.util.find_spec("onnxruntime"):
        found["ONNX Runtime"] = onnx_runtime(FrameNetwork(folded), size)
    if importlib.util.find_spec("openvino"):
        for precision in ("f32", "bf16"):
            found[f"OpenVINO, {precision}"] = accelerate(FrameNetwork(folded), size, CPU, "openvino", precision)
    return found


def onnx_runtime(network: FrameNetwork, size: int) -> Callable[[Tensor], object]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        torch.onnx.export(network, (torch.zeros(1, size, size, 3, dtype=torch.uint8),), path, verbose=False)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda crop: session.run(None, {name: crop.numpy()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--backbone", choices=SETTINGS, action="append")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print("| backbone | way | processor, ms | clock, ms |\n|---|---|--:|--:|")
    for backbone in arguments.backbone or SETTINGS:
        settings = SETTINGS[backbone]
        run = ways(build_network(settings).eval().requires_grad_(False), settings.crop_side)
        crop = torch.randint(0, 256, (1, settings.crop_side, settings.crop_side, 3), dtype=torch.uint8)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in run}
        with torch.inference_mode():
            for _ in range(arguments.repeats + 3):
                for name, extractor in run.items():
                    cpu, clock = time.process_time(), time.perf_counter()
                    extractor(crop)
                    times[name].append((1e3 * (time.process_time() - cpu), 1e3 * (time.perf_counter() - clock)))
        for name, pairs in times.items():
            processor, clock = (statistics.median(values) for values in zip(*pairs[3:], strict=True))
            print(f"| {backbone} | {name} | {processor:.1f} | {clock:.1f} |", flush=True)


if __name__ == "__main__":
    main()
