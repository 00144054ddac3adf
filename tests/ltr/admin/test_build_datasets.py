"""The published settings on tiny trees, from the data to a loss."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ltr.admin import build_datasets as module
from ltr.admin.build_datasets import build_datasets
from ltr.admin.build_training import build_training
from ltr.dataset.coco_seq import CocoImages
from ltr.dataset.layouts.base import Layout
from ltr.dataset.layouts.got10k import GOT10K
from ltr.dataset.layouts.image_sequences import ImageSequences
from ltr.dataset.layouts.lasot import LASOT
from ltr.dataset.layouts.tracking_net import TRACKINGNET
from ltr.train_settings import load_settings
from ltr.train_settings.dimp import SETTINGS, DataSource, DiMPTrainSettings
from ltr.utils.config import check
from tests.fakes.datasets import write_coco, write_sequences
from tests.fakes.layouts import only, write_coco_split, write_got10k, write_lasot, write_trackingnet

LARGE = [name for name, settings in SETTINGS.items() if any(source.kind == "lasot" for source in settings.sources)]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two sequences of each of the large data sets; GOT-10k's second one is all of votval."""
    write_lasot(tmp_path / "lasot")
    write_got10k(tmp_path / "got10k")
    write_trackingnet(tmp_path / "trackingnet", tuple(f"TRAIN_{k}/a" for k in range(4)))
    write_coco_split(tmp_path / "coco", "train2017", "train2017")
    videos = {"vottrain": ["train/GOT-10k_Train_000001"], "votval": ["train/GOT-10k_Train_000002"]}
    layouts: dict[str, Layout] = {
        "lasot": only(LASOT, "airplane/airplane-2", "zebra/zebra-1"),
        "got10k": replace(GOT10K, sequences=lambda root, split: only(GOT10K, *videos[split]).sequences(root, split)),
        "trackingnet": replace(TRACKINGNET, count=None),
    }
    monkeypatch.setattr(module, "TRAINED", layouts)
    return tmp_path


def _small(name: str) -> DiMPTrainSettings:
    """The named settings with small crops and few of them, of videos that pytracking's draws leave out as too short."""
    settings = load_settings("dimp", name)
    assert isinstance(settings, DiMPTrainSettings)
    return replace(
        settings,
        pretrained=False,
        network=replace(settings.network, crop_side=96),
        processing=replace(settings.processing, min_box_side=1.0),
        sampler=replace(settings.sampler, samples_per_epoch=2, num_train_frames=1, num_test_frames=1, mode="causal"),
        optim=replace(settings.optim, batch_size=2),
        validation_samples=2,
        num_workers=0,
        validation_workers=0,
    )


def test_these_are_the_published_settings() -> None:
    assert set(LARGE) == {"dimp18", "dimp50", "prdimp18", "prdimp50", "super_dimp", "dimp_nce", "dimp_ncep"}
    assert {SETTINGS[name].sampler.mode for name in LARGE} == {"pytracking"}


@pytest.mark.parametrize("name", LARGE)
def test_published_settings_train_on_the_official_layouts(data: Path, name: str) -> None:
    settings = _small(name)
    check(settings, "settings")
    training = build_training(settings, data, torch.device("cpu"), seed=0)
    training.train_loader.set_epoch(0)
    generator = torch.Generator().manual_seed(0)
    loss, _ = training.actor(next(iter(training.train_loader)), generator)
    loss.backward()
    assert torch.isfinite(loss)
    trained = [p for p in training.actor.net.parameters() if p.requires_grad]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in trained)
    assert training.val_loader is not None
    training.actor.net.eval()
    found = training.actor.validate(next(iter(training.val_loader)), generator)
    assert 0 <= found["iou_start"] <= 1


def test_sources_and_validation(data: Path) -> None:
    train, validation = build_datasets(_small("dimp50"), data)
    assert [(type(dataset), dataset.name, weight) for dataset, weight in train] == [
        (ImageSequences, "lasot train", 0.25),
        (ImageSequences, "got10k vottrain", 1.0),
        (ImageSequences, "trackingnet 0-3", 1.0),
        (CocoImages, "coco", 1.0),
    ]
    assert [dataset.name for dataset, _ in validation] == ["got10k votval"]


def test_pictures_are_weighed_by_their_source(tmp_path: Path) -> None:
    write_coco(tmp_path / "pictures")
    write_sequences(tmp_path / "videos")
    weighed = DataSource("coco", "pictures", source_weights={"first": 0.25, "third": 0.0})
    sources = (weighed, DataSource("video", "videos"), DataSource("cut_paste"))
    train, _ = build_datasets(replace(SETTINGS["toy"], sources=sources), tmp_path)
    pictures = train[0][0]
    assert isinstance(pictures, CocoImages)
    assert dict(zip(pictures.sources.tolist(), pictures.sequence_weights.tolist(), strict=True)) == {
        "first": 0.25,
        "second": 1.0,
    }
    wrong = replace(weighed, source_weights={"fourth": 1.0})
    with pytest.raises(ValueError, match="source_weights name sources that do not occur: fourth"):
        build_datasets(replace(SETTINGS["toy"], sources=(wrong,)), tmp_path)
