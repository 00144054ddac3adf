"""The numerical functions of a tracker as PyTorch modules of tensors alone, which become ONNX graphs.

They call what :class:`~pytracking.tracker.dimp.torch_functions.TorchFunctions` calls. Loops stay with the caller: a
graph is one step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn

from ltr.models.bbreg.box_energy import BoxEnergy
from ltr.models.tracking.dimpnet import DiMPnet
from pytracking.features.frame_network import FrameNetwork
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.tracker.dimp import posterior_mean
from pytracking.tracker.dimp.modulation_finetuning import Learned, finetune_step
from pytracking.tracker.dimp.shape_prior import log_shape_prior
from pytracking.tracker.dimp.torch_functions import describe

Arrays = Mapping[str, Tensor]


@dataclass(frozen=True)
class Graph:
    """A function of tensors.

    inputs: examples, by name. outputs: names. free: letters of the axes of any length, by input and axis.
    """

    name: str
    module: nn.Module
    inputs: Arrays
    outputs: tuple[str, ...]
    free: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    @torch.no_grad()
    def run(self) -> dict[str, Tensor]:
        """The outputs for the examples."""
        values = self.module(*self.inputs.values())
        return dict(zip(self.outputs, values if isinstance(values, tuple) else (values,), strict=True))


class _Function(nn.Module):
    """A function of a network and tensors, as a module of the tensors."""

    def __init__(self, network: DiMPnet, function: Callable[..., Tensor | tuple[Tensor, ...]]) -> None:
        super().__init__()
        self.network, self.function = network, function

    def forward(self, *arrays: Tensor) -> Tensor | tuple[Tensor, ...]:
        return self.function(self.network, *arrays)


def tracker_graphs(network: DiMPnet, params: DiMPParams, crop_side: int, examples: Arrays) -> list[Graph]:
    """All graphs of a tracker.

    Args:
        network: in eval mode, without gradients; its batch norms need not be folded.
        params: their refinement and box learning become constants of the graphs.
        crop_side: S.
        examples: ``crop`` uint8 ``[1, S, S, 3]``; ``boxes`` ``[n, 4]`` and ``samples`` ``[n, 1, C, H, W]`` of the first
            frame's crops; ``candidates`` ``[k, M + 1, 4]`` in crop pixels and ``log_noise`` ``[k, M + 1]``.
    """
    found: dict[str, Tensor] = dict(examples)
    found["box"], found["target_boxes"] = examples["boxes"][0], examples["boxes"][:, None]
    found["one_box"], found["first_size"] = found["box"][None], found["box"][2:]
    found["weights"] = torch.full((len(examples["boxes"]), 1), 1 / len(examples["boxes"]))
    found["candidate_boxes"] = examples["candidates"].flatten(0, 1)
    graphs = []

    def add(
        name: str, function: Callable[..., Tensor | tuple[Tensor, ...]], inputs: str, outputs: str, **free: str
    ) -> None:
        """inputs, outputs: names, ``NAME=EXAMPLE`` where the example is called otherwise. free: letters of the first
        axes of inputs."""
        pairs = [word.partition("=")[::2] for word in inputs.split()]
        given = {own: found[example or own].contiguous() for own, example in pairs}
        axes = {own: dict(enumerate(letters)) for own, letters in free.items()}
        graph = Graph(name, _Function(network, function), given, tuple(outputs.split()), axes)
        graphs.append(graph)
        found.update(graph.run())

    add("features", _features, "crop", "sample map8 map16 box8 box16")
    add("modulation", _modulation, "box8 box16 box=one_box", "modulation8 modulation16")
    add("pool", _pool, "map8 map16 boxes=candidate_boxes", "pooled8 pooled16", boxes="n")
    for name in ("pooled8", "pooled16"):
        found[name] = found[name].unflatten(0, tuple(examples["log_noise"].shape))
    learned = {f"{kind}{s}": torch.zeros_like(found[f"modulation{s}"]) for kind in Learned._fields for s in (8, 16)}
    found, state = found | learned, " ".join(learned)
    found["step"] = torch.tensor(1.0)
    add(
        "finetune_step",
        partial(_finetune_step, params),
        f"pooled8 pooled16 log_noise modulation8 modulation16 {state} step",
        state,
        pooled8="km",
        pooled16="km",
        log_noise="km",
    )
    add("filter_init", _filter_init, "samples boxes=target_boxes", "filter", samples="n", boxes="n")
    step = "filter samples boxes=target_boxes weights"
    add("filter_step", _filter_step, step, "filter", samples="n", boxes="n", weights="n")
    found["filters"] = torch.cat([found["filter"], found["filter"] / 2])
    add("classify", _classify, "filters sample", "scores")
    target = "map8 map16 modulation8 modulation16"
    add("refine", partial(_refine, params), f"{target} box first_size", "box std energy")
    add("energy", partial(_energy, params), f"{target} boxes first_size", "energies", boxes="n")
    add("describe", partial(_describe, crop_side), "sample boxes", "descriptors", boxes="n")
    return graphs


def _features(network: DiMPnet, crop: Tensor) -> tuple[Tensor, ...]:
    features = network.extract_backbone_features(crop.permute(0, 3, 1, 2))
    sample, maps8, maps16 = FrameNetwork(network).of_backbone(features)
    return sample, maps8[0], maps16[0], *network.box_features(features)


def _modulation(network: DiMPnet, box8: Tensor, box16: Tensor, box: Tensor) -> tuple[Tensor, Tensor]:
    return network.bb_regressor.get_modulation((box8, box16), box)


def _pool(network: DiMPnet, map8: Tensor, map16: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    return BoxEnergy(network.bb_regressor).pool((map8, map16), boxes)


def _finetune_step(
    params: DiMPParams, network: DiMPnet, pooled8: Tensor, pooled16: Tensor, log_noise: Tensor, *state: Tensor
) -> tuple[Tensor, ...]:
    start, *learned = zip(state[:-1:2], state[1:-1:2], strict=True)
    after = finetune_step(
        BoxEnergy(network.bb_regressor),
        (pooled8.flatten(0, 1), pooled16.flatten(0, 1)),
        log_noise,
        start,
        Learned(*learned),
        state[-1],
        params.box_learning,
    )
    return tuple(value for pair in after for value in pair)


def _filter_init(network: DiMPnet, samples: Tensor, boxes: Tensor) -> Tensor:
    return network.classifier.filter_initializer(samples, boxes)  # type: ignore[no-any-return]


def _filter_step(network: DiMPnet, filter: Tensor, samples: Tensor, boxes: Tensor, weights: Tensor) -> Tensor:
    return network.classifier.filter_optimizer(filter, samples, boxes, weights, 1)[-1]  # type: ignore[no-any-return]


def _classify(network: DiMPnet, filters: Tensor, sample: Tensor) -> Tensor:
    classifier = network.classifier
    return classifier.confidence(classifier.classify(filters, sample[None].expand(-1, 2, -1, -1, -1))[0])


def _energy(
    params: DiMPParams,
    network: DiMPnet,
    map8: Tensor,
    map16: Tensor,
    modulation8: Tensor,
    modulation16: Tensor,
    boxes: Tensor,
    first_size: Tensor,
) -> Tensor:
    values = BoxEnergy(network.bb_regressor)((map8, map16), (modulation8, modulation16), boxes)
    spreads = params.refinement.size_spread, params.refinement.aspect_spread
    return values + log_shape_prior(boxes, first_size, *spreads)


def _refine(params: DiMPParams, network: DiMPnet, *arrays: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    map8, map16, modulation8, modulation16, box, first_size = arrays
    points = posterior_mean.proposal_boxes(params.refinement.mean, torch.device("cpu"))

    def energy(boxes: Tensor) -> Tensor:
        return _energy(params, network, map8, map16, modulation8, modulation16, boxes, first_size)

    return posterior_mean.refine_box(energy, box, points, params.refinement.mean)


def _describe(crop_side: int, network: DiMPnet, sample: Tensor, boxes: Tensor) -> Tensor:
    return describe(sample, boxes, crop_side)
