"""A tracker with a network, whole in one file: docs/extending.md, "A tracker with a network".

Siamese, as in Bertinetto et al. (2016): the features of the target in the first frame are found again in those of the
search area by correlation. The box keeps its size. Nothing is trained here: ``write_network`` writes random weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from ltr.data.crop import CropSettings, CropTransform
from ltr.models.weights import NetworkCard, load_weights, save_weights, sha256
from ltr.utils.config import load
from ltr.utils.device import choose_device, place, upload
from ltr.utils.errors import InputError
from pytracking.features import fork_guard
from pytracking.features.accelerators import accelerate, choose_accelerator
from pytracking.features.frame_crop import crop_frame, to_device
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.base.frame_size import size_factors, size_of
from pytracking.tracker.base.output import Box, TrackOutput
from pytracking.tracker.base.run_info import RunInfo
from pytracking.tracker.base.tracker import Family, TrackerModel

STRIDE = 4  # crop pixels per cell of the features


class SiameseNetwork(nn.Module):
    """RGB crops ``uint8 [n, S, S, 3]`` -> (features ``[n, C, S / 4, S / 4]``,)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        first = nn.Conv2d(3, channels, 5, stride=2, padding=2)
        self.layers = nn.Sequential(first, nn.ReLU(), nn.Conv2d(channels, channels, 3, stride=2, padding=1))

    def forward(self, crops: Tensor) -> tuple[Tensor]:
        return (self.layers(crops.permute(0, 3, 1, 2).float() / 255 - 0.5),)


@dataclass(frozen=True)
class SiameseSettings:
    """The network's, which its card holds."""

    channels: int = 16
    search_area: float = 4.0  # side of the crop, in sqrt(w h) of the target
    crop_side: int = 128  # S, pixels


def write_network(path: Path, settings: SiameseSettings, seed: int = 0) -> None:
    """Random weights (.safetensors), and their card (.json) beside them."""
    torch.manual_seed(seed)
    save_weights(SiameseNetwork(settings.channels).state_dict(), path)
    NetworkCard(network=asdict(settings), sha256=sha256(path), seed=seed).write(path)


def load_network(path: Path) -> tuple[SiameseNetwork, SiameseSettings, str]:
    """The network of ``path``, its settings, and the SHA-256 of its file; no code comes from either file."""
    if not path.is_file():
        raise FileNotFoundError(f"network file {path} is missing")
    card = NetworkCard.read(path)
    if card.sha256 != sha256(path):
        raise InputError(f"{path}: does not match the sha256 in its card")
    settings = load(SiameseSettings, card.network, f"{path}: network")
    network = SiameseNetwork(settings.channels)
    load_weights(network, load_file(path), path)
    return network.eval().requires_grad_(False), settings, card.sha256


@dataclass(frozen=True)
class SiameseParams:
    """The tracker's; ``--set threshold=0.4`` changes them."""

    network: str  # path of a .safetensors file
    threshold: float = 0.5  # of the similarity; below it the target is lost


@dataclass
class SiameseState:
    """A target, all of it: what is saved and restored."""

    box: Tensor  # (x, y, w, h) in the last frame, pixels, float64 [4]
    frame_size: Tensor  # (width, height) of the last frame, int64 [2]
    template: Tensor  # features of the target [C, h, w]


class SiameseModel(TrackerModel):
    """The network in memory; its trackers share it, and no call changes it."""

    def __init__(self, params: SiameseParams, config: TrackerConfig) -> None:
        fork_guard.TORCH.check()
        self.params, self.config = config.override(params), config
        self.device = choose_device(config.device)
        self.accelerator = choose_accelerator(config.accelerator, self.device)
        network, settings, self.sha256 = load_network(Path(self.params.network))
        place(network, self.device)
        self.crops = CropSettings(settings.search_area, settings.crop_side)
        self.run = accelerate(network, settings.crop_side, self.device, self.accelerator, config.precision)

    def new_tracker(self) -> SiameseTracker:
        return SiameseTracker(self)

    def run_info(self) -> RunInfo:
        return RunInfo.of(
            self.config,
            {library: version(library) for library in {"torch", self.accelerator}},
            settings=asdict(self.params),
            network_sha256=self.sha256,
            device=str(self.device),
            threads=torch.get_num_threads(),
            accelerator=self.accelerator,
            precision=self.config.precision,
        )

    def track_batch(self, trackers: Sequence[SiameseTracker], frame: np.ndarray) -> list[TrackOutput]:
        """All crops in one pass of the network; without this method, one after another."""
        crops, transforms = zip(*(tracker.crop(frame) for tracker in trackers), strict=True) if trackers else ((), ())
        features = self.extract_features(crops) if crops else ()
        return [
            tracker.locate(*each)
            for tracker, each in zip(trackers, zip(features, transforms, strict=True), strict=True)
        ]

    @torch.inference_mode()
    def extract_features(self, crops: Sequence[Tensor]) -> Tensor:
        """Features ``[n, C, S / 4, S / 4]`` of crops, each channel around 0."""
        (features,) = self.run(upload(torch.stack(list(crops)), self.device))
        return features - features.mean(dim=(2, 3), keepdim=True)


class SiameseTracker:
    """One target. Saved and restored by ``state_dict`` and ``load_state_dict``; timed by ``stages``."""

    def __init__(self, model: SiameseModel) -> None:
        self.model = model

    def initialize(self, frame: np.ndarray, box: Box) -> None:
        """Learn the target ``box`` (x, y, w, h) of ``frame`` (RGB uint8 ``[H, W, 3]``)."""
        position = torch.tensor(box, dtype=torch.float64)
        self.state = SiameseState(position, torch.tensor(size_of(frame)), torch.empty(0))
        crop, transform = self.crop(frame)
        (features,) = self.model.extract_features([crop])
        cells = features.shape[-1]
        w, h = (min(max(round(side / transform.scale / STRIDE), 1), cells) for side in box[2:])
        top, left = (cells - h) // 2, (cells - w) // 2
        self.state.template = features[:, top : top + h, left : left + w].clone()

    def track(self, frame: np.ndarray) -> TrackOutput:
        """Find the target in the next frame."""
        return self.model.track_batch([self], frame)[0]

    def crop(self, frame: np.ndarray) -> tuple[Tensor, CropTransform]:
        """The search area around the last box, in a frame of any size."""
        state, model = self.state, self.model
        width, height = state.frame_size.tolist()
        state.box *= torch.tensor(size_factors((width, height), size_of(frame)) * 2, dtype=torch.float64)
        state.frame_size = torch.tensor(size_of(frame))
        x, y, w, h = state.box.tolist()
        region = model.crops.search_region((x + w / 2, y + h / 2), (w, h), size_of(frame))
        return crop_frame(to_device(frame, model.device), *region, model.crops.crop_side)

    @torch.inference_mode()
    def locate(self, features: Tensor, transform: CropTransform) -> TrackOutput:
        """Move the box to where the features ``[C, S / 4, S / 4]`` are most like the template, by the cosine."""
        template = self.state.template
        products = F.conv2d(features[None], template[None])[0, 0]
        squares = F.conv2d(features.square().sum(dim=0)[None, None], torch.ones_like(template[:1])[None])[0, 0]
        scores = products / (squares.clamp(min=0).sqrt() * template.norm() + 1e-6)
        best = int(scores.argmax())
        row, column = divmod(best, scores.shape[1])
        score = min(max(scores.flatten()[best].item(), 0.0), 1.0)
        if score >= self.model.params.threshold:
            cells, (h, w) = features.shape[-1], template.shape[1:]
            moved = torch.tensor([column - (cells - w) // 2, row - (cells - h) // 2], dtype=torch.float64)
            self.state.box[:2] += moved * STRIDE * transform.scale
        x, y, w, h = self.state.box.tolist()
        return TrackOutput((x, y, w, h), score, "tracking" if score >= self.model.params.threshold else "lost")

    @property
    def stages(self) -> dict[str, tuple[object, str]]:
        """What ``run_benchmark`` times."""
        return {"crop": (self, "crop"), "network": (self.model, "extract_features"), "locate": (self, "locate")}

    def state_dict(self) -> dict[str, Tensor]:
        """A copy of the state."""
        return {name: value.clone() for name, value in vars(self.state).items()}

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Go on from there; what was saved to a file comes back as numpy arrays."""
        if set(state) != {"box", "frame_size", "template"}:
            raise InputError(f"not the state of a Siamese tracker: {sorted(state)}")
        tensors = {name: torch.as_tensor(value).clone() for name, value in state.items()}
        self.state = SiameseState(**{**tensors, "template": tensors["template"].to(self.model.device)})


FAMILY = Family({}, SiameseModel, of_network=SiameseParams)
