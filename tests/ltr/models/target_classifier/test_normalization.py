import math

import torch

from ltr.models.target_classifier.features import InstanceL2Norm


def test_mean_square_is_scale_squared_for_each_image() -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 4, 5, 6) * torch.tensor([0.1, 1.0, 50.0]).view(3, 1, 1, 1)
    y = InstanceL2Norm(scale=0.25, eps=0)(x)
    torch.testing.assert_close(y.square().mean(dim=(1, 2, 3)), torch.full((3,), 0.0625))
    for before, after in zip(x, y, strict=True):
        torch.testing.assert_close(after, before * 0.25 / math.sqrt(float(before.square().mean())))


def test_black_images_stay_black() -> None:
    torch.testing.assert_close(InstanceL2Norm()(torch.zeros(1, 2, 3, 3)), torch.zeros(1, 2, 3, 3))
