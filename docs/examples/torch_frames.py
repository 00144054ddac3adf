"""Follow a target in frames that are tensors: python docs/examples/torch_frames.py FOLDER 100,80,60,90

FOLDER holds images. What gives torch's layout, uint8 [3, H, W], does as well: TorchCodec, a data loader, a network.
"""

import sys
from pathlib import Path

import torch
from PIL import Image
from torchvision.transforms.functional import pil_to_tensor

from pytracking import Tracker


def load(path: Path) -> torch.Tensor:
    """The image as uint8 [3, H, W], RGB."""
    return pil_to_tensor(Image.open(path).convert("RGB"))


paths, box = sorted(Path(sys.argv[1]).iterdir()), [float(part) for part in sys.argv[2].split(",")]
tracker = Tracker("dimp", "dimp_ncep_mobile")
tracker.initialize(load(paths[0]), box)
for path in paths[1:]:
    print(path.name, tracker.track(load(path)))
