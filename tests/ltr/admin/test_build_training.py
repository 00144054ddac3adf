from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ltr.admin.build_datasets import build_datasets
from ltr.admin.build_training import build_training
from ltr.admin.settings import OptimSettings
from ltr.data.processing import ProcessingSettings
from ltr.data.sampler import SamplerSettings
from ltr.dataset.base_video_dataset import BaseVideoDataset
from ltr.dataset.coco_seq import CocoImages
from ltr.dataset.cut_paste import CutPaste
from ltr.dataset.patches import Patches
from ltr.dataset.sequence_folder import SequenceFolder
from ltr.dataset.synthetic import SyntheticShapes
from ltr.train_settings.dimp import DataSource, DiMPTrainSettings
from tests.fakes.datasets import noise_picture, write_coco, write_picture, write_sequences
from tests.fakes.networks import SMALL

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
    processing=ProcessingSettings(output_size=128, search_area_factor=4.0),
    optim=OptimSettings(epochs=1, batch_size=2),
    num_workers=0,
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_coco(tmp_path / "pictures")
    write_sequences(tmp_path / "videos")
    write_picture(tmp_path / "rest" / "one.jpg", noise_picture(9))
    return tmp_path


def _names(dataset: BaseVideoDataset) -> list[str]:
    return [dataset.get_sequence_info(i).name.split("/")[-1] for i in range(len(dataset))]


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
    SETTINGS.check()
    training = build_training(SETTINGS, data, torch.device("cpu"), seed=3)
    for loader, batches in ((training.train_loader, 2), (training.val_loader, 1)):
        assert loader is not None
        loader.set_epoch(0)
        found = list(loader)
        assert len(found) == batches
        assert found[0].train_images.shape == (1, 2, 3, 128, 128)
    training.export(tmp_path / "out")
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"network.safetensors", "network.json"}


def test_without_validation_data_there_is_no_validation(data: Path) -> None:
    only_pictures = replace(SETTINGS, sources=SETTINGS.sources[1:2], validation_sequences=())
    assert build_training(only_pictures, data, torch.device("cpu"), seed=0).val_loader is None


@pytest.mark.parametrize("kind", ["coco", "video", "cut_paste", "patches"])
def test_missing_data_is_named(data: Path, kind: str) -> None:
    sources = (SETTINGS.sources[1], DataSource(kind, "nowhere"))  # type: ignore[arg-type]
    with pytest.raises(OSError, match="nowhere"):
        build_datasets(replace(SETTINGS, sources=sources), data)
