from dataclasses import replace

import pytest

from ltr.models.tracking.settings import ClassifierSettings, DiMPnetSettings
from ltr.utils.config import problems


@pytest.mark.parametrize(("filter_size", "score_size"), [(4, 19), (3, 18)])
def test_sizes_follow(filter_size: int, score_size: int) -> None:
    settings = DiMPnetSettings(crop_side=288, search_area=5, classifier=ClassifierSettings(filter_size=filter_size))
    assert settings.feature_size == 18
    assert settings.score_grid.size == score_size
    assert settings.label_sigma == pytest.approx(0.9)  # a quarter of a target 18 / 5 cells wide
    assert problems(settings) == []


def test_a_label_given_in_cells_stays_with_other_crops() -> None:
    network = DiMPnetSettings(crop_side=352, search_area=6, classifier=ClassifierSettings(label_sigma=0.9))
    assert network.label_sigma == network.score_grid.sigma == 0.9


def test_every_problem_is_listed() -> None:
    settings = replace(
        DiMPnetSettings(), crop_side=100, search_area=0.5, max_shrink=0.5, classifier=ClassifierSettings(filter_size=0)
    )
    found = problems(settings)
    assert len(found) == 4
    assert "crop_side: expected a multiple of 16, got 100" in found
    assert "max_shrink: expected at least 1, got 0.5" in found
    assert any(line.startswith("search_area:") for line in found)
    assert any(line.startswith("classifier.filter_size") for line in found)
