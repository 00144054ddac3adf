from dataclasses import FrozenInstanceError

import pytest

from ltr.data.crop import CropTransform
from pytracking.features.augmentation import augmented_crops
from pytracking.parameter.dimp import PARAMETERS
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.families import load_parameters
from tests.fakes.datasets import noise_picture


@pytest.mark.parametrize("name", PARAMETERS)
def test_named_parameters_are_sound(name: str) -> None:
    params = load_parameters(TrackerConfig("dimp", name))
    crops, _ = augmented_crops(
        noise_picture(0), (70, 50, 20, 20), CropTransform((80, 60), 1.0, 64), params.augmentation
    )
    assert params.memory.size > len(crops)  # room beside the first frame's samples
    assert params.localization.not_found_threshold <= params.localization.uncertain_threshold
    assert params.refinement.ascent.top_k <= params.refinement.ascent.num_boxes
    with pytest.raises(FrozenInstanceError):
        params.network = "other"  # type: ignore[misc]


def test_a_network_file_is_a_parameter() -> None:
    assert load_parameters(TrackerConfig("dimp", "a/b.safetensors")) == DiMPParams(network="a/b.safetensors")


def test_unknown_names_list_what_exists() -> None:
    with pytest.raises(ValueError, match="unknown tracker 'x'; known are dimp, atom, opencv"):
        load_parameters(TrackerConfig("x", "a.safetensors"))
    with pytest.raises(ValueError, match="unknown parameters 'x' of tracker dimp; known are dimp_ncep_mobile"):
        load_parameters(TrackerConfig("dimp", "x"))
    with pytest.raises(ValueError, match=r"'x\.safetensors' of tracker opencv; known are csrt, kcf, mil, nano$"):
        load_parameters(TrackerConfig("opencv", "x.safetensors"))
