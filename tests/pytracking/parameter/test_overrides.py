"""Changes of parameters on the command line; ``override`` itself is tested with the tracker."""

import pytest

from pytracking.parameter.dimp.base import DiMPParams
from pytracking.parameter.overrides import override, parse_changes


def test_changes_are_nested_and_of_the_right_type() -> None:
    texts = ["refinement.mean.num_boxes=64", "refinement.method=ascent", "max_outside=0.25", "refinement.enabled=false"]
    changes = parse_changes(texts)
    assert changes == {
        "refinement": {"mean": {"num_boxes": 64}, "method": "ascent", "enabled": False},
        "max_outside": 0.25,
    }
    refinement = override(DiMPParams("x"), changes).refinement
    assert (refinement.mean.num_boxes, refinement.method, refinement.enabled) == (64, "ascent", False)


@pytest.mark.parametrize("text", ["refinement", "=3", "refinement.=3"])
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"--set {text}: expected NAME=VALUE"):
        parse_changes([text])


def test_a_value_is_no_group() -> None:
    with pytest.raises(ValueError, match=r"--set memory\.size=3: memory was set before"):
        parse_changes(["memory=1", "memory.size=3"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("refinement.aspect_spread=0", r"RefinementParams\.aspect_spread: expected more than 0, got 0"),
        ("refinement.size_spread=-1", r"RefinementParams\.size_spread: expected more than 0, got -1"),
        ("refinement.mean.temperature=-1", r"MeanParams\.temperature: expected more than 0, got -1"),
        ("refinement.mean.num_boxes=1", r"MeanParams\.num_boxes: expected at least 2, got 1"),
        ("refinement.ascent.step_length=NaN", r"AscentParams\.step_length: expected more than 0, got nan"),
        ("memory.train_skipping=0", r"MemoryParams\.train_skipping: expected at least 1, got 0"),
        ("box_learning.num_parts=0", r"BoxLearningParams\.num_parts: expected at least 1, got 0"),
        ("min_target_size=0", r"DiMPParams\.min_target_size: expected more than 0, got 0"),
    ],
)
def test_values_that_make_no_sense_are_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        override(DiMPParams("x"), parse_changes([text]))
