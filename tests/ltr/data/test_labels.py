import pytest
import torch

from ltr.data.labels import ScoreGrid, gaussian_label
from tests.reference import crops as loops


@pytest.mark.parametrize("center", [(144.0, 144.0), (13.7, 250.2), (-30.0, 10.0)])
def test_label_is_the_loop(center: tuple[float, float]) -> None:
    label = gaussian_label(torch.tensor(center, dtype=torch.float64), 19, 16, 0.9)
    torch.testing.assert_close(label, torch.from_numpy(loops.gaussian_label(center, 19, 16, 0.9)))


def test_labels_of_a_batch_keep_its_shape_and_type() -> None:
    centers = torch.tensor([[[16.0, 32.0], [48.0, 0.0]]])
    labels = gaussian_label(centers, 5, 16, 0.5)
    assert labels.shape == (1, 2, 5, 5)
    assert labels.dtype == torch.float32
    assert labels[0, 0, 2, 1] == 1
    assert labels[0, 1, 0, 3] == 1


def test_the_label_of_a_box_is_round_its_middle() -> None:
    """Half a stride further on for an odd filter."""
    box = torch.tensor([40.0, 20.0, 32.0, 16.0])
    label = torch.from_numpy(loops.gaussian_label((56.0 - 8, 28.0 - 8), 19, 16, 0.9)).float()
    torch.testing.assert_close(ScoreGrid(19, 16, 8.0, 0.9).label(box), label)
