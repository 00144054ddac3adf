"""DiMP with energy-based box refinement: one target, learned while it is tracked."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor

from ltr.data.crop import CropTransform, box_from_crop, box_to_crop, crop_scale, sample_crop
from ltr.models.bbreg.atom_iou_net import FeaturePair, map_pair, modulate
from ltr.models.tracking.dimpnet import CLASSIFICATION_LAYER, DiMPnet
from ltr.models.tracking.settings import DiMPnetSettings
from pytracking.features.augmentation import augmented_crops
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.tracker.base.output import Box, TrackOutput
from pytracking.tracker.dimp.box_refinement import refine_box
from pytracking.tracker.dimp.localization import Localization, localize
from pytracking.tracker.dimp.memory import Memory
from pytracking.tracker.dimp.observer import Observer

STRIDE = 16  # crop pixels a cell of the score map


class DiMP:
    """A tracker of one target (:class:`~pytracking.tracker.base.output.BaseTracker`).

    Args:
        network: in eval mode, on ``device``.
        settings: the network's.
        params: the tracker's.
        device: where the network is.
        seed: of the jittered starts of the box refinement; every ``initialize`` starts from it again.
    """

    def __init__(
        self,
        network: DiMPnet,
        settings: DiMPnetSettings,
        params: DiMPParams,
        device: torch.device,
        seed: int = 0,
    ) -> None:
        self.network, self.settings, self.params = network, settings, params
        self.device, self.seed = device, seed
        self.observer = Observer()

    @torch.inference_mode()
    def initialize(self, frame: np.ndarray, box: Box) -> None:
        """Learn the target ``box`` (x, y, w, h; pixels) of ``frame`` (RGB uint8 ``[H, W, 3]``)."""
        self.generator = torch.Generator().manual_seed(self.seed)
        self.frame_number = 0
        self.box = torch.tensor(box, dtype=torch.float64)
        centre, scale = self._search_region()
        crops, boxes = augmented_crops(
            frame, centre, (box[2], box[3]), scale, self.settings.image_size, self.params.augmentation
        )
        features = self._features(crops)
        boxes_crop = torch.from_numpy(boxes).to(self.device)
        plain = map_pair(lambda feat: feat[:1], self.network.box_features(features))
        self.modulation = self.network.bb_regressor.get_modulation(plain, boxes_crop[:1])
        samples = self.network.classifier.extract_classification_feat(features[CLASSIFICATION_LAYER], 1)
        self.memory = Memory(samples, boxes_crop[:, None], self.params.memory)
        classifier = self.network.classifier
        self.filter = classifier.get_filter(samples, boxes_crop[:, None], num_iter=self.params.memory.init_iter)[-1]

    @torch.inference_mode()
    def track(self, frame: np.ndarray) -> TrackOutput:
        """Find the target in the next frame (RGB uint8 ``[H, W, 3]``)."""
        self.frame_number += 1
        centre, scale = self._search_region()
        crop, transform = sample_crop(frame, centre, scale, self.settings.image_size)
        self.observer.searched(crop)
        features = self._features(crop[None])
        sample = self.network.classifier.extract_classification_feat(features[CLASSIFICATION_LAYER], 1)
        found = self._localize(sample, transform)
        if found.state != "lost":
            moved = box_to_crop(self.box, transform)
            moved[:2] += torch.tensor(found.displacement, dtype=torch.float64) * STRIDE
            if self.params.refinement.enabled and found.state == "tracking":
                moved = self._refine(self.network.box_features(features), moved)
            self.box = self._inside(box_from_crop(moved, transform), frame.shape)
        if found.state == "tracking":
            self._learn(sample, box_to_crop(self.box, transform), found)
        self.observer.remembered(self.memory)
        x, y, w, h = self.box.tolist()
        return TrackOutput((x, y, w, h), min(max(found.score, 0.0), 1.0), found.state)

    def _search_region(self) -> tuple[tuple[float, float], float]:
        """Centre of the crop in image pixels, and image pixels per crop pixel."""
        x, y, w, h = self.box.tolist()
        scale = crop_scale((w, h), self.settings.search_area_factor, self.settings.image_size)
        return (x + w / 2, y + h / 2), scale

    def _features(self, crops: np.ndarray) -> dict[str, Tensor]:
        """Backbone features of crops ``uint8 [n, S, S, 3]``."""
        images = torch.from_numpy(crops).to(self.device).permute(0, 3, 1, 2)
        return self.network.extract_backbone_features(images)

    def _localize(self, sample: Tensor, transform: CropTransform) -> Localization:
        scores = self.network.classifier.classify(self.filter, sample)[0, 0].cpu().numpy()
        _, _, w, h = (box_to_crop(self.box, transform) / STRIDE).tolist()
        found = localize(scores, (w, h), (0.0, 0.0), self.params.localization)
        self.observer.located(scores, found)
        return found

    def _refine(self, feat: FeaturePair, box: Tensor) -> Tensor:
        branch = self.network.bb_regressor
        with torch.inference_mode(False):
            # Tensors made in inference mode cannot take part in autograd; their clones can.
            maps = modulate(branch.get_iou_feat(feat), self.modulation)
            energy = partial(branch.energy, map_pair(torch.clone, maps))
            start = box.clone().to(self.device, torch.float32)
            refined = refine_box(energy, start, self.params.refinement, self.generator)
        self.observer.refined(lambda boxes: energy(boxes[None])[0], start, refined)
        return refined.to(box)

    def _inside(self, box: Tensor, frame_shape: tuple[int, ...]) -> Tensor:
        """Keep the size sensible and the centre near the frame, ``[4]`` in image pixels."""
        frame_size = box.new_tensor([frame_shape[1], frame_shape[0]])
        size = torch.maximum(torch.minimum(box[2:], frame_size), box.new_tensor(self.params.min_target_size))
        reach = (self.params.max_outside - 0.5) * size
        centre = torch.maximum(torch.minimum(box[:2] + box[2:] / 2, frame_size + reach), -reach)
        return torch.cat([centre - size / 2, size])

    def _learn(self, sample: Tensor, box_crop: Tensor, found: Localization) -> None:
        """Store the frame; improve the filter when it is time, or at once where there was a distractor."""
        m = self.params.memory
        rate = m.hard_negative_learning_rate if found.hard_negative else m.learning_rate
        self.memory.add(sample[0], box_crop.to(sample)[None], rate)
        steps = m.hard_negative_iter if found.hard_negative else 0
        if self.frame_number % m.train_skipping == 0:
            steps = m.update_iter
        if steps:
            self.filter = self.network.classifier.filter_optimizer(
                self.filter, self.memory.features, self.memory.boxes, self.memory.weights, steps
            )[-1]
