"""Fine-tuning of the modulation vectors in the first frame, by NCE+ on crops whose box is known.

The modulation vectors describe the target to the energy. The network predicts them from the first frame; a few gradient
steps on that frame's augmented crops give the true box the highest energy: a face's box no longer grows to the
person. Only these two vectors change, so the state of a target stays small.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle, islice

import torch
from torch import Tensor
from torch.optim.adam import adam

from ltr.data.bounding_box_utils import box_from_relative
from ltr.models.bbreg.atom_iou_net import FeaturePair, map_pair, modulate
from ltr.models.bbreg.box_energy import BoxEnergy
from ltr.models.loss.ebm import NCEPlus
from ltr.models.loss.ebm.nce import log_probability_of_first
from pytracking.parameter.dimp.base import BoxLearningParams


def finetune_modulation(
    energy: BoxEnergy,
    modulation: FeaturePair,
    maps: Sequence[FeaturePair],
    boxes: Tensor,
    params: BoxLearningParams,
    generator: torch.Generator,
) -> FeaturePair:
    """Fit the modulation vectors to a target.

    The noise samples are drawn (paper, equations 11, 15 and 16) and pooled once: modulation acts on pooled features, so
    a step costs two small matrix products. Each step uses a part of the crops.

    Args:
        energy: of the box branch.
        modulation: initial values, ``[1, C, 1, 1]`` at both strides.
        maps: of each of n crops, not modulated, channels last: ``[H, W, C]`` at both strides.
        boxes: the target's, ``[n, 4]`` (x, y, w, h) in crop pixels.
        params: steps, learning rate, noise and regularization.
        generator: of the noise.
    """
    with torch.inference_mode(False), torch.enable_grad():
        start, boxes = map_pair(torch.clone, modulation), boxes.clone()
        candidates, log_noise = draw_candidates(boxes, params, generator)
        pooled = [
            energy.pool(map_pair(torch.clone, of_crop), of_box)
            for of_crop, of_box in zip(maps, candidates, strict=True)
        ]
        num_parts = min(params.num_parts, len(boxes))
        parts = [slice(first, None, num_parts) for first in range(num_parts)]
        batches = [([torch.cat(of_stride) for of_stride in zip(*pooled[p], strict=True)], log_noise[p]) for p in parts]
        changes = map_pair(lambda vector: torch.zeros_like(vector).requires_grad_(), start)
        step = _adam(changes, params)
        for (features8, features16), log_p in islice(cycle(batches), params.num_iter):
            changed = modulate(start, map_pair(lambda change: 1 + change, changes))
            values = energy.of_pooled((features8, features16), changed)
            loss = -log_probability_of_first(values.view_as(log_p), log_p).mean()
            step(torch.autograd.grad(loss, changes))
        return modulate(start, map_pair(lambda change: 1 + params.weight * change.detach(), changes))


def _adam(variables: Sequence[Tensor], params: BoxLearningParams) -> Callable[[Sequence[Tensor]], None]:
    """A function that takes one step of ``torch.optim.Adam``, given the gradients.

    That class imports torch's compiler, which takes half of the time from the start of a process to the first box.
    """
    means, squares = ([torch.zeros_like(variable) for variable in variables] for _ in range(2))
    steps = [torch.zeros(()) for _ in variables]

    @torch.no_grad()
    def step(gradients: Sequence[Tensor]) -> None:
        adam(
            list(variables),
            list(gradients),
            means,
            squares,
            [],
            steps,
            lr=params.learning_rate,
            weight_decay=params.prior,
            beta1=0.9,
            beta2=0.999,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )

    return step


def draw_candidates(boxes: Tensor, params: BoxLearningParams, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Boxes ``[n, M + 1, 4]`` in crop pixels, the (noisy) true one first, and their log-density ``[n, M + 1]``."""
    loss = NCEPlus(params.sigmas, params.num_samples, params.beta)
    relative, log_noise = loss.candidates(torch.zeros(len(boxes), 4), generator)
    return box_from_relative(relative.to(boxes), boxes[:, None]), log_noise.to(boxes)
