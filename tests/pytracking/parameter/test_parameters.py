from dataclasses import FrozenInstanceError

import pytest

from ltr.data.crop import CropTransform
from pytracking.features.augmentation import augmented_crops
from pytracking.parameter.dimp import PARAMETERS
from pytracking.parameter.dimp.base import DiMPParams, OverlapAscentParams
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


def test_atoms_published_values() -> None:
    """Of pytracking's parameter/atom/default.py, in this tracker's units."""
    params = load_parameters(TrackerConfig("atom", "atom_default"))
    m, c, a = params.memory, params.classifier, params.augmentation
    assert (m.size, m.train_skipping, m.init_iter, m.update_iter, m.hard_negative_iter) == (250, 10, 60, 5, 5)
    assert (c.compressed_dim, c.filter_reg, c.projection_reg, c.init_gn_iter) == (64, 0.1, 1e-4, 6)
    assert (params.search_area, params.crop_side, params.localization.not_found_threshold) == (5, 288, 0.25)
    assert (len(a.rotations), len(a.blurs), len(a.crop_shifts), a.dropout_copies, a.scales) == (12, 5, 4, 7, ())
    assert params.refinement.overlap_ascent == OverlapAscentParams()


def test_a_network_file_is_a_parameter() -> None:
    assert load_parameters(TrackerConfig("dimp", "a/b.safetensors")) == DiMPParams(network="a/b.safetensors")


def test_unknown_names_list_what_exists() -> None:
    with pytest.raises(ValueError, match="unknown tracker 'x'; known are dimp, atom, opencv"):
        load_parameters(TrackerConfig("x", "a.safetensors"))
    with pytest.raises(ValueError, match="unknown parameters 'x' of tracker dimp; known are dimp_ncep_mobile"):
        load_parameters(TrackerConfig("dimp", "x"))
    with pytest.raises(ValueError, match=r"'x\.safetensors' of tracker opencv; known are csrt, kcf, mil, nano$"):
        load_parameters(TrackerConfig("opencv", "x.safetensors"))
