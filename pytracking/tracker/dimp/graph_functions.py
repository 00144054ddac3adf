""":class:`~pytracking.tracker.dimp.functions.DiMPFunctions` by ONNX graphs, on numpy arrays; needs no torch.

The graphs are those of ``pytracking export``: each was made from what the other set of functions calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle, islice

import numpy as np

from ltr.data.bounding_box_utils import box_from_relative
from ltr.data.crop import CropTransform, sample_crop
from pytracking.features.graph_session import GraphSessions
from pytracking.parameter.dimp.base import BoxLearningParams, minibatches
from pytracking.tracker.dimp import functions
from pytracking.tracker.dimp.functions import BoxQuery, CropFeatures, RefinedBox
from pytracking.tracker.dimp.mersenne import MersenneTwister

Modulation = tuple[np.ndarray, np.ndarray]


class GraphFunctions:
    """On the CPU.

    Args:
        graphs: of a folder.
        crop_side: side S of the crops, in pixels.
        extractor: crop ``uint8 [1, S, S, 3]`` -> the first three outputs of the graph ``features``, maps with
            or without their first axis of 1; ONNX Runtime by default.
    """

    def __init__(
        self,
        graphs: GraphSessions,
        crop_side: int,
        extractor: Callable[[np.ndarray], Sequence[np.ndarray]] | None = None,
    ) -> None:
        self.run, self.crop_side = graphs.run, crop_side
        self.extractor = extractor or (lambda crop: graphs.run("features", crop))

    def new_generator(self, seed: int) -> MersenneTwister:
        """A generator of torch's numbers."""
        return MersenneTwister(seed)

    def save_generator(self, generator: MersenneTwister) -> np.ndarray:
        """Its state."""
        return generator.state()

    def load_generator(self, state: np.ndarray) -> MersenneTwister:
        """The generator of a saved state."""
        return MersenneTwister.from_state(state)

    def place(self, values: np.ndarray) -> np.ndarray:
        """A copy."""
        return values.copy()

    def to_array(self, values: np.ndarray) -> np.ndarray:
        """The array itself."""
        return values

    def load_frame(self, frame: np.ndarray) -> np.ndarray:
        """The frame itself."""
        return frame

    def crop(self, frame: np.ndarray, center: tuple[float, float], scale: float) -> tuple[np.ndarray, CropTransform]:
        """The square around ``center`` at ``scale`` image pixels per crop pixel."""
        return sample_crop(frame, center, scale, self.crop_side)

    def extract_features(self, crops: Sequence[np.ndarray]) -> list[CropFeatures]:
        """The network's features of crops, one by one: a batch is no faster on a CPU."""
        found = []
        for crop in crops:
            sample, *maps = self.extractor(crop[None])[:3]
            # Copies: a memory that kept one of them would keep all outputs of its call.
            map8, map16 = (each.reshape(each.shape[-3:]).copy() for each in maps)
            found.append(CropFeatures(sample.copy(), (map8, map16)))
        return found

    def dropout(self, sample: np.ndarray, copies: int, part: float, generator: MersenneTwister) -> list[np.ndarray]:
        """The channels that are kept are scaled by 1 / (1 - part)."""
        channels = sample.shape[1]
        kept = generator.uniform(copies * channels).reshape(copies, 1, channels, 1, 1) >= part
        return [sample * (each / np.float32(1 - part)).astype(np.float32) for each in kept]

    def new_memory(self, samples: Sequence[np.ndarray], size: int) -> np.ndarray:
        """A zero array for ``size`` samples, filled with ``samples`` first."""
        memory = np.zeros((size, *samples[0].shape), np.float32)
        memory[: len(samples)] = samples
        return memory

    def learn_filter(self, samples: np.ndarray, boxes: np.ndarray, num_iter: int) -> np.ndarray:
        """By the filter initializer and steps of the filter optimizer."""
        (filter,) = self.run("filter_init", samples, boxes)
        return self.update_filter(filter, samples, boxes, np.full((len(boxes), 1), 1 / len(boxes)), num_iter)

    def update_filter(
        self, filter: np.ndarray, samples: np.ndarray, boxes: np.ndarray, weights: np.ndarray, num_iter: int
    ) -> np.ndarray:
        """By steps of the filter optimizer."""
        for _ in range(num_iter):
            (filter,) = self.run("filter_step", filter, samples, boxes, weights)
        return filter

    def classify_target(
        self, filters: Sequence[tuple[np.ndarray, np.ndarray]], features: Sequence[CropFeatures]
    ) -> list[np.ndarray]:
        """Score maps ``[2, K, K]`` of two filters for each crop."""
        pairs = zip(filters, features, strict=True)
        return [self.run("classify", np.concatenate(pair), of_crop.sample)[0] for pair, of_crop in pairs]

    def describe(self, sample: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """At 5 x 5 points of each box."""
        return self.run("describe", sample, boxes)[0]

    def get_iou_modulation(self, crop: np.ndarray, box: np.ndarray) -> Modulation:
        """Modulation vectors ``[1, C, 1, 1]`` at both strides."""
        *_, box8, box16 = self.run("features", crop[None])
        modulation8, modulation16 = self.run("modulation", box8, box16, box[None])
        return modulation8, modulation16

    def finetune_modulation(
        self,
        modulation: Modulation,
        features: Sequence[CropFeatures],
        boxes: np.ndarray,
        params: BoxLearningParams,
        generator: MersenneTwister,
    ) -> Modulation:
        """By NCE+ on the crops."""
        relative, log_noise = draw_candidates(len(boxes), params, generator)
        candidates = box_from_relative(relative, boxes[:, None])
        pooled = [self.run("pool", *of_crop.maps, own) for of_crop, own in zip(features, candidates, strict=True)]
        batches = [
            ([np.stack(of_stride) for of_stride in zip(*pooled[part], strict=True)], log_noise[part])
            for part in minibatches(len(boxes), params)
        ]
        learned = [np.zeros_like(vector) for vector in modulation * 3]  # changes, means and squares of Adam
        for number, (of_boxes, log_p) in enumerate(islice(cycle(batches), params.num_iter or 0), start=1):
            learned = self.run("finetune_step", *of_boxes, log_p, *modulation, *learned, np.array(number))
        weight = np.float32(params.weight)
        return modulation[0] * (1 + weight * learned[0]), modulation[1] * (1 + weight * learned[1])

    def refine_target_box(self, queries: Sequence[BoxQuery]) -> list[RefinedBox]:
        """By the posterior mean."""
        found = [self.run("refine", *q.features.maps, *q.modulation, q.box, q.expected_size) for q in queries]
        return [RefinedBox(box, std, float(value)) for box, std, value in found]

    def energy(self, query: BoxQuery) -> functions.BoxEnergy:
        """What the boxes are refined by."""
        maps, modulation, size = query.features.maps, query.modulation, query.expected_size
        return lambda boxes: self.run("energy", *maps, *modulation, boxes, size)[0]


def draw_candidates(count: int, params: BoxLearningParams, generator: MersenneTwister) -> tuple[np.ndarray, np.ndarray]:
    """Boxes ``[count, M + 1, 4]`` relative to the true one, that first (noisy), and their log-density
    ``[count, M + 1]``: those of :class:`~ltr.models.loss.ebm.NCEPlus` from the same seed."""
    sigmas = np.array(params.sigmas, np.float32)

    def sample(number: int) -> np.ndarray:
        component = generator.integers(len(sigmas), count * number).reshape(count, number, 1)
        return sigmas[component] * generator.normal(4 * count * number).reshape(count, number, 4)

    noise = sample(params.num_samples)
    relative = np.concatenate([np.float32(params.beta) * sample(1), noise], axis=1)
    squared = (relative**2).sum(axis=-1)
    exponents = [-0.5 * squared / sigma**2 - 4 * np.log(sigma) - 2 * np.log(2 * np.pi) for sigma in sigmas]
    return relative, np.logaddexp.reduce(exponents) - np.log(len(sigmas))
