import json
from dataclasses import replace
from typing import Any

import pytest
import torch

from ltr.admin.build_optimizer import build_optimizer
from ltr.data.transforms import AugmentationSettings
from ltr.models.build import build_network
from ltr.models.loss.ebm import EBMDN, KLDIS, NCE, NCEPlus
from ltr.models.tracking.settings import ClassifierSettings
from ltr.sampling.processing import JitterSettings
from ltr.train_settings import TASKS, load_settings
from ltr.train_settings.detection import BranchTrainSettings
from ltr.train_settings.dimp import DataSource, DiMPTrainSettings
from ltr.trainers.settings import TrainSettings
from ltr.utils.config import check, problems, to_json

NAMED = [(task, name) for task in TASKS for name in TASKS[task].named]
TRACKERS = list(TASKS["dimp"].named)


def _tracker(name: str) -> DiMPTrainSettings:
    settings = load_settings("dimp", name)
    assert isinstance(settings, DiMPTrainSettings)
    return settings


@pytest.mark.parametrize(("task", "name"), NAMED)
def test_named_settings_are_sound_and_json(task: str, name: str) -> None:
    settings = load_settings(task, name)
    check(settings, "settings")
    values = json.loads(json.dumps(to_json(settings)))
    assert values["class"] == type(settings).__name__
    assert values["optim"]["lr"] == settings.optim.lr


@pytest.mark.parametrize("name", TRACKERS)
def test_trackers_build_with_their_learning_rates(name: str) -> None:
    settings = _tracker(name)
    with torch.device("meta"):  # no weights are drawn
        net = build_network(settings.network)
    optimizer, _ = build_optimizer(net, settings.optim)
    rate_of = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    for parameter_name, parameter in net.named_parameters():
        assert (id(parameter) in rate_of) == parameter.requires_grad
        fitting = [prefix for prefix in settings.optim.part_lr if parameter_name.startswith(prefix)]
        if parameter.requires_grad:
            prefix = max(fitting, key=len, default=None)
            expected = settings.optim.lr if prefix is None else settings.optim.part_lr[prefix]
            assert rate_of[id(parameter)] == pytest.approx(expected), parameter_name


def test_unknown_names_list_what_exists() -> None:
    with pytest.raises(ValueError, match=r"unknown task 'dump'; known are .*dimp"):
        load_settings("dump", "toy")
    with pytest.raises(ValueError, match=r"unknown settings 'toi' of task dimp; known are dimp18, .*toy"):
        load_settings("dimp", "toi")


def test_all_problems_of_a_tracker_come_at_once() -> None:
    toy = _tracker("toy")
    wrong = replace(
        toy,
        optim=replace(toy.optim, lr=-1.0),
        network=replace(
            toy.network, crop_side=100, search_area=0.5, classifier=ClassifierSettings(output_sigma_factor=0)
        ),
        processing=replace(toy.processing, jitter_attempts=0),
        sources=(DataSource("synthetic", weight=0),),
    )
    with pytest.raises(ValueError, match=r"^settings: ") as error:
        check(wrong, "settings")
    for part in (
        "optim.lr: expected more than 0, got -1.0",
        "network.crop_side: expected a multiple of 16, got 100",
        "sources: expected at least one with a weight above 0",
        "network.search_area: expected more than 1, at most 100, got 0.5",
        "network.classifier.output_sigma_factor: expected more than 0, got 0",
        "processing.jitter_attempts: expected more than 0, got 0",
    ):
        assert part in str(error.value)


def test_sampling_and_augmentation_that_cannot_be_done_are_refused() -> None:
    toy = _tracker("toy")
    wrong = replace(
        toy,
        sampler=replace(toy.sampler, max_gap=-1, num_test_frames=0),
        processing=replace(
            toy.processing,
            min_inside=1.5,
            test_jitter=JitterSettings(center=-1, scale=0.5),
            augmentation=AugmentationSettings(flip=2.0, blur=-0.1, jpeg_quality=(80, 30), noise_amplitude=300),
        ),
    )
    assert sorted(problems(wrong)) == sorted(
        [
            "sampler.num_test_frames: expected more than 0, got 0",
            "sampler.max_gap: expected at least 0, got -1",
            "processing.min_inside: expected 0 to 1, got 1.5",
            "processing.test_jitter.center: expected at least 0, got -1",
            "processing.augmentation.flip: expected 0 to 1, got 2.0",
            "processing.augmentation.blur: expected 0 to 1, got -0.1",
            "processing.augmentation.jpeg_quality: expected two rising numbers above 0, 100 at most, got 80, 30",
            "processing.augmentation.noise_amplitude: expected 0 to 127, got 300",
        ]
    )


def test_batches_that_cannot_be_filled_are_refused() -> None:
    toy = _tracker("toy")
    few = replace(toy, sampler=replace(toy.sampler, samples_per_epoch=7), validation_samples=0)
    assert problems(few) == [
        "sampler.samples_per_epoch: expected at least a batch of 8, got 7",
        "validation_samples: expected at least a batch of 8, got 0",
    ]
    single = replace(toy, optim=replace(toy.optim, batch_size=1))
    (problem,) = problems(single)
    assert problem.startswith("optim.batch_size: expected at least 2 a part for the batch norm of the box branch")


def test_a_classifier_that_is_learned_on_line_cannot_be_trained() -> None:
    toy = _tracker("toy")
    atom = replace(toy, network=replace(toy.network, classifier=ClassifierSettings(objective="online")))
    (problem,) = problems(atom)
    assert problem == "network.classifier.objective: expected hinge or kl, got online: no classifier to train"


def test_methods_with_a_learned_proposal_are_for_networks_that_have_one() -> None:
    message = "{}: EBMDN needs a learned proposal, which no network of this task has"
    assert problems(replace(_tracker("toy"), box_loss=EBMDN(4))) == [message.format("box_loss")]
    regression: Any = load_settings("regression1d", "ncep")
    assert problems(replace(regression, loss=EBMDN(4))) == [message.format("loss")]


def test_schedules() -> None:
    net = build_network(_tracker("toy").network)
    optim = replace(TrainSettings().optim, epochs=4, lr=1.0, step_epochs=2, step_factor=0.1)
    expected = {
        "constant": [1, 1, 1, 1],
        "step": [1, 1, 0.1, 0.1],
        "cosine": [1, 0.5 + 0.5**1.5, 0.5, 0.5 - 0.5**1.5],
    }
    for schedule, rates in expected.items():
        optimizer, scheduler = build_optimizer(net, replace(optim, schedule=schedule))
        found = []
        for _ in range(4):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        assert found == pytest.approx(rates), schedule


def test_the_rate_drops_after_the_epochs_that_are_named() -> None:
    """The paper's detection schedule: 60,000 iterations, drops after 40,000 and 50,000."""
    settings = load_settings("detection", "ncep")
    _, scheduler = build_optimizer(torch.nn.Linear(1, 1), settings.optim)
    rates = [settings.optim.lr * scheduler.lr_lambdas[0](epoch) for epoch in range(settings.optim.epochs)]
    assert rates == pytest.approx([1e-3, 1e-3, 1e-3, 1e-3, 1e-4, 1e-5])
    wrong = replace(settings, optim=replace(settings.optim, step_epochs=(0, 3)))
    assert problems(wrong) == ["optim.step_epochs.0: expected more than 0, got 0"]


def test_coco_has_the_optimizer_of_the_released_code() -> None:
    """Stochastic gradient descent; biases learn at twice the rate and do not decay."""
    optim = load_settings("detection", "ncep").optim
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    optimizer, _ = build_optimizer(net, optim)
    assert isinstance(optimizer, torch.optim.SGD)
    found = {
        id(parameter): (group["lr"], group["weight_decay"], group["momentum"])
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    for name, parameter in net.named_parameters():
        assert found[id(parameter)] == ((2e-3, 0.0, 0.9) if name.endswith("bias") else (1e-3, 1e-4, 0.9)), name
    assert [optim.warmup(step) for step in (0, 250, 500, 501)] == pytest.approx([1 / 3, 2 / 3, 1, 1])


def test_biases_of_a_part_have_its_rate_times_the_factor() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    optim = replace(TrainSettings().optim, lr=1.0, part_lr={"1.": 0.1}, weight_decay=0.5, bias_lr_factor=2.0)
    optimizer, _ = build_optimizer(net, optim)
    assert isinstance(optimizer, torch.optim.Adam)
    groups = {group["name"]: (group["lr"], group["weight_decay"]) for group in optimizer.param_groups}
    assert groups == {"rest": (1.0, 0.5), "rest (biases)": (2.0, 0.5), "1.": (0.1, 0.5), "1. (biases)": (0.2, 0.5)}


def test_all_problems_of_a_detection_training_come_at_once() -> None:
    settings = load_settings("detection", "ncep_mobile")
    assert isinstance(settings, BranchTrainSettings)
    wrong = replace(
        settings,
        data=replace(settings.data, val=()),
        detector=replace(settings.detector, num_classes=7, min_size=16),
        pictures_per_epoch=3,
        branch=replace(settings.branch, hidden=0),
        step_size=0.0,
    )
    assert sorted(problems(wrong)) == sorted(
        [
            "data.val: expected at least one source",
            "detector.min_size: expected 32 to max_size (256), got 16",
            "detector.num_classes: expected 4 (the classes of the data and the background), got 7",
            "pictures_per_epoch: expected at least a batch of 16, got 3",
            "branch.hidden: expected more than 0, got 0",
            "step_size: expected more than 0, got 0.0",
        ]
    )


def test_the_longest_prefix_wins() -> None:
    net = build_network(_tracker("toy").network)
    optim = replace(TrainSettings().optim, part_lr={"classifier.": 0.1, "classifier.filter_optimizer": 0.2})
    optimizer, _ = build_optimizer(net, optim)
    rate_of = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert rate_of[id(net.classifier.filter_optimizer.filter_reg)] == 0.2
    assert rate_of[id(net.classifier.filter_initializer.filter_conv.weight)] == 0.1
    assert rate_of[id(net.bb_regressor.iou_predictor.weight)] == optim.lr


@pytest.mark.parametrize("prefix", ["clasifier", "feature_extractor.conv_stem"])
def test_prefixes_that_fit_nothing_trained_are_refused(prefix: str) -> None:
    net = build_network(_tracker("toy").network)
    optim = replace(TrainSettings().optim, part_lr={"bb_regressor": 0.1, prefix: 0.2})
    with pytest.raises(ValueError, match=f"optim.part_lr: no trained parameter starts with {prefix}$"):
        build_optimizer(net, optim)


def test_the_paper_s_trackers_differ_in_the_box_loss_alone() -> None:
    """Appendix D of the paper."""
    kldis, nce, ncep = (_tracker(name) for name in ("super_dimp", "dimp_nce", "dimp_ncep"))
    assert replace(nce, box_loss=kldis.box_loss) == replace(ncep, box_loss=kldis.box_loss) == kldis
    assert kldis.box_loss == KLDIS(sigmas=(0.05, 0.5), label_sigma=0.05, num_samples=128)
    assert nce.box_loss == NCE(sigmas=(0.05, 0.5), num_samples=128)
    assert ncep.box_loss == NCEPlus(sigmas=(0.05, 0.5), num_samples=128, beta=0.1)
    assert kldis.optim.batch_size == 20
    assert kldis.sampler.samples_per_epoch == 40_000
    assert {source.kind: source.weight for source in kldis.sources} == dict.fromkeys(
        ("lasot", "got10k", "trackingnet", "coco"), 1.0
    )
    assert kldis.processing.augmentation.flip == 0.5
    assert kldis.network.frozen_layers == ("conv1", "layer1", "layer2")
    assert kldis.network.feature_size == 22
    assert (kldis.network.crop_mode, kldis.network.max_shrink) == ("inside_major", 1.5)  # pytracking's super_dimp


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (DataSource("lasot", "lasot"), "sources.0.split: expected one of lasot"),
        (DataSource("synthetic", weight=-1.0), "sources.0.weight: expected at least 0, got -1.0"),
        (
            DataSource("video", "v", source_weights={"a": 2.0}),
            "sources.0.source_weights: only pictures in COCO format have sources",
        ),
    ],
)
def test_sources_that_cannot_be(source: DataSource, problem: str) -> None:
    toy = _tracker("toy")
    assert problem in problems(replace(toy, sources=(source,)))
    assert f"validation_{problem}" in problems(replace(toy, validation_sources=(source,)))
