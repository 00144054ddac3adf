import pytest
import torch

from ltr.models.layers.precision import at_least_float32, full_precision
from ltr.models.target_classifier.features import InstanceL2Norm


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_only_narrow_types_are_widened(dtype: torch.dtype, expected: torch.dtype) -> None:
    x = torch.ones(2, dtype=dtype)
    assert at_least_float32(x).dtype == expected
    assert (at_least_float32(x) is x) == (dtype == expected)


def test_the_block_is_without_autocast() -> None:
    a = torch.ones(2, 2)
    with torch.autocast("cpu", torch.bfloat16):
        assert (a @ a).dtype == torch.bfloat16
        with full_precision(a):
            assert (a @ a).dtype == torch.float32


def test_the_norm_of_large_half_precision_features_is_finite() -> None:
    """Their squares do not fit into float16."""
    x = torch.full((1, 4, 3, 3), 1000.0, dtype=torch.float16)
    torch.testing.assert_close(InstanceL2Norm()(x), torch.ones(1, 4, 3, 3))
