import torch
from torch import Tensor, nn

from ltr.models.target_classifier.features import residual_basic_block
from ltr.models.target_classifier.initializer import FilterInitializerLinear
from ltr.models.target_classifier.linear_filter import LinearFilter
from ltr.models.target_classifier.optimizer import DiMPSteepestDescentGN, FilterOptimizerSettings

CHANNELS, CELLS, SIZE = 16, 12, 4


def _classifier() -> LinearFilter:
    return LinearFilter(
        FilterInitializerLinear(SIZE, CHANNELS, feature_stride=16),
        DiMPSteepestDescentGN(FilterOptimizerSettings(num_iter=5), label_sigma=0.6, feat_stride=16),
        residual_basic_block(CHANNELS, 0, CHANNELS, norm_scale=1 / (CHANNELS * SIZE**2) ** 0.5),
    )


def _frame(pattern: Tensor, row: int, column: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Noise with the 3 x 3 ``pattern`` round cell (row, column), and its box in pixels."""
    feat = 0.3 * torch.randn(CHANNELS, CELLS, CELLS, generator=generator)
    feat[:, row - 1 : row + 2, column - 1 : column + 2] += pattern
    return feat, torch.tensor([16.0 * column - 24, 16.0 * row - 24, 48, 48])


def test_finds_the_pattern_it_was_shown() -> None:
    generator = torch.Generator().manual_seed(0)
    patterns = torch.randn(2, CHANNELS, 3, 3, generator=generator)
    places = [(5, 6), (6, 5), (7, 7)]
    shown = [[_frame(pattern, *place, generator) for pattern in patterns] for place in places]
    train = torch.stack([feat for frame in shown for feat, _ in frame])
    boxes = torch.stack([torch.stack([box for _, box in frame]) for frame in shown])
    test = torch.stack([_frame(patterns[0], 3, 8, generator)[0], _frame(patterns[1], 9, 4, generator)[0]])
    with torch.no_grad():
        scores = _classifier()(train, test, boxes)
    assert len(scores) == 6
    assert scores[-1].shape == (1, 2, CELLS + 1, CELLS + 1)
    for b, (row, column) in enumerate([(3, 8), (9, 4)]):
        final = scores[-1][0, b]
        assert divmod(int(final.argmax()), CELLS + 1) == (row, column)
        others = final.clone()
        others[row - 1 : row + 2, column - 1 : column + 2] = 0
        assert final.max() > 0.6  # close to the label, which is one there
        assert others.max() < 0.5 * final.max()


def test_filters_come_from_the_initializer_and_the_optimizer() -> None:
    torch.manual_seed(0)
    classifier = _classifier()
    feat = torch.randn(2, 1, CHANNELS, CELLS, CELLS)
    boxes = torch.tensor([[[60.0, 60, 40, 40]], [[70.0, 60, 40, 40]]])
    weight = torch.tensor([[0.9], [0.1]])
    with torch.no_grad():
        filters = classifier.get_filter(feat, boxes, weight, num_iter=2)
        first = classifier.filter_initializer(feat, boxes)
        expected = classifier.filter_optimizer(first, feat, boxes, weight, 2)
    torch.testing.assert_close(filters, expected, rtol=0, atol=0)
    torch.testing.assert_close(filters[0], first, rtol=0, atol=0)


def test_features_are_frames_by_sequences() -> None:
    classifier = LinearFilter(nn.Identity(), nn.Identity(), nn.Identity())
    feat = torch.arange(6.0).view(6, 1, 1, 1)
    torch.testing.assert_close(
        classifier.extract_classification_feat(feat, 2).flatten(1), torch.tensor([[0.0, 1], [2, 3], [4, 5]])
    )
