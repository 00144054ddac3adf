"""The numerical work of a frame in PyTorch."""

import numpy as np
import pytest
import torch

from ltr.utils import config
from pytracking.parameter.dimp.base import AscentParams, DiMPParams, RefinementParams
from pytracking.tracker.dimp.functions import BoxQuery
from pytracking.tracker.dimp.torch_functions import TorchFunctions
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import SMALL, small_network
from tests.reference.plain_tracker import PlainFunctions

CPU = torch.device("cpu")
BOX = np.array([40.0, 50, 32, 28])
MEAN = RefinementParams(method="mean")
FREE = AscentParams(num_boxes=6, top_k=1, position_weight=1.0, size_rate=1.0, max_size_change=10.0, num_iterations=3)


def _functions(refinement: RefinementParams, kind: type[TorchFunctions] = TorchFunctions) -> TorchFunctions:
    return kind(small_network().requires_grad_(False), SMALL.crop_side, refinement, CPU)


def _query(functions: TorchFunctions, seed: int = 0) -> BoxQuery:
    crop, _ = functions.crop(functions.load_frame(noise_picture(seed, 200, 150)), (100.0, 75.0), 1.2)
    (features,) = functions.extract_features([crop])
    modulation = functions.get_iou_modulation(crop, BOX)
    return BoxQuery(features, modulation, BOX, BOX[2:] * 1.1, functions.new_generator(0))


@pytest.mark.parametrize(
    "refinement",
    [
        MEAN,
        RefinementParams(method="overlap_ascent"),
        RefinementParams(method="ascent", ascent=FREE),
    ],
)
def test_refined_boxes_are_those_of_the_branchs_own_energy(refinement: RefinementParams) -> None:
    boxes = []
    for kind in (TorchFunctions, PlainFunctions):
        functions = _functions(refinement, kind)
        refined = functions.refine_target_box([_query(functions, 0), _query(functions, 1)])
        boxes.append([each.box for each in refined])
        assert all((each.std is None) == (refinement.method != "mean") for each in refined)
    np.testing.assert_allclose(boxes[0], boxes[1], atol=0.01)
    assert not np.allclose(boxes[0][0], boxes[0][1])
    assert np.abs(boxes[0] - BOX).max() > 0.01


def test_the_ascent_never_ends_below_where_it_starts() -> None:
    functions = _functions(RefinementParams(method="ascent", ascent=FREE))
    query = _query(functions)
    (refined,) = functions.refine_target_box([query])
    before, after = functions.energy(query)(np.stack([BOX, refined.box]))
    assert after >= before


def test_the_ascent_draws_its_starts_from_the_targets_generator() -> None:
    functions = _functions(RefinementParams(method="ascent", ascent=FREE))
    query = _query(functions)
    first, second = functions.refine_target_box([query, query])
    assert not np.array_equal(first.box, second.box)
    np.testing.assert_array_equal(functions.refine_target_box([_query(functions)])[0].box, first.box)


def test_no_queries_no_boxes() -> None:
    assert _functions(MEAN).refine_target_box([]) == []


def test_an_unknown_method_is_named() -> None:
    expected = r"refinement\.method: expected one of mean, ascent, overlap_ascent or null, got 'median'"
    with pytest.raises(ValueError, match=expected):
        config.changed(DiMPParams("a"), {"refinement": {"method": "median"}}, "parameters")


def test_dropout_takes_whole_channels_and_keeps_the_mean() -> None:
    functions, sample = _functions(MEAN), torch.rand(1, 2000, 3, 3) + 1
    copies = functions.dropout(sample, 3, 0.2, functions.new_generator(0))
    assert len(copies) == 3
    for copy in copies:
        lost = copy[0].flatten(1).abs().amax(dim=1) == 0
        assert 0.16 < lost.float().mean() < 0.24
        torch.testing.assert_close(copy[0, ~lost], sample[0, ~lost] / 0.8)
    assert not torch.equal(copies[0], copies[1])
    generator = functions.new_generator(0)
    assert functions.dropout(sample, 0, 0.2, generator) == []
    assert torch.equal(generator.get_state(), functions.new_generator(0).get_state())  # nothing was drawn
