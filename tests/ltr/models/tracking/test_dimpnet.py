import pytest
import torch
from torch import Tensor

from ltr.models.build import build_network
from ltr.models.tracking.settings import ClassifierSettings, DiMPnetSettings
from ltr.train_settings import load_settings
from tests.fakes.networks import SMALL, small_network

# Names in pytracking's checkpoints of DiMP-50.
PYTRACKING_NAMES = (
    "feature_extractor.conv1.weight",
    "feature_extractor.bn1.running_mean",
    "feature_extractor.layer3.5.conv3.weight",
    "classifier.filter_initializer.filter_conv.weight",
    "classifier.filter_optimizer.log_step_length",
    "classifier.filter_optimizer.filter_reg",
    "classifier.filter_optimizer.label_map_predictor.weight",
    "classifier.filter_optimizer.target_mask_predictor.0.weight",
    "classifier.filter_optimizer.spatial_weight_predictor.weight",
    "classifier.feature_extractor.0.weight",
    "bb_regressor.conv3_1r.0.weight",
    "bb_regressor.iou_predictor.bias",
)


def _inputs(train: int, test: int, sequences: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    train_images, test_images = (
        torch.randint(0, 256, (frames, sequences, 3, size, size), generator=generator, dtype=torch.uint8)
        for frames in (train, test)
    )
    corner = 0.3 * size + 0.1 * size * torch.rand(train, sequences, 2, generator=generator)
    return train_images, test_images, torch.cat([corner, torch.full_like(corner, 0.25 * size)], dim=-1)


def test_pytracking_s_names() -> None:
    with torch.device("meta"):  # names alone: to draw the weights of a ResNet-50 takes seconds
        state = build_network(DiMPnetSettings()).state_dict()
    assert set(PYTRACKING_NAMES) <= set(state)
    parts = {name.split(".")[0] for name in state}
    assert parts == {"feature_extractor", "classifier", "bb_regressor"}
    classifier = {name.split(".")[1] for name in state if name.startswith("classifier.")}
    assert classifier == {"filter_initializer", "filter_optimizer", "feature_extractor"}


@pytest.mark.parametrize("name", ["dimp50", "dimp_ncep_mobile", "small"])
def test_shapes(name: str) -> None:
    settings = {
        "dimp50": DiMPnetSettings(crop_side=128, classifier=ClassifierSettings(feature_dim=64)),
        "dimp_ncep_mobile": load_settings("dimp", "dimp_ncep_mobile").network,  # type: ignore[attr-defined]
        "small": SMALL,
    }[name]
    net = small_network(settings=settings)
    with torch.no_grad():
        output = net(*_inputs(2, 3, 2, settings.crop_side))
        energies = output.energy(torch.full((6, 5, 4), 40.0))
    assert len(output.scores) == settings.classifier.optimizer.num_iter + 1
    assert {tuple(scores.shape) for scores in output.scores} == {
        (3, 2, settings.score_grid.size, settings.score_grid.size)
    }
    assert settings.score_grid.size == settings.crop_side // 16 + 1
    assert energies.shape == (6, 5)


def test_permuted_sequences_and_test_frames_permute_the_output() -> None:
    net = small_network()
    train_images, test_images, boxes = _inputs(2, 3, 3, 128)
    sequences, frames = torch.tensor([2, 0, 1]), torch.tensor([1, 2, 0])
    candidates = torch.rand(3, 3, 4, 4) * 30 + 20  # frame, sequence, box
    with torch.no_grad():
        plain = net(train_images, test_images, boxes)
        moved = net(train_images[:, sequences], test_images[frames][:, sequences], boxes[:, sequences])
        energies = plain.energy(candidates.flatten(0, 1)).reshape(3, 3, 4)
        moved_energies = moved.energy(candidates[frames][:, sequences].flatten(0, 1)).reshape(3, 3, 4)
    torch.testing.assert_close(moved.scores[-1], plain.scores[-1][frames][:, sequences], rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(moved_energies, energies[frames][:, sequences], rtol=1e-3, atol=1e-5)
    assert energies.std() > 1e-4


def test_the_first_training_frame_is_the_box_branch_s_reference() -> None:
    net = small_network()
    train_images, test_images, boxes = _inputs(2, 1, 1, 128)
    candidates = torch.tensor([[[30.0, 30, 40, 40], [50, 20, 40, 60]]])
    other_second, other_first = train_images.clone(), train_images.clone()
    other_second[1], other_first[0] = 255 - other_second[1], 255 - other_first[0]
    with torch.no_grad():
        energy, second, first = (
            net(images, test_images, boxes).energy(candidates) for images in (train_images, other_second, other_first)
        )
    torch.testing.assert_close(second, energy)
    assert not torch.allclose(first, energy)


def test_gradients_reach_every_head() -> None:
    net = small_network().train()
    output = net(*_inputs(2, 1, 2, 128))
    (output.scores[-1].square().mean() + output.energy(torch.full((2, 3, 4), 40.0)).square().mean()).backward()
    for name, parameter in net.named_parameters():
        frozen = name.startswith("feature_extractor.")
        assert (parameter.grad is None) == frozen, name
