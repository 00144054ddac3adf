"""Parameters of a tracker that a command line changes."""

import hashlib
import json

import pytest

from ltr.utils.config import changed, check, parse_changes
from ltr.utils.errors import InputError
from pytracking.parameter.dimp import PARAMETERS
from pytracking.parameter.dimp.base import DiMPParams


def test_changes_are_nested_and_of_the_right_type() -> None:
    texts = ["refinement.mean.num_boxes=64", "refinement.method=ascent", "max_outside=0.25", "refinement.enabled=false"]
    changes = parse_changes(texts)
    assert changes == {
        "refinement": {"mean": {"num_boxes": 64}, "method": "ascent", "enabled": False},
        "max_outside": 0.25,
    }
    refinement = changed(DiMPParams("x"), changes, "parameters").refinement
    assert (refinement.mean.num_boxes, refinement.method, refinement.enabled) == (64, "ascent", False)


@pytest.mark.parametrize("text", ["refinement", "=3", "refinement.=3"])
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"--set {text}: expected NAME=VALUE"):
        parse_changes([text])


def test_a_value_is_no_group() -> None:
    with pytest.raises(ValueError, match=r"--set memory\.size=3: memory was set before"):
        parse_changes(["memory=1", "memory.size=3"])


def test_no_change_is_lost() -> None:
    assert parse_changes(['memory={"size": 4}', "memory.update_iter=3"]) == {"memory": {"size": 4, "update_iter": 3}}
    with pytest.raises(ValueError, match=r"--set memory={.*}: fields of memory were set before"):
        parse_changes(["memory.update_iter=3", 'memory={"size": 4}'])
    with pytest.raises(ValueError, match=r"--set memory={.*}: given twice: size"):
        parse_changes(['memory={"size": 4, "size": 5}'])


def test_a_number_of_too_many_digits_is_bad_input() -> None:
    with pytest.raises(InputError, match=r"--set memory\.size=9{68}: "):
        parse_changes([f"memory.size={'9' * 5000}"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("refinement.aspect_spread=0", r"refinement\.aspect_spread: expected more than 0, got 0"),
        ("refinement.size_spread=-1", r"refinement\.size_spread: expected more than 0, got -1"),
        ("refinement.mean.temperature=-1", r"refinement\.mean\.temperature: expected more than 0, got -1"),
        ("refinement.mean.num_boxes=1", r"refinement\.mean\.num_boxes: expected at least 2, got 1"),
        ("refinement.ascent.step_length=NaN", r"refinement\.ascent\.step_length: expected a number, got nan"),
        ("memory.train_skipping=0", r"memory\.train_skipping: expected more than 0, got 0"),
        ("box_learning.num_parts=0", r"box_learning\.num_parts: expected more than 0, got 0"),
        ("min_target_size=0", r"min_target_size: expected more than 0, got 0"),
        ("memory.size=1000000000000", r"memory\.size: expected 1 to 10000, got 1000000000000"),
        ("memory.learning_rate=1.5", r"memory\.learning_rate: expected 0 to 1, got 1\.5"),
        ("augmentation.blurs=[[3,-1]]", r"augmentation\.blurs.*: expected at least 0, got -1"),
        ("augmentation.scales=[1,0]", r"augmentation\.scales.*: expected more than 0, got 0"),
        ("box_learning.sigmas=[-0.05]", r"box_learning\.sigmas.*: expected more than 0, got -0\.05"),
    ],
)
def test_values_that_make_no_sense_are_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check(changed(DiMPParams("x"), parse_changes([text]), "parameters"), "parameters")


def test_settings_are_those_of_results_and_saved_trackers_that_are_there() -> None:
    """Change the digest only where boxes change, too: with other settings all results are made anew, silently, and
    every saved tracker is refused. A new parameter that is None by default is not in the settings."""
    settings = PARAMETERS["dimp_ncep_mobile"].for_prediction("log_density").in_stamps()
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    assert digest == "921475a45cb7ab6c4bd43d68447ca796b9bcc4eb25d0efc6eb4f341b06dfeb4f"
