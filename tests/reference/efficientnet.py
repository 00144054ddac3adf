"""EfficientNet-Lite written out step by step from the published weights, with TensorFlow's "SAME" padding."""

import torch
from torch import Tensor
from torch.nn import functional as F

# kernel, stride, expansion (Tan & Le, table 1), to stride 16; the layers that we cut it into.
STAGES = ((3, 1, 1), (3, 2, 6), (5, 2, 6), (3, 2, 6), (5, 1, 6))
LAYER_OF_STAGE = ("layer1", "layer1", "layer2", "layer3", "layer3")


def same_conv(x: Tensor, weight: Tensor, stride: int = 1, groups: int = 1) -> Tensor:
    """Convolution whose output has ceil(size / stride) cells; an odd pad is larger on the right."""
    kernel, size = weight.shape[-1], x.shape[-1]
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    padded = F.pad(x, (total // 2, total - total // 2) * 2)
    return F.conv2d(padded, weight, stride=stride, groups=groups)


def efficientnet_lite(images: Tensor, state: dict[str, Tensor], blocks_of_stages: tuple[int, ...]) -> dict[str, Tensor]:
    """Square images ``[N, 3, S, S]`` in 0..255 -> features by layer, in the dtype of ``images``."""
    state = {name: value.to(images.dtype) for name, value in state.items()}

    def norm(x: Tensor, name: str) -> Tensor:
        mean, var, weight, bias = (
            state[f"{name}.{part}"].view(-1, 1, 1) for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / torch.sqrt(var + 1e-3) * weight + bias

    x = norm(same_conv((images - 127) / 128, state["_conv_stem.weight"], stride=2), "_bn0").clamp(0, 6)
    features = {"conv1": x}
    index = 0
    for (kernel, stride, expand), blocks, layer in zip(STAGES, blocks_of_stages, LAYER_OF_STAGE, strict=True):
        for block in range(blocks):
            name = f"_blocks.{index}"
            y = x
            if expand > 1:
                y = norm(same_conv(y, state[f"{name}._expand_conv.weight"]), f"{name}._bn0").clamp(0, 6)
            depthwise = state[f"{name}._depthwise_conv.weight"]
            assert depthwise.shape[-1] == kernel
            y = same_conv(y, depthwise, stride if block == 0 else 1, groups=y.shape[1])
            y = norm(y, f"{name}._bn1").clamp(0, 6)
            y = norm(same_conv(y, state[f"{name}._project_conv.weight"]), f"{name}._bn2")
            x = x + y if block > 0 else y
            index += 1
        features[layer] = x
    return features
