""":class:`~pytracking.tracker.dimp.functions.DiMPFunctions` in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ltr.data.crop import CropTransform
from ltr.models.bbreg.atom_iou_net import FeaturePair
from ltr.models.bbreg.box_energy import BoxEnergy
from ltr.models.tracking.dimpnet import DiMPnet
from ltr.utils.device import upload
from pytracking.features import fork_guard
from pytracking.features.accelerators import FeatureExtractor
from pytracking.features.cuda_graph import CudaGraph
from pytracking.features.frame_crop import crop_frame, to_device
from pytracking.features.frame_network import FrameNetwork
from pytracking.parameter.dimp.base import BoxLearningParams, RefinementParams
from pytracking.tracker.dimp import functions
from pytracking.tracker.dimp.functions import BoxQuery, CropFeatures, RefinedBox
from pytracking.tracker.dimp.modulation_finetuning import finetune_modulation
from pytracking.tracker.dimp.refinement import METHODS
from pytracking.tracker.dimp.shape_prior import log_shape_prior


class TorchFunctions:
    """On a GPU, only ``classify_target`` and ``refine_target_box`` synchronize with the device, once each.

    Args:
        network: in eval mode, without gradients, on ``device``.
        crop_side: side S of the crops, in pixels.
        refinement: how boxes are refined.
        device: where the network is.
        extractor: runs the network on crops; plain PyTorch by default (see ``pytracking.features.accelerators``).
    """

    def __init__(
        self,
        network: DiMPnet,
        crop_side: int,
        refinement: RefinementParams,
        device: torch.device,
        extractor: FeatureExtractor | None = None,
    ) -> None:
        if refinement.method is None:
            raise ValueError("refinement.method: expected a method; DiMPParams.for_prediction chooses one")
        self.network, self.crop_side, self.refinement, self.device = network, crop_side, refinement, device
        self.method = METHODS[refinement.method]
        self.extractor = extractor or FrameNetwork(network)
        self.box_energy = BoxEnergy(network.bb_regressor)
        self._refine_one = CudaGraph(self._refine) if device.type == "cuda" else self._refine

    def new_generator(self, seed: int) -> torch.Generator:
        """A generator on the CPU, for the same numbers on every device."""
        return torch.Generator().manual_seed(seed)

    def save_generator(self, generator: torch.Generator) -> np.ndarray:
        """Its state."""
        return generator.get_state().numpy()

    def load_generator(self, state: np.ndarray) -> torch.Generator:
        """The generator of a saved state."""
        generator = torch.Generator()
        generator.set_state(torch.from_numpy(state.copy()))
        return generator

    def place(self, values: np.ndarray) -> Tensor:
        """A copy on the network's device."""
        return torch.tensor(values, device=self.device)

    def to_array(self, values: np.ndarray) -> Tensor:
        """A tensor on the CPU."""
        return torch.from_numpy(values)

    def load_frame(self, frame: np.ndarray) -> np.ndarray | Tensor:
        """A copy on a GPU; on other devices the frame itself."""
        return to_device(frame, self.device)

    def crop(
        self, frame: np.ndarray | Tensor, center: tuple[float, float], scale: float
    ) -> tuple[Tensor, CropTransform]:
        """The square around ``center`` at ``scale`` image pixels per crop pixel."""
        return crop_frame(frame, center, scale, self.crop_side)

    @torch.inference_mode()
    def extract_features(self, crops: Sequence[Tensor]) -> list[CropFeatures]:
        """The network's features of crops, in one batch."""
        fork_guard.TORCH.check()
        samples, maps8, maps16 = self.extractor(upload(torch.stack(list(crops)), self.device))
        return [CropFeatures(*each) for each in zip(samples.split(1), zip(maps8, maps16, strict=True), strict=True)]

    @torch.inference_mode()
    def dropout(self, sample: Tensor, copies: int, part: float, generator: torch.Generator) -> list[Tensor]:
        """The channels that are kept are scaled by 1 / (1 - part)."""
        kept = torch.rand(copies, sample.shape[1], 1, 1, generator=generator) >= part
        return list((sample * (upload(kept, self.device) / (1 - part))).split(1)) if copies else []

    def new_memory(self, samples: Sequence[Tensor], size: int) -> Tensor:
        """A zero tensor for ``size`` samples, filled with ``samples`` first."""
        memory = samples[0].new_zeros((size, *samples[0].shape))
        memory[: len(samples)] = torch.stack(list(samples))
        return memory

    @torch.inference_mode()
    def learn_filter(self, samples: Tensor, boxes: np.ndarray, num_iter: int) -> Tensor:
        """By the filter initializer and steps of the filter optimizer."""
        return self.network.classifier.get_filter(samples, self._upload(boxes), num_iter=num_iter)[-1]

    @torch.inference_mode()
    def update_filter(
        self, filter: Tensor, samples: Tensor, boxes: np.ndarray, weights: np.ndarray, num_iter: int
    ) -> Tensor:
        """By steps of the filter optimizer."""
        optimizer = self.network.classifier.filter_optimizer
        improved: Tensor = optimizer(filter, samples, self._upload(boxes), self._upload(weights), num_iter)[-1]
        return improved

    @torch.inference_mode()
    def classify_target(
        self, filters: Sequence[tuple[Tensor, Tensor]], features: Sequence[CropFeatures]
    ) -> list[np.ndarray]:
        """Score maps ``[2, K, K]`` of two filters for each crop."""
        classifier = self.network.classifier
        scores = [
            classifier.classify(torch.cat(pair), of_crop.sample[None].expand(-1, 2, -1, -1, -1))[0]
            for pair, of_crop in zip(filters, features, strict=True)
        ]
        return list(classifier.confidence(torch.stack(scores)).cpu().numpy())

    @torch.inference_mode()
    def describe(self, sample: Tensor, boxes: np.ndarray) -> np.ndarray:
        """At 5 x 5 points of each box."""
        return describe(sample, self._upload(boxes), self.crop_side).cpu().numpy()

    @torch.inference_mode()
    def get_iou_modulation(self, crop: Tensor, box: np.ndarray) -> FeaturePair:
        """Modulation vectors ``[1, C, 1, 1]`` at both strides."""
        images = crop[None].to(self.device).permute(0, 3, 1, 2)
        features = self.network.box_features(self.network.extract_backbone_features(images))
        return self.network.bb_regressor.get_modulation(features, self._upload(box)[None])

    def finetune_modulation(
        self,
        modulation: FeaturePair,
        features: Sequence[CropFeatures],
        boxes: np.ndarray,
        params: BoxLearningParams,
        generator: torch.Generator,
    ) -> FeaturePair:
        """By NCE+ on the crops."""
        maps = [of_crop.maps for of_crop in features]
        return finetune_modulation(self.box_energy, modulation, maps, self._upload(boxes), params, generator)

    @torch.inference_mode()
    def refine_target_box(self, queries: Sequence[BoxQuery]) -> list[RefinedBox]:
        """By ``self.method``."""
        refined = [
            self._refine_one(
                *query.features.maps,
                *query.modulation,
                self._upload(query.box),
                self._upload(query.expected_size),
                self.method.draw(self.refinement, query.generator, self.device),
            )[0]
            for query in queries
        ]
        rows = torch.stack(refined).cpu().numpy() if refined else ()
        return [RefinedBox(row[:4], row[4:8] if len(row) == 9 else None, float(row[-1])) for row in rows]

    def energy(self, query: BoxQuery) -> functions.BoxEnergy:
        """What the boxes are refined by."""

        @torch.inference_mode()
        def values(boxes: np.ndarray) -> np.ndarray:  # uploads nothing until called, which most hooks never do
            energy = self._objective(query.features.maps, query.modulation, self._upload(query.expected_size))
            return energy(self._upload(boxes)).cpu().numpy()

        return values

    def _objective(self, maps: FeaturePair, modulation: FeaturePair, first_size: Tensor) -> Callable[[Tensor], Tensor]:
        """Boxes ``[M, 4]`` in crop pixels -> f(x, y) ``[M]``, plus the log prior of a log-density."""
        spreads = self.refinement.size_spread, self.refinement.aspect_spread

        def objective(boxes: Tensor) -> Tensor:
            values = self.box_energy(maps, modulation, boxes)
            return values + log_shape_prior(boxes, first_size, *spreads) if self.method.has_prior else values

        return objective

    def _refine(
        self,
        map8: Tensor,
        map16: Tensor,
        modulation8: Tensor,
        modulation16: Tensor,
        box: Tensor,
        first_size: Tensor,
        points: Tensor,
    ) -> tuple[Tensor]:
        """The box and the objective's value ``[5]``, or box, standard deviation and value ``[9]``."""
        arrays: tuple[Tensor, ...] = map8, map16, modulation8, modulation16, box, first_size, points
        with torch.inference_mode(not self.method.has_gradient):
            if self.method.has_gradient:  # autograd needs clones of tensors made in inference mode
                arrays = tuple(array.clone() for array in arrays)
            map8, map16, modulation8, modulation16, box, first_size, points = arrays
            objective = self._objective((map8, map16), (modulation8, modulation16), first_size)
            return (torch.hstack(self.method.refine(objective, box, points, self.refinement)),)

    def _upload(self, values: np.ndarray) -> Tensor:
        return upload(torch.from_numpy(values.astype(np.float32)), self.device)


def describe(sample: Tensor, boxes: Tensor, crop_side: int) -> Tensor:
    """Mean features of boxes ``[n, 4]`` (crop pixels) at 5 x 5 points of one sample ``[1, C, H, W]``, of length 1:
    ``[n, C]``."""
    x, y, w, h = boxes[:, :, None].unbind(dim=1)
    inside = torch.linspace(0.1, 0.9, 5, device=boxes.device)
    across, down = ((low + inside * side) * 2 / crop_side - 1 for low, side in ((x, w), (y, h)))
    points = torch.stack([across[:, None].expand(-1, 5, 5), down[:, :, None].expand(-1, 5, 5)], dim=-1)
    values = F.grid_sample(sample, points.flatten(0, 1)[None], align_corners=False)  # [1, C, n * 5, 5]
    return F.normalize(values[0].unflatten(1, (-1, 5)).mean(dim=(2, 3)).T)
