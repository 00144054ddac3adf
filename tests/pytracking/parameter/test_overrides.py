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
