"""DiMP with energy-based box refinement: one target, learned while it is tracked."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from ltr.admin.device import upload
from ltr.data.crop import CropTransform, box_from_crop, box_to_crop, crop_scale
from ltr.models.bbreg.atom_iou_net import FeaturePair
from ltr.models.bbreg.box_energy import BoxEnergy
from ltr.models.tracking.dimpnet import DiMPnet
from ltr.models.tracking.settings import DiMPnetSettings
from pytracking.features.accelerators import Look
from pytracking.features.augmentation import augmented_crops
from pytracking.features.cuda_graph import CudaGraph
from pytracking.features.fork_guard import check_process
from pytracking.features.frame_crop import bring, cut
from pytracking.features.frame_network import FrameNetwork
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.tracker.base.frame_size import Size, size_factors, size_of
from pytracking.tracker.base.output import Box, TrackOutput
from pytracking.tracker.dimp.box_ascent import BoxSlope
from pytracking.tracker.dimp.box_learning import learn_modulation
from pytracking.tracker.dimp.box_refinement import refine_box, starting_points
from pytracking.tracker.dimp.localization import Localization, Past, localize, peak
from pytracking.tracker.dimp.memory import Memory
from pytracking.tracker.dimp.observer import Observer
from pytracking.tracker.dimp.probation import Probation
from pytracking.tracker.dimp.recognition import believed, score_near
from pytracking.tracker.dimp.shape_prior import with_shape_prior

STRIDE = 16  # crop pixels a cell of the score map


@dataclass(frozen=True)
class Sight:
    """What the network makes of a target's search region in a frame."""

    crop: Tensor  # uint8 [S, S, 3]
    transform: CropTransform
    sample: Tensor  # classification features, [1, C, S / 16, S / 16]
    maps: FeaturePair  # that boxes are pooled from, [S / 8, S / 8, D] and [S / 16, S / 16, D]
    scores: Tensor  # of the filter, and of the filter as the first frame made it: [2, K, K]


class DiMP:
    """A tracker of one target (:class:`~pytracking.tracker.base.output.BaseTracker`).

    Args:
        network: in eval mode, on ``device``.
        settings: the network's.
        params: the tracker's.
        device: where the network is.
        seed: of the boxes drawn in the first frame, and of an ascent; every ``initialize`` starts from it again.
        look: runs the network on crops; plain PyTorch by default (see ``pytracking.features.accelerators``).
    """

    def __init__(
        self,
        network: DiMPnet,
        settings: DiMPnetSettings,
        params: DiMPParams,
        device: torch.device,
        seed: int = 0,
        look: Look | None = None,
    ) -> None:
        self.network, self.settings, self.params = network, settings, params
        self.device, self.seed = device, seed
        self.observer = Observer()
        self.look = look or FrameNetwork(network)

    @torch.inference_mode()
    def initialize(self, frame: np.ndarray, box: Box) -> None:
        """Learn the target ``box`` (x, y, w, h; pixels) of ``frame`` (RGB uint8 ``[H, W, 3]``)."""
        check_process()
        self.generator = torch.Generator().manual_seed(self.seed)
        self.frame_number = 0
        self.frame_size: Size | None = size_of(frame)
        self.box = torch.tensor(box, dtype=torch.float64)
        self.first_size = self.box[2:]
        centre, scale = self._search_region()
        crops, boxes = augmented_crops(
            frame, centre, (box[2], box[3]), scale, self.settings.image_size, self.params.augmentation
        )
        images, boxes_crop = torch.from_numpy(crops).to(self.device), torch.from_numpy(boxes).to(self.device)
        features, map8, map16 = self.look(images)
        samples = features[:, None]
        modulation = self._modulation(images[:1], boxes_crop[:1])
        learning = self.params.box_learning
        if learning.num_iter:
            branch = self.network.bb_regressor
            modulation = learn_modulation(branch, modulation, (map8, map16), boxes_crop, learning, self.generator)
        self._aim(modulation)
        self.memory = Memory(samples, boxes_crop[:, None], self.params.memory)
        classifier = self.network.classifier
        self.filter = classifier.get_filter(samples, boxes_crop[:, None], num_iter=self.params.memory.init_iter)[-1]
        self.first_filter = self.filter
        self.recognition, self.probation = 1.0, Probation()
        self.rivals: list[tuple[float, float]] = []  # what else scored in the last frame: (x, y) in image pixels
        self.motion = self.box.new_zeros(2)  # of the target, the last time it was seen: image pixels a frame

    def track(self, frame: np.ndarray) -> TrackOutput:
        """Find the target in the next frame (RGB uint8 ``[H, W, 3]``)."""
        return track_all([self], frame)[0]

    def _decide(self, sight: Sight, values: Tensor, frame_shape: tuple[int, ...]) -> TrackOutput:
        """Judge what was seen: move or stay, learn or not. ``values`` are those of :meth:`_propose`, on the CPU."""
        self.frame_number += 1
        self.observer.searched(sight.crop)
        scores, (row, column), refined = values[:-6].view_as(sight.scores), values[-6:-4].tolist(), values[-4:]
        thresholds = self.params.localization
        on_probation = self.probation.holds
        found = self._localize(scores[0].numpy(), (row, column), sight.transform)
        self.probation = self.probation.after(found.state == "lost", thresholds)
        if found.state != "lost":
            seen = score_near(scores[1].numpy(), found.displacement)
            self.recognition += thresholds.recognition_rate * (seen - self.recognition)
            box = _moved(box_to_crop(self.box, sight.transform), torch.tensor(found.displacement, dtype=torch.float64))
            if self.params.refinement.enabled and found.state == "tracking":
                start = box.float()
                if not found.highest:
                    first_size = self._first_size(sight.transform)
                    points = self._starting_points()
                    refined = self._refine(sight.maps, upload(start, self.device), first_size, points).cpu()
                self.observer.refined(partial(self._energy_of, sight), start, refined)
                box = refined.to(box)
            box = self._inside(box_from_crop(box, sight.transform), frame_shape)
            change = box - self.box
            self.box, self.motion = box, change[:2] + change[2:] / 2
        state = "uncertain" if on_probation and found.state == "tracking" else found.state
        if state == "tracking":
            self._learn(sight.sample, box_to_crop(self.box, sight.transform), found)
        self.observer.remembered(self.memory)
        x, y, w, h = self.box.tolist()
        score = min(max(found.score, 0.0), self.recognition)
        return TrackOutput((x, y, w, h), score, believed(state, self.recognition, thresholds))

    def fit_to(self, frame_size: Size) -> None:
        """Go on in frames of this size: what is in pixels of the frames before is scaled with them."""
        if self.frame_size and self.frame_size != frame_size:
            factors = size_factors(self.frame_size, frame_size)
            scale = self.box.new_tensor(factors)
            self.box, self.first_size, self.motion = (
                self.box * scale.repeat(2),
                self.first_size * scale,
                self.motion * scale,
            )
            self.rivals = [(x * factors[0], y * factors[1]) for x, y in self.rivals]
        self.frame_size = frame_size

    def _search_region(self) -> tuple[tuple[float, float], float]:
        """Centre of the crop in image pixels, and image pixels per crop pixel."""
        x, y, w, h = self.box.tolist()
        scale = crop_scale((w, h), self.settings.search_area_factor, self.settings.image_size)
        return (x + w / 2, y + h / 2), scale

    def _crop(self, frame: np.ndarray | Tensor) -> tuple[Tensor, CropTransform]:
        """The search region ``uint8 [S, S, 3]`` of a frame that was brought."""
        centre, scale = self._search_region()
        return cut(frame, centre, scale, self.settings.image_size)

    def _modulation(self, image: Tensor, box: Tensor) -> FeaturePair:
        """What the target looks like at ``box`` ``[1, 4]`` (crop pixels) of a crop ``uint8 [1, S, S, 3]``."""
        features = self.network.extract_backbone_features(image.permute(0, 3, 1, 2))
        return self.network.bb_regressor.get_modulation(self.network.box_features(features), box)

    def _aim(self, modulation: FeaturePair) -> None:
        """Look for boxes of the target that this modulation describes."""
        self.modulation = modulation
        self.energy = BoxEnergy(self.network.bb_regressor, modulation)
        foresee = partial(type(self)._foresee, weakref.proxy(self))  # with self, it would wait for the cycle collector
        self.foresee = CudaGraph(foresee) if self.device.type == "cuda" else foresee

    def _classify(self, sample: Tensor) -> Tensor:
        """Score maps ``[2, K, K]`` of features ``[1, C, H, W]``: of the filter, and of the first frame's."""
        classifier = self.network.classifier
        filters = torch.cat([self.filter, self.first_filter])
        return classifier.confidence(classifier.classify(filters, sample[None].expand(-1, 2, -1, -1, -1)))[0]

    def _propose(self, sight: Sight) -> Tensor:
        """All that :meth:`_decide` is to know of a frame, ``[2 K K + 6]`` on the device, which is not waited for:

        the scores, where they are highest (row, column), and the box there, refined, in crop pixels. In the few frames
        where that is not the target, the box is made in vain.
        """
        box = upload(box_to_crop(self.box, sight.transform).float(), self.device)
        first_size = self._first_size(sight.transform)
        (values,) = self.foresee(sight.scores, *sight.maps, box, first_size, self._starting_points())
        return values

    def _foresee(
        self, scores: Tensor, map8: Tensor, map16: Tensor, box: Tensor, first_size: Tensor, points: Tensor
    ) -> tuple[Tensor]:
        highest = peak(scores[0])
        start = _moved(box, highest.flip(0) - (scores.shape[-1] - 1) / 2)
        refined = self._refine((map8, map16), start, first_size, points) if self.params.refinement.enabled else start
        return (torch.cat([scores.flatten(), highest, refined]),)

    def _starting_points(self) -> Tensor:
        return starting_points(self.params.refinement, self.generator, self.device)

    def _first_size(self, transform: CropTransform) -> Tensor:
        """(w, h) of the first box in crop pixels, on the device."""
        return upload((self.first_size / transform.scale).float(), self.device)

    def _refine(self, maps: FeaturePair, box: Tensor, first_size: Tensor, points: Tensor) -> Tensor:
        return refine_box(self._posterior(maps, first_size), box, points, self.params.refinement)

    def _posterior(self, maps: FeaturePair, first_size: Tensor) -> BoxSlope:
        """The energy of boxes in crop pixels, and what the first one says about them."""
        refinement = self.params.refinement
        energy = partial(self.energy, maps)
        return with_shape_prior(energy, first_size, refinement.size_spread, refinement.aspect_spread)

    def _energy_of(self, sight: Sight, boxes: Tensor) -> Tensor:
        """f(x, y) of boxes ``[M, 4]`` in crop pixels, with the prior, beside the boxes."""
        on_device = boxes.to(self.device)
        posterior = self._posterior(sight.maps, self._first_size(sight.transform))
        values, _ = posterior(on_device[:, :2] + on_device[:, 2:] / 2, on_device[:, 2:])
        return values.to(boxes.device)

    def _localize(self, scores: np.ndarray, highest: tuple[float, float], transform: CropTransform) -> Localization:
        """Where in the crop the target is; the next frame is told what moved, and what else was there."""
        cell = STRIDE * transform.scale
        (x, y), (w, h), (motion_x, motion_y) = transform.centre, self.box[2:].tolist(), (self.motion / cell).tolist()
        rivals = tuple(((rival_x - x) / cell, (rival_y - y) / cell) for rival_x, rival_y in self.rivals)
        past = Past(not self.probation.holds, self.probation.lost, (motion_x, motion_y), rivals)
        found = localize(scores, highest, (w / cell, h / cell), past, self.params.localization)
        self.rivals = [(x + dx * cell, y + dy * cell) for dx, dy in found.rivals]
        self.observer.located(scores, found)
        return found

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
        self.memory.add(sample, upload(box_crop.float(), self.device)[None], rate)
        steps = m.hard_negative_iter if found.hard_negative else 0
        if self.frame_number % m.train_skipping == 0:
            steps = m.update_iter
        if steps:
            self.filter = self.network.classifier.filter_optimizer(
                self.filter, self.memory.features, self.memory.boxes, self.memory.weights, steps
            )[-1]


@torch.inference_mode()
def track_all(trackers: Sequence[DiMP], frame: np.ndarray) -> list[TrackOutput]:
    """Find the targets of trackers that share a network in the next frame (RGB uint8 ``[H, W, 3]``), together.

    The frame is brought to a GPU once, the network sees all crops at once, and the device is waited for once.
    """
    check_process()
    for tracker in trackers:
        tracker.fit_to(size_of(frame))
    device, look = trackers[0].device, trackers[0].look
    brought = bring(frame, device)
    crops, transforms = zip(*(tracker._crop(brought) for tracker in trackers), strict=True)
    samples, maps8, maps16 = look(upload(torch.stack(crops), device))
    sights = [
        Sight(crop, transform, sample, (map8, map16), tracker._classify(sample))
        for tracker, crop, transform, sample, map8, map16 in zip(
            trackers, crops, transforms, samples.split(1), maps8, maps16, strict=True
        )
    ]
    proposals = [tracker._propose(sight) for tracker, sight in zip(trackers, sights, strict=True)]
    values = torch.stack(proposals).cpu()
    return [
        tracker._decide(sight, of_tracker, frame.shape)
        for tracker, sight, of_tracker in zip(trackers, sights, values, strict=True)
    ]


def _moved(box: Tensor, displacement: Tensor) -> Tensor:
    """A box ``[4]`` in crop pixels, moved by (x, y) cells of the score map."""
    return torch.cat([box[:2] + displacement * STRIDE, box[2:]])
