from dataclasses import replace

import torch

from ltr.data.bounding_box_utils import box_to_relative
from ltr.models.detection.energy_branch import EnergyBranch
from ltr.models.detection.prediction import BoxEnergyModel, matches, suppress
from ltr.models.detection.settings import BranchSettings, PredictionSettings
from ltr.sampling.detection_batch import BoxSet
from tests.fakes.detection import CANONICAL_SIZE, CHANNELS, STRIDES, random_batch

torch.manual_seed(0)
BRANCH = EnergyBranch(CHANNELS, 4, BranchSettings(pool_size=3, hidden=16))
torch.nn.init.normal_(BRANCH.fc3.weight)
ENERGY_MODEL = BoxEnergyModel(BRANCH, STRIDES, CANONICAL_SIZE)
SETTINGS = PredictionSettings()


def test_refinement_never_lowers_an_energy() -> None:
    batch = random_batch(0, num_boxes=40)
    for step in (1e-3, 1.0):  # the second leaps far too wide
        refined = ENERGY_MODEL.refine(batch, batch.candidates, (step, 4 * step), SETTINGS)
        energy = ENERGY_MODEL.energy_around(batch, batch.candidates)
        moved = box_to_relative(refined.boxes, batch.candidates.boxes)[:, None]
        gain = energy(moved)[:, 0] - ENERGY_MODEL.rank(batch)
        assert gain.min() > -1e-4
        assert gain.max() > 1e-2
        for name in ("labels", "scores", "picture"):
            assert torch.equal(getattr(refined, name), getattr(batch.candidates, name))


def test_boxes_climb_alone() -> None:
    batch = random_batch(1)
    together = ENERGY_MODEL.refine(batch, batch.candidates, (0.01, 0.04), SETTINGS).boxes
    for i in range(len(batch.candidates)):
        one = batch.candidates[torch.tensor([i])]
        alone = ENERGY_MODEL.refine(batch, one, (0.01, 0.04), SETTINGS).boxes
        torch.testing.assert_close(alone[0], together[i], atol=1e-3, rtol=1e-3)


def test_nothing_to_refine() -> None:
    batch = random_batch(2)
    none = batch.candidates[torch.zeros(0).long()]
    assert len(ENERGY_MODEL.refine(batch, none, (0.1, 0.1), SETTINGS)) == 0
    assert len(suppress(none, none.scores, SETTINGS)) == 0


def test_pictures_and_classes_do_not_suppress_each_other() -> None:
    batch = random_batch(3)
    same_place = replace(batch.candidates, boxes=torch.tensor([10.0, 10, 30, 30]).expand(12, 4))
    found = suppress(same_place, torch.arange(12.0), SETTINGS)
    pairs = list(zip(same_place.picture.tolist(), same_place.labels.tolist(), strict=True))
    assert sorted(zip(found.picture.tolist(), found.labels.tolist(), strict=True)) == sorted(set(pairs))


def test_each_picture_keeps_its_surest_detections() -> None:
    batch = random_batch(4, num_boxes=50)
    one_class = replace(batch.candidates, labels=torch.ones(50).long())
    everything = suppress(one_class, one_class.scores, SETTINGS)
    few = suppress(one_class, one_class.scores, PredictionSettings(max_detections=3))
    for picture in range(3):
        scores = everything.scores[everything.picture == picture].sort(descending=True).values
        assert torch.equal(few.scores[few.picture == picture], scores[:3])


def test_true_boxes_are_matched_to_the_best_one_of_their_class_and_picture() -> None:
    box = torch.tensor([10.0, 10, 20, 20])
    truth = BoxSet(box.expand(4, 4), torch.tensor([1, 1, 2, 1]), torch.ones(4), torch.tensor([0, 1, 0, 2]))
    near, exact, far = box + torch.tensor([2.0, 0, 0, 0]), box, box + 30
    found = BoxSet(
        torch.stack([near, exact, exact, far]), torch.tensor([1, 1, 1, 1]), torch.ones(4), torch.tensor([0, 0, 1, 2])
    )
    kept, index = matches(found, truth)
    assert (kept.tolist(), index.tolist()) == ([0, 1], [1, 2])
    none = found[torch.zeros(0).long()]
    assert [len(part) for part in matches(none, truth)] == [0, 0]
