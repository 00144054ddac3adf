import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ltr.admin.build_datasets import build_datasets
from ltr.admin.build_training import build_training
from ltr.data.transforms import AugmentationSettings
from ltr.dataset.base_video_dataset import BaseVideoDataset
from ltr.dataset.coco_seq import CocoImages
from ltr.dataset.sequence_folder import SequenceFolder
from ltr.dataset.synthesis.cut_paste import CutPaste
from ltr.dataset.synthesis.patches import Patches
from ltr.dataset.synthesis.synthetic import SyntheticShapes
from ltr.models.weights import NetworkCard
from ltr.sampling.sampler import SamplerSettings
from ltr.train_settings.dimp import DataSource, DiMPTrainSettings
from ltr.trainers.ltr_trainer import LTRTrainer, Training
from ltr.trainers.settings import OptimSettings, TrainSettings
from ltr.utils.config import check, problems
from ltr.utils.distributed import ProcessGroup
from tests.fakes.datasets import noise_picture, write_coco, write_picture, write_sequences
from tests.fakes.networks import SMALL, write_small_network

SETTINGS = DiMPTrainSettings(
    network=SMALL,
    pretrained=False,
    sources=(
        DataSource("cut_paste", "rest", weight=0.5),
        DataSource("coco", "pictures", weight=2.0),
        DataSource("video", "videos", weight=3.0),
        DataSource("patches", "rest", weight=0.2),
        DataSource("synthetic", weight=0.1),
        DataSource("coco", "unused", weight=0.0),
    ),
    validation_sequences=("stills",),
    validation_samples=2,
    sampler=SamplerSettings(samples_per_epoch=4, num_train_frames=1, num_test_frames=1),
    optim=OptimSettings(epochs=1, batch_size=2),
    num_workers=0,
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_coco(tmp_path / "pictures")
    write_sequences(tmp_path / "videos")
    write_picture(tmp_path / "rest" / "one.jpg", noise_picture(9))
    return tmp_path


TOY = replace(SETTINGS, sources=(DataSource("synthetic"),), validation_sequences=())


def _paths(dataset: BaseVideoDataset) -> list[str]:
    return [dataset.get_sequence_info(i).name for i in range(len(dataset))]


def _names(dataset: BaseVideoDataset) -> list[str]:
    return [path.split("/")[-1] for path in _paths(dataset)]


def test_sources_become_data_sets_with_their_weights(data: Path) -> None:
    train, validation = build_datasets(SETTINGS, data)
    kinds = [(type(dataset), weight) for dataset, weight in train]
    assert kinds == [
        (CocoImages, 2.0),
        (SequenceFolder, 3.0),
        (Patches, 0.2),
        (SyntheticShapes, 0.1),
        (CutPaste, 0.5),
    ]
    assert [type(dataset) for dataset, _ in validation] == [SequenceFolder, SyntheticShapes]


def test_held_out_sequences_are_never_trained_on(data: Path) -> None:
    train, validation = build_datasets(SETTINGS, data)
    assert _names(train[1][0]) == ["film"]
    assert _names(validation[0][0]) == ["stills"]


def test_a_training_walks_real_batches(data: Path, tmp_path: Path) -> None:
    check(SETTINGS, "settings")
    training = build_training(SETTINGS, data, torch.device("cpu"), seed=3)
    for loader, batches in ((training.train_loader, 2), (training.val_loader, 1)):
        assert loader is not None
        loader.set_epoch(0)
        found = list(loader)
        assert len(found) == batches
        assert found[0].train_images.shape == (1, 2, 3, 128, 128)
    training.export(tmp_path / "out")
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"network.safetensors", "network.json"}


@pytest.mark.parametrize(("method", "predicts"), [("nce", "log_density"), ("iou", "overlap")])
def test_the_card_says_what_the_box_loss_trains(data: Path, tmp_path: Path, method: str, predicts: str) -> None:
    settings = replace(SETTINGS.with_method(method), validation_sequences=())
    build_training(settings, data, torch.device("cpu"), seed=3).export(tmp_path)
    assert NetworkCard.read(tmp_path / "network.safetensors").box_branch_predicts == predicts


def test_without_validation_data_there_is_no_validation(data: Path) -> None:
    only_pictures = replace(SETTINGS, sources=SETTINGS.sources[1:2], validation_sequences=())
    assert build_training(only_pictures, data, torch.device("cpu"), seed=0).val_loader is None


def test_a_validation_sequence_is_looked_for_in_every_video_source(data: Path) -> None:
    write_sequences(data / "more", prefix="more_")
    two = (DataSource("video", "videos"), DataSource("video", "more"))
    settings = replace(SETTINGS, sources=two, validation_sequences=("stills", "more_film"))
    train, validation = build_datasets(settings, data)
    assert [_names(dataset) for dataset, _ in train] == [["film"], ["more_stills"]]
    assert [_names(dataset) for dataset, _ in validation] == [["stills"], ["more_film"]]
    with pytest.raises(FileNotFoundError, match=r"validation_sequences: nix, nox: not in .*videos nor in .*more"):
        build_datasets(replace(settings, validation_sequences=("stills", "nox", "nix")), data)


def test_holding_out_every_sequence_is_an_error(data: Path) -> None:
    settings = replace(SETTINGS, validation_sequences=("stills", "film"))
    with pytest.raises(ValueError, match=r"videos: no sequence is left \(all 2 are held out\)"):
        build_datasets(settings, data)


def test_sources_for_validation_are_not_pasted_in_training(data: Path) -> None:
    """They need no masks either."""
    write_coco(data / "held_out")
    content = json.loads((data / "held_out" / "annotations.json").read_text())
    for item in content["annotations"]:
        del item["segmentation"]
    (data / "held_out" / "annotations.json").write_text(json.dumps(content))
    settings = replace(SETTINGS, validation_sources=(DataSource("coco", "held_out"),))
    train, validation = build_datasets(settings, data)
    assert [dataset.name for dataset, _ in validation] == ["held_out", "validation", "synthetic validation"]
    (pasted,) = (dataset for dataset, _ in train if isinstance(dataset, CutPaste))
    assert not any("held_out" in name for name in _paths(pasted))


def test_the_start_lists_the_data(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    build_datasets(SETTINGS, data)
    assert caplog.messages == [
        "training data: pictures: 4 sequences, 4 usable boxes, weight 2",
        "training data: videos: 1 sequences, 14 usable boxes, weight 3",
        "training data: patches of rest: 1 sequences, boxes generated on the fly, weight 0.2",
        "training data: synthetic: 200 sequences, boxes generated on the fly, weight 0.1",
        "training data: cut_paste: 3 sequences, boxes generated on the fly, weight 0.5",
        "validation data: validation: 1 sequences, 4 usable boxes, weight 1",
        "validation data: synthetic validation: 200 sequences, boxes generated on the fly, weight 1",
    ]
    caplog.clear()
    build_datasets(replace(SETTINGS, sources=SETTINGS.sources[1:2]), data)
    assert caplog.messages[-1] == "validation data: none, so the best network is not stored separately (no folder best)"


def test_a_source_without_a_usable_box_is_an_error(data: Path) -> None:
    """As boxes from 0 to 1 are: all of them are thinner than a pixel."""
    truth = data / "videos" / "film" / "groundtruth_rect.txt"
    truth.write_text("0.1,0.1,0.3,0.3\n" * 16)
    settings = replace(SETTINGS, sources=(DataSource("video", "videos"),))
    with pytest.raises(ValueError, match=r"videos: no usable boxes \(see python -m ltr\.util_scripts\.check"):
        build_datasets(settings, data)


def test_validation_sees_other_drawn_shapes_and_no_augmentation(data: Path) -> None:
    """Same seed, same settings: yet no sample of the validation is one of the training."""
    training = build_training(TOY, data, torch.device("cpu"), seed=0)
    assert training.val_loader is not None
    samples = []
    for loader in (training.train_loader, training.val_loader):
        loader.set_epoch(0)
        samples.append(next(iter(loader)))
    assert not torch.equal(samples[0].train_boxes, samples[1].train_boxes)
    assert samples[1].ids[0].startswith("synthetic validation/")
    again = replace(
        TOY, processing=replace(TOY.processing, augmentation=AugmentationSettings(low_resolution=1, blur=1, jpeg=1))
    )
    val_loader = build_training(again, data, torch.device("cpu"), seed=5).val_loader
    assert val_loader is not None
    assert torch.equal(next(iter(val_loader)).test_images, samples[1].test_images)


def test_data_is_looked_for_before_weights(tmp_path: Path) -> None:
    settings = replace(SETTINGS, pretrained=False, start=tmp_path / "none.safetensors")
    with pytest.raises(FileNotFoundError, match="pictures"):
        build_training(settings, tmp_path, torch.device("cpu"), seed=0)


@pytest.mark.parametrize("kind", ["coco", "video", "cut_paste", "patches"])
def test_missing_data_is_named(data: Path, kind: str) -> None:
    sources = (SETTINGS.sources[1], DataSource(kind, "nowhere"))  # type: ignore[arg-type]
    with pytest.raises(OSError, match="nowhere"):
        build_datasets(replace(SETTINGS, sources=sources), data)


def _folded_features(training: Training) -> torch.Tensor:
    net = training.actor.net.eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        return net.feature_extractor(torch.rand(1, 3, 64, 64, generator=generator))["layer2"]  # type: ignore[operator]


def test_a_resumed_run_needs_no_start_and_folds_the_weights_of_its_checkpoint(data: Path, tmp_path: Path) -> None:
    """The network that it started from has been replaced by another one, and then removed."""
    start = write_small_network(tmp_path / "start.safetensors", seed=1)
    settings, run = replace(SETTINGS, start=start, validation_sequences=()), tmp_path / "run"
    device = torch.device("cpu")
    first = build_training(settings, data, device, seed=3)
    LTRTrainer(first, settings, run, device, 3).run()
    write_small_network(start, seed=2)
    for _ in range(2):
        again = build_training(settings, data, device, seed=3, resumed=True)
        trainer = LTRTrainer(again, settings, run, device, 3)
        trainer.resume()
        trainer.run()
        torch.testing.assert_close(_folded_features(again), _folded_features(first))
        start.unlink(missing_ok=True)


def test_data_are_looked_for_before_weights(tmp_path: Path) -> None:
    sources = (DataSource("coco", "nowhere"),)
    settings = replace(SETTINGS, start=tmp_path / "none.safetensors", sources=sources, validation_sequences=())
    with pytest.raises(FileNotFoundError, match="nowhere"):
        build_training(settings, tmp_path, torch.device("cpu"), seed=0)


def test_parts_of_one_sample_are_refused(data: Path) -> None:
    with pytest.raises(ValueError, match=r"optim.batch_size: 2 samples in 2 processes are parts of one sample"):
        build_training(SETTINGS, data, torch.device("cpu"), 0, ProcessGroup(rank=0, count=2))
    accumulated = replace(SETTINGS, optim=replace(SETTINGS.optim, accumulate=2))
    assert problems(accumulated) == [
        "optim.batch_size: expected at least 2 a part for the batch norm of the box branch, got 2 in 2"
    ]


def test_settings_of_no_task_are_named() -> None:
    with pytest.raises(TypeError, match="no task trains with settings of class TrainSettings"):
        build_training(TrainSettings(), Path(), torch.device("cpu"), seed=0)
