"""Make the int8 graph of a tracking network: 1.6 times as fast on a CPU with OpenVINO (docs/speed.md).

    pip install -e ".[quantize]"
    python pytracking/util_scripts/quantize.py network.safetensors --data folder:DIR

DIR holds videos with boxes that are not used in tests: the ranges of the layers are taken from crops of them. Written
are network.int8.xml and .bin beside the network, which --precision int8 then runs.
"""

import importlib.util
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro

from ltr.data.crop import CropSettings, sample_crop
from ltr.utils.errors import InputError
from ltr.utils.files import check_outputs, with_card
from ltr.utils.numbers import check_seed
from pytracking.evaluation.datasets import get_dataset
from pytracking.evaluation.datasets.sequence import Sequence as Video
from pytracking.utils.cli import run_command
from pytracking.utils.extras import install_hint

FRAMES = 3  # of each sequence
SHIFT, ZOOM = 0.5, 0.2  # standard deviations of a crop's center, in target sizes, and of its log size


@dataclass(frozen=True)
class Arguments:
    """Make the int8 graph of a tracking network."""

    network: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="NETWORK")]
    """.safetensors file of a dimp tracker"""
    data: str = tyro.MISSING
    """data set of training videos, as run_tracker.py takes them: folder:DIR"""
    seed: int = 0
    """of the choice of frames and crops"""


def calibration_crops(videos: Iterable[Video], settings: CropSettings, seed: int = 0) -> Iterator[np.ndarray]:
    """Crops ``uint8 [S, S, 3]`` around the targets of random frames, shifted and zoomed."""
    random = np.random.default_rng(seed)
    for video in videos:
        boxes = video.ground_truth
        usable = np.flatnonzero(np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] > 1).all(axis=1))
        chosen = set(random.choice(usable, min(FRAMES, len(usable)), replace=False).tolist())
        for number, frame in enumerate(video.open()):
            if number in chosen:
                x, y, w, h = boxes[number].tolist()
                right, down, zoom = random.normal(size=3) * (SHIFT, SHIFT, ZOOM)
                center, factor = (x + w * (0.5 + right), y + h * (0.5 + down)), float(np.exp(zoom))
                size = frame.shape[1], frame.shape[0]
                yield sample_crop(
                    frame, *settings.search_region(center, (w * factor, h * factor), size), settings.crop_side
                )[0]
            if number >= max(chosen, default=0):
                break


def run(arguments: Arguments) -> int:
    """Run the command; the exit code."""
    check_seed(arguments.seed, "--seed")
    if importlib.util.find_spec("nncf") is None:
        raise ImportError(f"nncf is not installed: {install_hint('quantize')}")
    files = with_card(arguments.network)
    out = arguments.network.with_suffix(".int8.xml")
    check_outputs({"network": out}, files)
    videos = get_dataset(arguments.data)

    import torch  # late: slow

    from pytracking.features.accelerators import openvino_graph
    from pytracking.features.frame_network import FrameNetwork
    from pytracking.features.net_wrappers import load_for_tracking

    torch.set_num_threads(1)
    network, settings, card = load_for_tracking(str(arguments.network), torch.device("cpu"))
    crops = list(calibration_crops(videos, settings, arguments.seed))
    if not crops:
        raise InputError(f"--data {arguments.data}: no frame has a box")
    graph = quantize(openvino_graph(FrameNetwork(network), settings.crop_side, any_side=True), crops)
    save(graph, out, card.sha256)
    print(out.resolve())
    return 0


def quantize(graph: Any, crops: Sequence[np.ndarray]) -> Any:
    """The OpenVINO graph in int8, where the crops set the ranges. Needs nncf.

    Weights take half of the range: without VNNI, sums of products of two full bytes overflow. Biases are corrected
    layer by layer, which brings the box branch's maps 2 dB nearer to those of float32 than NNCF's fast correction.
    """
    import nncf
    from nncf.quantization.advanced_parameters import OverflowFix

    return nncf.quantize(
        graph,
        nncf.Dataset([crop[None] for crop in crops]),
        subset_size=len(crops),
        preset=nncf.QuantizationPreset.MIXED,
        fast_bias_correction=False,
        advanced_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=OverflowFix.ENABLE),
    )


def save(graph: Any, path: Path, sha256: str) -> None:
    """Write the graph of the weights with ``sha256`` to ``path`` (.xml) and the .bin file beside it."""
    import openvino

    graph.set_rt_info(sha256, "network_sha256")
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        openvino.save_model(graph, Path(folder) / path.name, compress_to_fp16=False)
        for suffix in (".bin", ".xml"):  # the .xml file last, since its presence is tested
            Path(folder, path.name).with_suffix(suffix).replace(path.with_suffix(suffix))


def main(argv: Sequence[str] | None = None) -> int:
    """Parse ``argv`` and run; the exit code."""
    return run_command(Arguments, run, argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
