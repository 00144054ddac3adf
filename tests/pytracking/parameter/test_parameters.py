from dataclasses import FrozenInstanceError

import pytest

from pytracking.features.augmentation import augmented_crops
from pytracking.parameter import TRACKERS, load_parameters
from pytracking.parameter.dimp.base import DiMPParams
from tests.fakes.datasets import noise_picture

NAMED = [(tracker, name) for tracker, names in TRACKERS.items() for name in names]


@pytest.mark.parametrize(("tracker", "name"), NAMED)
def test_named_parameters_are_sound(tracker: str, name: str) -> None:
    params = load_parameters(tracker, name)
    crops, _ = augmented_crops(noise_picture(0), (80, 60), (20, 20), 1.0, 64, params.augmentation)
    assert params.memory.size > len(crops)  # room beside the first frame's samples
    assert params.localization.not_found_threshold <= params.localization.uncertain_threshold
    assert params.refinement.ascent.top_k <= params.refinement.ascent.num_boxes
    with pytest.raises(FrozenInstanceError):
        params.network = "other"  # type: ignore[misc]


def test_a_network_file_is_a_parameter() -> None:
    assert load_parameters("dimp", "a/b.safetensors") == DiMPParams(network="a/b.safetensors")


def test_unknown_names_list_what_exists() -> None:
    with pytest.raises(ValueError, match="unknown tracker 'x'; known are dimp"):
        load_parameters("x", "a.safetensors")
    with pytest.raises(ValueError, match="unknown parameters 'x' of tracker dimp; known are dimp_ncep_mobile"):
        load_parameters("dimp", "x")
