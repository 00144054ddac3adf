from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ltr.data.labels import ScoreGrid
from ltr.models.weights import load_network
from pytracking.features.net_wrappers import find_network, load_for_tracking
from tests.fakes.networks import SMALL, write_small_network


def test_networks_are_found_by_name_or_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown network 'small'; known are none"):
        find_network("small", tmp_path)
    path = write_small_network(tmp_path / "small.safetensors")
    assert find_network("small", tmp_path) == path
    assert find_network("elsewhere/a.safetensors", tmp_path) == Path("elsewhere/a.safetensors")
    with pytest.raises(ValueError, match=r"unknown network 'smal'; known are small, or a path to a \.safetensors file"):
        find_network("smal", tmp_path)


def test_folded_for_tracking_it_gives_the_same_features(tmp_path: Path) -> None:
    path = write_small_network(tmp_path / "small.safetensors")
    plain, settings, _ = load_network(path)
    net, its_settings, card = load_for_tracking(str(path), torch.device("cpu"))
    assert its_settings == settings
    assert card.more == {"made_for": "tests"}
    assert not net.training
    assert not any(parameter.requires_grad for parameter in net.parameters())
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in net.feature_extractor.modules())
    images = torch.randint(0, 256, (2, 3, 128, 128), dtype=torch.uint8)
    with torch.no_grad():
        expected = plain.extract_backbone_features(images)
        features = net.extract_backbone_features(images)
    for layer, value in expected.items():
        scale = float(value.abs().max())
        torch.testing.assert_close(features[layer], value, rtol=1e-4, atol=1e-4 * scale)


def test_crops_may_be_others_than_the_card_s(tmp_path: Path) -> None:
    """And what depends on them follows: the label of the filter, for instance."""
    path, changes = str(write_small_network(tmp_path / "small.safetensors")), {"search_area": 3, "crop_side": 192}
    settings = load_for_tracking(path, torch.device("cpu"), changes)[1]
    assert settings == replace(SMALL, search_area=3.0, crop_side=192)
    assert settings.score_grid == ScoreGrid(13, 16, 0.0, 0.25 / 3 * 12)
