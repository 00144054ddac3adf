import torch

from ltr.models.layers.distance import DistanceMap
from tests.reference.classifier import distance_map

CENTRES = ((3.0, 4.0), (2.3, 5.7), (-1.5, 20.0))


def test_equals_loop_over_cells_and_bins() -> None:
    maps = DistanceMap(num_bins=9, bin_displacement=0.7)(torch.tensor(CENTRES), (7, 11))
    for centre, values in zip(CENTRES, maps, strict=True):
        torch.testing.assert_close(values, distance_map(centre, 9, 0.7, 7, 11), rtol=1e-5, atol=1e-5)


def test_every_cell_is_shared_among_the_bins() -> None:
    maps = DistanceMap(num_bins=100, bin_displacement=0.1)(torch.tensor(CENTRES), (19, 19))
    assert maps.shape == (3, 100, 19, 19)
    assert maps.min() >= 0
    torch.testing.assert_close(maps.sum(dim=1), torch.ones(3, 19, 19))
