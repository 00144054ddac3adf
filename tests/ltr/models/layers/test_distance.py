import torch

from ltr.models.layers.distance import DistanceMap
from tests.reference.classifier import distance_map

CENTERS = ((3.0, 4.0), (2.3, 5.7), (-1.5, 20.0))


def test_equals_loop_over_cells_and_bins() -> None:
    """Functions that are one at a bin and zero at the others are the triangular basis."""
    maps = DistanceMap(num_bins=9, bin_displacement=0.7)(torch.eye(9), torch.tensor(CENTERS), (7, 11))
    assert maps.shape == (9, 3, 7, 11)
    for center, values in zip(CENTERS, maps.unbind(1), strict=True):
        torch.testing.assert_close(values, distance_map(center, 9, 0.7, 7, 11), rtol=1e-5, atol=1e-5)


def test_several_functions_are_the_sums_of_their_bins() -> None:
    values = torch.randn(4, 12, generator=torch.Generator().manual_seed(0))
    layer, centers = DistanceMap(num_bins=12, bin_displacement=0.5), torch.tensor(CENTERS)
    expected = torch.einsum("kb,bnij->knij", values, layer(torch.eye(12), centers, (5, 6)))
    torch.testing.assert_close(layer(values, centers, (5, 6)), expected)


def test_gradient_in_the_values() -> None:
    values = torch.randn(2, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    layer, centers = DistanceMap(num_bins=6, bin_displacement=0.9), torch.tensor(CENTERS, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda v: layer(v, centers, (4, 5)), values)
