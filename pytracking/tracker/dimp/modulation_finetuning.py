"""Fine-tuning of the modulation vectors in the first frame, by NCE+ on crops whose box is known.

The modulation vectors describe the target to the energy. The network predicts them from the first frame; a few gradient
steps on that frame's augmented crops give the true box the highest energy: a face's box no longer grows to the
person. Only these two vectors change, so the state of a target stays small.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice
from typing import NamedTuple

import torch
from torch import Tensor

from ltr.data.bounding_box_utils import box_from_relative
from ltr.models.bbreg.atom_iou_net import FeaturePair, map_pair, modulate
from ltr.models.bbreg.box_energy import BoxEnergy
from ltr.models.loss.ebm import NCEPlus
from pytracking.parameter.dimp.base import BoxLearningParams, minibatches

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # Adam's


class Learned(NamedTuple):
    """The relative changes of the modulation, and Adam's running means of the gradient and its square.

    Each ``[1, C, 1, 1]``, at both strides.
    """

    changes: FeaturePair
    means: FeaturePair
    squares: FeaturePair


@torch.inference_mode()
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
    a step costs a few small matrix products. Each step uses a part of the crops.

    Args:
        energy: of the box branch.
        modulation: initial values, ``[1, C, 1, 1]`` at both strides.
        maps: of each of n crops, not modulated, channels last: ``[H, W, C]`` at both strides.
        boxes: the target's, ``[n, 4]`` (x, y, w, h) in crop pixels.
        params: steps, learning rate, noise and regularization.
        generator: of the noise.
    """
    candidates, log_noise = draw_candidates(boxes, params, generator)
    pooled = [energy.pool(of_crop, of_box) for of_crop, of_box in zip(maps, candidates, strict=True)]
    batches = [
        (tuple(torch.cat(of_stride) for of_stride in zip(*pooled[part], strict=True)), log_noise[part])
        for part in minibatches(len(boxes), params)
    ]
    learned = Learned(*(map_pair(torch.zeros_like, modulation) for _ in Learned._fields))
    for number, (of_boxes, log_p) in enumerate(islice(cycle(batches), params.num_iter or 0), start=1):
        step = boxes.new_tensor(float(number))
        learned = finetune_step(energy, of_boxes, log_p, modulation, learned, step, params)
    return modulate(modulation, map_pair(lambda change: 1 + params.weight * change, learned.changes))


def finetune_step(
    energy: BoxEnergy,
    pooled: Sequence[Tensor],
    log_noise: Tensor,
    start: FeaturePair,
    learned: Learned,
    number: Tensor,
    params: BoxLearningParams,
) -> Learned:
    """A step of Adam down the slope of NCE+ (as ``torch.optim.Adam``, with its weight decay).

    Args:
        energy: of the box branch.
        pooled: features of the M + 1 boxes of each of k crops, ``[k (M + 1), bins, bins, C]`` at both strides.
        log_noise: log-density of the noise at them, ``[k, M + 1]``; the true box is the first.
        start: the modulation before the first step.
        learned: after the last step; zeros before the first one.
        number: of this step, from 1; a scalar.
        params: learning rate and weight decay.
    """
    changed = modulate(start, map_pair(lambda change: 1 + change, learned.changes))
    logits = energy.of_pooled(pooled, changed).view_as(log_noise) - log_noise
    true = torch.cat([torch.ones_like(logits[:, :1]), torch.zeros_like(logits[:, 1:])], dim=1)
    weights = (logits.softmax(dim=1) - true) / logits.shape[0]  # the loss's gradient in the energies
    slopes = modulate(energy.modulation_gradient(pooled, changed, weights.flatten()), start)
    after = []
    for slope, change, mean, square in zip(slopes, *learned, strict=True):
        slope = slope + params.prior * change
        mean = mean + (1 - BETA1) * (slope - mean)
        square = BETA2 * square + (1 - BETA2) * slope.square()
        length = params.learning_rate / (1 - BETA1**number)
        step = length * mean / ((square / (1 - BETA2**number)).sqrt() + EPSILON)
        after.append((change - step, mean, square))
    return Learned(*zip(*after, strict=True))


def draw_candidates(boxes: Tensor, params: BoxLearningParams, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Boxes ``[n, M + 1, 4]`` in crop pixels, the (noisy) true one first, and their log-density ``[n, M + 1]``."""
    loss = NCEPlus(params.sigmas, params.num_samples, params.beta)
    relative, log_noise = loss.candidates(torch.zeros(len(boxes), 4), generator)
    return box_from_relative(relative.to(boxes), boxes[:, None]), log_noise.to(boxes)
