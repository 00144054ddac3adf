"""The frozen detector: its outputs for an image, and loading of its weights."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from urllib.error import URLError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torchvision.models.detection import FasterRCNN, FasterRCNN_ResNet50_FPN_Weights

from ltr.data.bounding_box_utils import box_from_corners
from ltr.models.detection.detector import BOX_LEVELS, build_detector
from ltr.models.detection.settings import DetectorSettings
from ltr.models.weights import load_weights
from ltr.sampling.detection_batch import FrozenOutput
from ltr.utils.device import place
from ltr.utils.errors import InputError
from ltr.utils.files import check_regular


class FrozenDetector:
    """A trained detector that returns feature maps and candidates of one image, without gradient.

    Args:
        detector: from :func:`~ltr.models.detection.detector.build_detector`, with its weights.
        settings: of the detector.

    ``key`` identifies the detector: its settings, and a SHA-256 of the weights.
    """

    def __init__(self, detector: FasterRCNN, settings: DetectorSettings) -> None:
        self.detector = detector.eval().requires_grad_(False)
        self.settings = settings
        digest = hashlib.sha256()
        for value in detector.state_dict().values():
            digest.update(value.cpu().numpy().tobytes())
        self.key = f"{settings} weights {digest.hexdigest()}"

    def to(self, device: torch.device) -> FrozenDetector:
        """Move the detector to ``device``, in place."""
        place(self.detector, device)
        return self

    @torch.no_grad()
    def __call__(self, image: Tensor) -> FrozenOutput:
        """Apply the detector to one image ``float32 [3, H, W]`` (RGB, 0..1)."""
        image = image.to(next(self.detector.parameters()).device)
        images, _ = self.detector.transform([image])
        features = self.detector.backbone(images.tensors)
        proposals, _ = self.detector.rpn(images, features)
        (found,), _ = self.detector.roi_heads(features, proposals, images.image_sizes)
        height, width = images.image_sizes[0]
        return FrozenOutput(
            maps=tuple(features[level][0] for level in BOX_LEVELS[self.settings.kind]),
            boxes=box_from_corners(found["boxes"]),
            labels=found["labels"],
            scores=found["scores"],
            scale=torch.tensor([width / image.shape[2], height / image.shape[1]], device=image.device),
        )


def load_detector(settings: DetectorSettings, weights: Path | None) -> FrozenDetector:
    """The trained detector.

    Args:
        settings: of the detector.
        weights: a ``.safetensors`` file written by the training of a detector, torchvision's ``.pth``, or None for
            torchvision's detector trained on COCO, from its cache or downloaded.

    Raises:
        FileNotFoundError: the file is missing, or the download failed.
        ValueError: not a weights file, or of another detector; or None for a detector that is not torchvision's.
    """
    detector = build_detector(settings)
    if weights is None:
        state, source = _torchvision_weights(settings), Path("torchvision's weights")
    else:
        state, source = _read(weights), weights
    load_weights(detector, state, source)
    return FrozenDetector(detector, settings)


def _torchvision_weights(settings: DetectorSettings) -> dict[str, Tensor]:
    if settings.kind != "resnet50":
        raise InputError(f"weights: expected the file of a trained {settings.kind} detector, got none")
    weights = FasterRCNN_ResNet50_FPN_Weights.COCO_V1
    try:
        return dict(weights.get_state_dict(progress=True, check_hash=True))
    except (URLError, OSError) as error:
        raise FileNotFoundError(
            f"the weights of torchvision's detector could not be downloaded ({error}): get {weights.url} elsewhere and "
            "name the file with --weights FILE"
        ) from error


def _read(path: Path) -> dict[str, Tensor]:
    check_regular(path)
    if not path.is_file():
        raise FileNotFoundError(f"weights: detector file {path} is missing")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return dict(torch.load(path, map_location="cpu", weights_only=True))
    except (SafetensorError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"weights: {path} is not a file of detector weights ({reason})") from error
