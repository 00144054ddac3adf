import numpy as np
import pytest
import torch

from ltr.dataset.detection import quiet_coco
from ltr.experiments.detection.scores import Scores, coco_results, coco_scores
from ltr.experiments.detection.studies import STUDIES, with_samples
from ltr.models.loss.ebm import MLMCMC, LearnedProposalLoss, NCEPlus
from ltr.sampling.detection_batch import BoxSet
from ltr.train_settings.detection import METHODS, SETTINGS, BranchTrainSettings
from tests.fakes.detection import random_batch

# Four pictures with one object each, 100 x 100 pixels, of one class.
TRUTH = quiet_coco(
    {
        "images": [{"id": i, "width": 300, "height": 300} for i in range(4)],
        "annotations": [
            {"id": i + 1, "image_id": i, "category_id": 1, "bbox": [50, 50, 100, 100], "area": 10_000, "iscrowd": 0}
            for i in range(4)
        ],
        "categories": [{"id": 1, "name": "thing"}],
    }
)


def _result(picture: int, width: float, score: float = 0.9, x: float = 50) -> dict:
    return {"image_id": picture, "category_id": 1, "bbox": [x, 50, width, 100], "score": score}


def _scores(results: list[dict]) -> Scores:
    return coco_scores(TRUTH, results)


def test_a_perfect_set() -> None:
    assert _scores([_result(i, 100) for i in range(4)]) == Scores(100, 100, 100)


def test_boxes_that_are_a_little_too_narrow() -> None:
    # IoU 0.72: right at 0.5, 0.55, ..., 0.7, five thresholds of ten.
    found = _scores([_result(i, 72) for i in range(4)])
    assert (found.ap, found.ap50, found.ap75) == pytest.approx((50, 100, 0))


def test_half_of_the_objects_missed() -> None:
    # Recall 0.5 at precision 1: of the 101 recall levels 0, 0.01, ..., 1, those up to 0.5 count: 51 / 101.
    found = _scores([_result(i, 100) for i in range(2)])
    assert found.ap == pytest.approx(100 * 51 / 101)


def test_a_surer_mistake_halves_the_precision() -> None:
    # One right, then one wrong and surer: precision at recall 1/4 is 1/2, for 26 of 101 levels.
    found = _scores([_result(0, 100, 0.5), _result(1, 100, 0.9, x=180)])
    assert found.ap50 == pytest.approx(100 * 0.5 * 26 / 101)


def test_nothing_found() -> None:
    assert _scores([]) == Scores(0, 0, 0)


def test_results_are_in_pixels_of_the_pictures() -> None:
    batch = random_batch(0)  # scaled to half size
    found = batch.candidates
    results = coco_results(batch, found)
    assert [r["image_id"] for r in results] == found.picture.tolist()
    assert [r["category_id"] for r in results] == found.labels.tolist()
    np.testing.assert_allclose([r["bbox"] for r in results], 2 * found.boxes.numpy(), rtol=1e-6)
    none = BoxSet(torch.zeros(0, 4), *(torch.zeros(0).long() for _ in range(3)))
    assert coco_results(batch, none) == []


def test_studies_have_every_method_with_the_hyper_parameters_of_the_paper() -> None:
    rows = {row.name: row.loss for row in STUDIES["table2"]}
    assert rows == {name: m.loss for name, m in METHODS.items() if not isinstance(m.loss, LearnedProposalLoss)}
    assert {row.name: row.loss for row in STUDIES["learned"]}.items() <= {n: m.loss for n, m in METHODS.items()}.items()
    assert METHODS["ncep"].loss == NCEPlus((0.075, 0.15, 0.3), 128, 0.1)
    assert METHODS["mlmcmc-8"].loss == MLMCMC(8, 1e-5, 128)
    for name, method in METHODS.items():
        for suffix in ("", "_mobile"):
            settings = SETTINGS[name + suffix]
            assert isinstance(settings, BranchTrainSettings)
            assert (settings.loss, settings.step_position, settings.step_size) == (
                method.loss,
                method.step_position,
                method.step_size,
            )


@pytest.mark.parametrize("study", STUDIES)
def test_rows_have_names_of_their_own_and_known_methods(study: str) -> None:
    rows = STUDIES[study]  # type: ignore[index]
    assert len({row.name for row in rows}) == len(rows) > 1
    assert all(row.method in METHODS for row in rows)
    for row in rows:
        fewer = with_samples(row, 3)
        about_samples = "num_samples" in row.name
        assert fewer == row if about_samples else fewer.loss.num_samples == 3  # type: ignore[attr-defined]
        assert about_samples or fewer.name == f"{row.name} M3"
